import type { Clock, EventSpec, Telemetry } from '#platform';
import { isMeteringError } from '#domain';
import type { Spool } from '../../../collectors/spool/port.ts';
import type { LogProducer } from '../../../pipeline/log/port.ts';

const RELAY_HELD: EventSpec = {
  level: 'warn',
  message: 'The log does not take frames; they stay in the spool and are sent again',
  labels: ['reason'],
};

export interface RelayOptions {
  readonly spool: Spool;
  readonly producer: LogProducer;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly batch?: number;
}

const IDLE_MS = 200;
const HOLD = { minMs: 1_000, maxMs: 30_000 };

/**
 * Carries frames from a gateway's spool to the log, in order; a frame leaves the spool only after the log has
 * acknowledged it. Runs until the signal aborts; waits out a log that is away, and rejects where waiting cures nothing.
 */
export async function runRelay(options: RelayOptions, signal: AbortSignal): Promise<void> {
  const { spool, producer, clock, telemetry, batch = 1_000 } = options;
  let pause = HOLD.minMs;
  while (!signal.aborted) {
    const frames = await spool.peek(batch);
    const last = frames.at(-1);
    if (!last) {
      await clock.sleep(IDLE_MS, signal).catch(() => undefined);
      continue;
    }
    try {
      await producer.append(frames);
      await spool.acknowledge(last.seq);
      pause = HOLD.minMs;
    } catch (error) {
      if (!(isMeteringError(error) && error.retryable)) throw error;
      telemetry.emit('relayHeld', RELAY_HELD, { reason: error.code, detail: error.message });
      await clock.sleep(pause, signal).catch(() => undefined);
      pause = Math.min(HOLD.maxMs, pause * 2);
    }
  }
}
