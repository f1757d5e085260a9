import { type Bracket, type Finding, RANK, type Rank, slotStart, type Stamp } from '#domain';
import { type EffectiveMounting, type EffectiveRegister, holdsAt, type Reset } from './effective.ts';
import { cheapestPath, type Sequence } from './path.ts';
import { isWrap, step } from './step.ts';

/**
 * A stretch of a mounting along which the register is known: believed readings joined by plausible steps. U between two of
 * them is interpolated. An admitted break is a stretch of its own that counts on from the reading before it.
 */
export interface Segment {
  readonly at: Float64Array;
  /** Face values. */
  readonly value: Float64Array;
  /** Wraps before reading k. */
  readonly wraps: Int32Array;
  readonly admitted: boolean;
}

export interface Break {
  readonly from: number;
  readonly to: number;
  readonly fromValue: number;
  readonly toValue: number;
  readonly explained: boolean;
}

/** What is believed of one mounting's readings: a pure function of its brackets and events (ledger.md, 3.3). */
export interface Judged {
  readonly mounting: EffectiveMounting;
  readonly segments: readonly Segment[];
  readonly breaks: readonly Break[];
  /** All believed instants, ascending. */
  readonly believedAt: Float64Array;
  readonly evidence:
    | { readonly firstAt: number; readonly firstValue: number; readonly lastAt: number; readonly lastValue: number }
    | undefined;
  readonly findings: readonly Finding[];
  /** Readings at the end that follow one another, nothing pending: from 31 on, later readings cannot change what came before. */
  readonly settledTail: number;
}

interface PathReading {
  readonly at: number;
  readonly value: number;
  readonly rank: Rank;
}

export interface JudgeOptions {
  readonly slotMs: number;
  /** The brackets are cut out of a longer register, and their first 31 readings follow one another. */
  readonly anchored?: boolean | undefined;
}

/** `brackets`: of the register, by start; a reading belongs to the mounting that holds at its instant. */
export function judge(
  register: EffectiveRegister,
  mounting: EffectiveMounting,
  brackets: readonly Bracket[],
  options: JudgeOptions,
): Judged {
  const own = ownOf(register, mounting, stampsOf(brackets));
  const resets = register.resets.filter((r) => holdsAt(mounting, r.at));
  const parts = sequencesOf(register, mounting, own, resets, options.anchored ?? false).map((readings, i) =>
    judgeSequence(register, mounting, readings, (options.anchored ?? false) && i === 0),
  );
  const [only] = parts;
  const isOne = parts.length === 1 && only !== undefined;
  const believed = isOne ? only.believed : parts.flatMap((p) => p.believed);
  const [first, last] = [believed[0], believed.at(-1)];
  const segments = parts.flatMap((p) => p.segments);
  const breaks = parts.flatMap((p) => p.breaks);
  return {
    mounting,
    segments,
    breaks,
    believedAt: isOne ? only.at : instantsOf(believed),
    evidence:
      first && last
        ? { firstAt: first.at, firstValue: first.value, lastAt: last.at, lastValue: last.value }
        : undefined,
    findings: findingsOf(mounting, parts, segments, own, options.slotMs),
    settledTail: parts.at(-1)?.settledTail ?? 0,
  };
}

function ownOf(
  { excludes }: EffectiveRegister,
  mounting: EffectiveMounting,
  stamps: readonly Stamp[],
): readonly Stamp[] {
  const isAlways = mounting.mountedAt === undefined && mounting.removedAt === undefined;
  if (isAlways && excludes.length === 0) return stamps;
  return stamps.filter(({ at }) => holdsAt(mounting, at) && !excludes.some((e) => e.from <= at && at < e.to));
}

