import { countSeqs, isMeteringError, type SeqSet, seqSetOf, seqsOutside } from '#domain';
import type { Clock, EventSpec, Telemetry } from '#platform';
import { type Batch, chooseBatch, createPace } from './drain.ts';
import type { SpooledFrame, SpoolFile } from './port.ts';

const EVENTS = {
  relayStalled: { level: 'error', message: 'the log takes no frames; they stay in the spool and are offered again' },
  relayResumed: { level: 'info', message: 'the log takes frames again' },
  framesRelayed: { level: 'debug', message: 'frames went from the spool to the log' },
  framesLeft: {
    level: 'error',
    message: 'frames were not taken; they stay in the spool and are offered again later',
    labels: ['reason'],
  },
} as const satisfies Record<string, EventSpec>;

const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [500, 30_000];
/** How long frames that were refused are left alone. */
const LEFT_MS = 10 * 60_000;

export interface RelayOptions {
  readonly spool: Pick<SpoolFile, 'pending' | 'peek' | 'acknowledge' | 'depth' | 'onAppend'>;
  /** Resolves with what of the frames is durable now; may repeat after a failure. `toLog` makes one of a log's producer. */
  readonly deliver: (frames: readonly SpooledFrame[]) => Promise<SeqSet>;
  readonly clock: Clock;
  /** In [0, 1): spreads the retries of many gateways. */
  readonly random: () => number;
  readonly telemetry: Telemetry;
  /** Of what has waited: so that a gateway that was offline for a month does not fill its line. Live frames are not counted; no limit where absent. */
  readonly framesPerSecond?: number | undefined;
  /** Live frames wait this long for others to share their way; 0 by default. */
  readonly gatherMs?: number | undefined;
}

/** All or nothing, as a log's producer takes them (pipeline/log/port.ts). */
export const toLog =
  (log: {
    readonly append: (records: readonly { readonly device: string; readonly value: Uint8Array }[]) => Promise<void>;
  }): RelayOptions['deliver'] =>
  async (frames) => {
    await log.append(frames);
    return seqSetOf(frames.map(({ seq }) => [seq, seq + 1]));
  };

/**
 * Drains the spool into the log until the signal aborts: look, deliver, acknowledge. A frame leaves the spool only after the
 * log has it; a failure, or a stop between delivering and acknowledging, repeats frames, which are idempotent by (src, seq).
 * The newest go first: after an interruption the present is seen at once, and what has waited follows backwards at its rate.
 */
export async function runRelay(options: RelayOptions, signal: AbortSignal): Promise<void> {
  const { spool, clock, telemetry } = options;
  const pace = createPace(options.framesPerSecond, clock);
  let liveFrom: number | undefined;
  let left: { readonly seqs: SeqSet; readonly at: number } = { seqs: [], at: 0 };
  let failures = 0;
  let toldCode: string | undefined;

  const offered = (): SeqSet => {
    if (Math.abs(clock.now() - left.at) > LEFT_MS) left = { seqs: [], at: 0 };
    return spool.pending().flatMap((range) => seqsOutside(left.seqs, range));
  };

  const leave = (seqs: SeqSet, reason: string): void => {
    if (seqs.length === 0) return;
    left = { seqs: seqSetOf([...left.seqs, ...seqs]), at: clock.now() };
    telemetry.emit('framesLeft', EVENTS.framesLeft, { reason, fromSeq: seqs[0]?.[0] }, countSeqs(seqs));
  };

  const send = async (batch: Batch): Promise<void> => {
    const started = clock.now();
    const frames = await spool.peek(batch.range);
    const [first, last] = [frames[0], frames.at(-1)];
    if (!first || !last) return leave([batch.range], 'not in the file');
    const durable = await options.deliver(frames).catch((error: unknown) => {
      pace.failed(frames.length, clock.now() - started);
      throw error;
    });
    for (const range of durable) await spool.acknowledge(range);
    leave(seqsOutside(durable, [first.seq, last.seq + 1]), 'refused');
    if (failures > 0) telemetry.emit('relayResumed', EVENTS.relayResumed, { failures });
    failures = 0;
    const live = liveFrom !== undefined && batch.range[1] > liveFrom;
    if (!live) pace.sent(frames.length, clock.now() - started);
    liveFrom = Math.max(liveFrom ?? 0, last.seq + 1);
    telemetry.emit('framesRelayed', EVENTS.framesRelayed, { toSeq: last.seq }, frames.length);
  };

  while (!signal.aborted) {
    try {
      const next = chooseBatch(offered(), liveFrom, pace.allowance());
      if ('range' in next) await send(next);
      else if (await appended(options, next.waitMs ?? (left.seqs.length > 0 ? LEFT_MS : Infinity), signal)) {
        await rest(clock, options.gatherMs ?? 0, signal);
      }
    } catch (error) {
      failures++;
      // what waits from here on is no longer live: the next that goes through is the newest
      liveFrom = undefined;
      const why = describe(error);
      if (failures === 1 || why['code'] !== toldCode)
        telemetry.emit('relayStalled', EVENTS.relayStalled, { ...why, waiting: spool.depth().frames });
      toldCode = why['code'];
      await rest(clock, backOff(failures) * (0.5 + options.random() / 2), signal);
    }
  }
}

const backOff = (failures: number): number => Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);

const rest = async (clock: Clock, ms: number, signal: AbortSignal): Promise<void> => {
  // An abort ends the rest early; the loop looks at the signal itself.
  if (ms > 0) await clock.sleep(ms, signal).catch(() => undefined);
};

/** Waits until frames are appended, which it answers, or for `ms`. */
async function appended({ spool, clock }: RelayOptions, ms: number, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const end = (): void => over.abort(new Error('the wait is over'));
  let came = false;
  const unsubscribe = spool.onAppend(() => {
    came = true;
    end();
  });
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  if (ms < Infinity) await rest(clock, ms, over.signal);
  else await aborted(over.signal);
  unsubscribe();
  signal.removeEventListener('abort', end);
  return came;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const describe = (error: unknown): Record<string, string | undefined> =>
  isMeteringError(error)
    ? { code: error.code, why: error.message, place: error.place, cure: error.cure }
    : { why: String(error) };
