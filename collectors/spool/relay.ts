import { isMeteringError } from '#domain';
import type { Clock, EventSpec, Telemetry } from '#platform';
import type { SpoolFile } from './port.ts';

const EVENTS = {
  relayStalled: { level: 'error', message: 'the log takes no frames; they stay in the spool and are offered again' },
  relayResumed: { level: 'info', message: 'the log takes frames again' },
  framesRelayed: { level: 'debug', message: 'frames went from the spool to the log' },
} as const satisfies Record<string, EventSpec>;

const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [500, 30_000];
const FRAMES_PER_BATCH = 4_000;

export interface RelayOptions {
  readonly spool: Pick<SpoolFile, 'peek' | 'acknowledge' | 'depth' | 'onAppend'>;
  /** The log's producer (pipeline/log/port.ts). Resolves when all are durable; may repeat after a failure. */
  readonly log: {
    readonly append: (records: readonly { readonly device: string; readonly value: Uint8Array }[]) => Promise<void>;
  };
  readonly clock: Clock;
  /** In [0, 1): spreads the retries of many gateways. */
  readonly random: () => number;
  readonly telemetry: Telemetry;
  /** So that a gateway that was offline for a month does not fill its line; no limit where absent. */
  readonly framesPerSecond?: number | undefined;
}

/**
 * Drains the spool into the log until the signal aborts: look, append, acknowledge. A frame leaves the spool only after the
 * log has it; a failure, or a stop between appending and acknowledging, repeats frames, which are idempotent by (src, seq).
 */
export async function runRelay(options: RelayOptions, signal: AbortSignal): Promise<void> {
  const { spool, log, clock, telemetry } = options;
  let failures = 0;
  while (!signal.aborted) {
    const started = clock.now();
    try {
      const frames = await spool.peek(batchSize(options.framesPerSecond));
      const last = frames.at(-1);
      if (!last) {
        await appended(spool, signal);
        continue;
      }
      await log.append(frames);
      await spool.acknowledge(last.seq);
      if (failures > 0) telemetry.emit('relayResumed', EVENTS.relayResumed, { failures });
      failures = 0;
      telemetry.emit('framesRelayed', EVENTS.framesRelayed, { toSeq: last.seq }, frames.length);
      await rest(clock, pauseFor(frames.length, options.framesPerSecond) - (clock.now() - started), signal);
    } catch (error) {
      failures++;
      if (failures === 1)
        telemetry.emit('relayStalled', EVENTS.relayStalled, { ...describe(error), waiting: spool.depth().frames });
      await rest(clock, backOff(failures) * (0.5 + options.random() / 2), signal);
    }
  }
}

const batchSize = (perSecond: number | undefined): number =>
  Math.max(1, Math.min(FRAMES_PER_BATCH, Math.floor(perSecond ?? FRAMES_PER_BATCH)));

const pauseFor = (frames: number, perSecond: number | undefined): number =>
  perSecond === undefined ? 0 : (frames / perSecond) * 1_000;

const backOff = (failures: number): number => Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);

const rest = async (clock: Clock, ms: number, signal: AbortSignal): Promise<void> => {
  // An abort ends the rest early; the loop looks at the signal itself.
  if (ms > 0) await clock.sleep(ms, signal).catch(() => undefined);
};

function appended(spool: RelayOptions['spool'], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      unsubscribe();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const unsubscribe = spool.onAppend(done);
    signal.addEventListener('abort', done);
    if (signal.aborted || spool.depth().frames > 0) done();
  });
}

const describe = (error: unknown): Record<string, string | undefined> =>
  isMeteringError(error)
    ? { code: error.code, why: error.message, place: error.place, cure: error.cure }
    : { why: String(error) };