/** A reset parts the mounting's readings in two; its final and initial readings, like the mounting's, enter with the highest rank. */
function sequencesOf(
  register: EffectiveRegister,
  mounting: EffectiveMounting,
  stamps: readonly Stamp[],
  resets: readonly Reset[],
  anchored: boolean,
): readonly (readonly PathReading[])[] {
  const event = (at: number | undefined, value: number | undefined): readonly PathReading[] =>
    at === undefined || value === undefined ? [] : [{ at, value, rank: RANK.event }];
  const from = stamps[0]?.at ?? Infinity;
  const used = anchored ? resets.filter((r) => r.at > from) : resets;
  const starts = [
    { at: -Infinity, event: anchored ? [] : event(mounting.mountedAt, mounting.initial) },
    ...used.map((r) => ({ at: r.at, event: event(r.at, r.initial) })),
  ];
  const ends = [
    ...used.map((r) => ({ at: r.at, event: event(r.at, r.final) })),
    { at: Infinity, event: event(mounting.removedAt, mounting.final) },
  ];
  return starts.map((start, i) => {
    const end = ends[i] ?? { at: Infinity, event: [] };
    return withEvents(
      [...start.event, ...end.event],
      used.length === 0 ? stamps : stamps.filter((r) => start.at <= r.at && r.at < end.at),
    );
  });
}

const withEvents = (events: readonly PathReading[], readings: readonly PathReading[]): readonly PathReading[] => {
  if (events.length === 0) return readings;
  const taken = new Set(events.map((e) => e.at));
  return [...events, ...readings.filter((r) => !taken.has(r.at))].sort((a, b) => a.at - b.at);
};

interface JudgedSequence {
  readonly believed: readonly PathReading[];
  /** Their instants. */
  readonly at: Float64Array;
  readonly outliers: readonly PathReading[];
  readonly pending: readonly PathReading[];
  readonly segments: readonly Segment[];
  readonly breaks: readonly Break[];
  readonly settledTail: number;
}

// Float64Array.from with a function takes ten times as long: these are a third of what a year costs to judge
function instantsOf(readings: readonly PathReading[]): Float64Array {
  const at = new Float64Array(readings.length);
  readings.forEach((reading, i) => {
    at[i] = reading.at;
  });
  return at;
}

function valuesOf(readings: readonly PathReading[]): Float64Array {
  const value = new Float64Array(readings.length);
  readings.forEach((reading, i) => {
    value[i] = reading.value;
  });
  return value;
}

/** Leaving out what a person has admitted costs more than any explanation without it. */
const ADMITTED_WEIGHT = 1_000;

function judgeSequence(
  register: EffectiveRegister,
  mounting: EffectiveMounting,
  readings: readonly PathReading[],
  anchored: boolean,
): JudgedSequence {
  const admitted = admittedOf(register);
  const weight = new Map<number, number>();
  if (admitted.readings.size > 0)
    readings.forEach((r, i) => admitted.readings.has(r.at) && weight.set(i, ADMITTED_WEIGHT));
  const sequence: Sequence = {
    length: readings.length,
    at: instantsOf(readings),
    value: valuesOf(readings),
    weight: weight.size > 0 ? weight : undefined,
  };
  const path = cheapestPath(mounting, sequence, anchored);
  const pick = (indices: Iterable<number>): PathReading[] => [...indices].flatMap((i) => readings[i] ?? []);
  const isAll = path.believed.length === readings.length;
  const believed = isAll ? readings : pick(path.believed);
  const [at, value] = isAll ? [sequence.at, sequence.value] : [instantsOf(believed), valuesOf(believed)];
  const { segments, breaks } = segmentsOf(mounting, { at, value }, admitted);
  return {
    believed,
    at,
    outliers: pick(path.outliers),
    pending: pick(path.pending),
    segments,
    breaks,
    settledTail: path.settledTail,
  };
}

/** What people have admitted of a register, by instant: readings that are right, and amounts of breaks. */
interface Admitted {
  readonly readings: ReadonlySet<number>;
  readonly amounts: ReadonlyMap<number, number>;
}

const admittedOf = ({ admits }: EffectiveRegister): Admitted => ({
  readings: new Set(admits.filter((a) => a.amount === undefined).map((a) => a.at)),
  amounts: new Map(admits.flatMap((a) => (a.amount === undefined ? [] : [[a.at, a.amount] as const]))),
});

/** What an explained break books; undefined where nobody explained it. */
function admittedAmount({ readings, amounts }: Admitted, a: Face, b: Face): number | undefined {
  const amount = amounts.get(b.at);
  if (amount !== undefined) return amount;
  return readings.has(a.at) || readings.has(b.at) ? Math.max(0, b.value - a.value) : undefined;
}

