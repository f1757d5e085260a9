import type { FrameDraft, FrameEntry } from '#domain';

/** A value that was accepted, on its way into a frame. */
export interface Reading {
  readonly register: string;
  readonly value: number;
  /** '', 'g', 'u' or 'gu'. */
  readonly flags: string;
  /** Source time, epoch ms. */
  readonly at: number;
  /** When it came, epoch ms. */
  readonly got: number;
}

/** Intervals that may wait while the spool holds: about 8 hours at 15 s, 20 days at 15 min. */
export const MAX_WAITING_INTERVALS = 2_000;
const NOTABLE_DELAY_MS = 60_000;
/** Of an interval: what came so soon stands for the boundary before it. */
const JUST_AFTER = 0.1;

/**
 * Readings of one device between two frames. Of each register it keeps the last reading of each interval by source time,
 * so that a storm of notifications is one frame per interval, and what came while nobody could store it is not lost.
 */
export interface Buffer {
  readonly put: (reading: Reading) => void;
  /** Frames of all that waits, one per source time, oldest first; what stood in an earlier frame with the same time and value is left out. */
  readonly take: () => readonly FrameDraft[];
  /** The same of the past, where no reading stands for the one before it. */
  readonly takeAll: () => readonly FrameDraft[];
  /** Intervals that were dropped because too many waited, since the last call. */
  readonly dropped: () => number;
  /** Source time of what waits of a register from the interval of `now` or the one before it. */
  readonly waitingAt: (register: string, now: number) => number | undefined;
  /** Source time of what was sent last of a register. */
  readonly sentAt: (register: string) => number | undefined;
  /** That something was sent before this buffer lived. */
  readonly noteSent: (register: string, at: number) => void;
}

export function createBuffer(site: string, device: string, intervalMs: number, phaseMs: number): Buffer {
  const waiting = new Map<number, Map<string, Reading>>();
  const sent = new Map<string, Reading>();
  let dropped = 0;
  const before = new Map<string, number>();
  // a source clock that is ahead must not open intervals of the future
  const intervalOf = ({ at, got }: Reading): number => Math.floor((Math.min(at, got) - phaseMs) / intervalMs);

  const makeRoom = (): void => {
    if (waiting.size <= MAX_WAITING_INTERVALS) return;
    waiting.delete(Math.min(...waiting.keys()));
    dropped += 1;
  };

  const framesFrom = (readings: readonly Reading[]): readonly FrameDraft[] => {
    waiting.clear();
    for (const reading of readings) sent.set(reading.register, reading);
    return framesOf(site, device, readings);
  };

  return {
    put: (reading) => {
      const last = sent.get(reading.register);
      if (last && (isSame(last, reading) || isSuperseded(last, reading, intervalMs))) return;
      const interval = intervalOf(reading);
      const registers = waiting.get(interval) ?? new Map<string, Reading>();
      const known = registers.get(reading.register);
      if (known && known.at > reading.at) return;
      registers.set(reading.register, reading);
      waiting.set(interval, registers);
      makeRoom();
    },
    take: () => (waiting.size === 0 ? [] : framesFrom(settled(waiting, intervalMs, phaseMs))),
    takeAll: () => framesFrom([...waiting.values()].flatMap((registers) => [...registers.values()])),
    dropped: () => {
      const count = dropped;
      dropped = 0;
      return count;
    },
    waitingAt: (register, now) => {
      const interval = Math.floor((now - phaseMs) / intervalMs);
      return (waiting.get(interval)?.get(register) ?? waiting.get(interval - 1)?.get(register))?.at;
    },
    sentAt: (register) => sent.get(register)?.at ?? before.get(register),
    noteSent: (register, at) => void before.set(register, at),
  };
}

const isSame = (a: Reading, b: Reading): boolean => a.at === b.at && a.value === b.value && a.flags === b.flags;

/**
 * A notification may come after the read at the end of its interval, which says more. Further back it is no straggler: the
 * source's clock was set back, or it is of an interval that nobody took.
 */
const isSuperseded = (sent: Reading, late: Reading, intervalMs: number): boolean =>
  late.at < sent.at && sent.at - late.at < intervalMs;

/**
 * Frames are taken just after an interval began, with a fresh reading of it: where a register has one, its last reading
 * of the interval before says nothing more and is left out. But not where the fresh one is further from the boundary
 * between the two than that one, and not just after it either. Older intervals, which nobody took in time, stay.
 */
function settled(
  waiting: ReadonlyMap<number, ReadonlyMap<string, Reading>>,
  intervalMs: number,
  phaseMs: number,
): readonly Reading[] {
  const [only, ...others] = waiting.values();
  if (only && others.length === 0) return [...only.values()];
  const intervals = [...waiting.keys()].sort((a, b) => a - b);
  const [latest, previous] = [intervals.at(-1), intervals.at(-2)];
  const fresh = latest === undefined ? undefined : waiting.get(latest);
  const boundary = (latest ?? 0) * intervalMs + phaseMs;
  const saysMore = (before: Reading): boolean => {
    const after = fresh?.get(before.register);
    return !after || after.at - boundary > Math.max(intervalMs * JUST_AFTER, boundary - before.at);
  };
  return intervals.flatMap((interval) => {
    const readings = [...(waiting.get(interval)?.values() ?? [])];
    return interval === previous && interval + 1 === latest ? readings.filter(saysMore) : readings;
  });
}

function framesOf(site: string, device: string, readings: readonly Reading[]): readonly FrameDraft[] {
  const [first] = readings;
  // as a rule a device gives all its registers one time
  if (first && readings.every(({ at }) => at === first.at)) return [frameOf(site, device, first.at, readings)];
  const byTime = Map.groupBy(readings, (reading) => reading.at);
  return [...byTime.entries()].sort(([a], [b]) => a - b).map(([at, group]) => frameOf(site, device, at, group));
}

function frameOf(site: string, device: string, at: number, readings: readonly Reading[]): FrameDraft {
  const got = readings.reduce((latest, reading) => Math.max(latest, reading.got), -Infinity);
  const r = readings.map(({ register, value, flags }): FrameEntry =>
    flags ? [register, value, flags] : [register, value],
  );
  return Math.abs(got - at) > NOTABLE_DELAY_MS ? { site, device, at, got, r } : { site, device, at, r };
}