type Face = Pick<PathReading, 'at' | 'value'>;

/** A segment without breaks, as most are, is the believed readings themselves. */
function segmentsOf(
  mounting: EffectiveMounting,
  { at, value }: { readonly at: Float64Array; readonly value: Float64Array },
  admitted: Admitted,
): { readonly segments: readonly Segment[]; readonly breaks: readonly Break[] } {
  const segments: Segment[] = [];
  const breaks: Break[] = [];
  let start = 0;
  const faceOf = (i: number): Face => ({ at: at[i] ?? 0, value: value[i] ?? 0 });
  const wraps = new Int32Array(at.length);
  const close = (end: number): void => {
    if (start === end) return;
    const isWhole = start === 0 && end === at.length;
    segments.push({
      at: isWhole ? at : at.slice(start, end),
      value: isWhole ? value : value.slice(start, end),
      wraps: isWhole ? wraps : wraps.slice(start, end).map((w) => w - (wraps[start] ?? 0)),
      admitted: false,
    });
  };
  for (let i = 1; i < at.length; i++) {
    const fromValue = value[i - 1] ?? 0;
    const toValue = value[i] ?? 0;
    wraps[i] = wraps[i - 1] ?? 0;
    if (!Number.isNaN(step(mounting, at[i - 1] ?? 0, fromValue, at[i] ?? 0, toValue))) {
      if (isWrap(mounting, fromValue, toValue)) wraps[i] = (wraps[i - 1] ?? 0) + 1;
      continue;
    }
    const [a, b] = [faceOf(i - 1), faceOf(i)];
    const amount = admittedAmount(admitted, a, b);
    breaks.push({ from: a.at, to: b.at, fromValue, toValue, explained: amount !== undefined });
    close(i);
    start = i;
    if (amount !== undefined && amount > 0) {
      segments.push({
        at: Float64Array.of(a.at, b.at),
        value: Float64Array.of(a.value, a.value + amount),
        wraps: new Int32Array(2),
        admitted: true,
      });
    }
  }
  close(at.length);
  return { segments, breaks };
}

function findingsOf(
  mounting: EffectiveMounting,
  parts: readonly JudgedSequence[],
  segments: readonly Segment[],
  stamps: readonly Stamp[],
  slotMs: number,
): readonly Finding[] {
  const { id, device, register } = mounting;
  const base = { mounting: id, device, register };
  const single = (kind: 'outlier' | 'pending', r: PathReading): Finding => ({
    ...base,
    kind,
    from: r.at,
    to: r.at,
    fromValue: r.value,
    toValue: r.value,
  });
  const findings: Finding[] = [
    ...parts.flatMap((p) => p.outliers.map((r) => single('outlier', r))),
    ...parts.flatMap((p) => p.pending.map((r) => single('pending', r))),
    ...parts.flatMap((p) => p.breaks.map((b): Finding => ({ ...base, kind: 'break', ...b }))),
  ];
  for (const { at, value, admitted } of segments) {
    if (admitted) continue;
    for (let k = 1; k < at.length; k++) {
      const from = at[k - 1] ?? 0;
      const to = at[k] ?? 0;
      if (to - from > slotMs && isGap(from, to, slotMs))
        findings.push({ ...base, kind: 'gap', from, to, fromValue: value[k - 1] ?? 0, toValue: value[k] ?? 0 });
    }
  }
  for (const stamp of stamps) {
    if (!stamp.other) continue;
    const { at, value, other } = stamp;
    findings.push({ ...base, kind: 'conflict', from: at, to: at, fromValue: value, toValue: other.value });
  }
  return findings;
}

/** Earliest and latest reading of each bracket, each instant once, in time order. */
function stampsOf(brackets: readonly Bracket[]): readonly Stamp[] {
  const stamps: Stamp[] = [];
  for (const { first, last } of brackets) {
    stamps.push(first);
    if (last.at !== first.at) stamps.push(last);
  }
  return stamps;
}

/**
 * At least two slot boundaries lie strictly between the readings: then, and only then, one of them has no reading within a
 * slot's length on both sides (ledger.md, 5).
 */
export const isGap = (a: number, b: number, slotMs: number): boolean => slotStart(a, slotMs) + 2 * slotMs < b;
