import { isMeteringError } from '#domain';
import { type Clock, type EventSpec, persist, type Telemetry } from '#platform';
import { isPassing } from '../books/passing.ts';
import type { FrameLog, LogConsumer, LogRecord } from '../log/port.ts';
import { pointsOf } from './points.ts';
import type { Historian } from './port.ts';
import type { Positions } from './positions.ts';

export interface KeeperOptions {
  /** A reader of its own: with Kafka in a consumer group of its own. */
  readonly log: FrameLog;
  readonly historian: Historian;
  readonly positions: Positions;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

const EVENTS = {
  historianWrote: { level: 'debug', message: 'readings are in the historian' },
  historianPointsRefused: { level: 'debug', message: 'records hold no readings that a historian could keep' },
  historianGap: {
    level: 'warn',
    message: 'the log no longer holds what the historian lacks: its curves have a gap, the books have none',
  },
  historianReset: { level: 'info', message: 'the historian is written anew from the log' },
} as const satisfies Record<string, EventSpec>;

/**
 * Writes the log into the historian until the signal aborts: write, then move the own offset. An outage is waited out and
 * nothing skipped; what was written and not yet noted is written again, which changes nothing.
 */
export const keepHistorian = (options: KeeperOptions, signal: AbortSignal): Promise<void> =>
  persist(
    () => follow(options, signal),
    { ...options, name: 'historian', isPassing: (error) => isPassing(error) || isLostOffset(error) },
    signal,
  );

/** Retention overtook the historian: the next reading begins where the log does now. */
const isLostOffset = (error: unknown): boolean => isMeteringError(error) && error.code === 'LOG_OFFSET_LOST';

async function follow({ log, historian, positions, telemetry }: KeeperOptions, signal: AbortSignal): Promise<void> {
  const identity = await log.identity();
  const consumer: LogConsumer = await log.consumer();
  const noted = new Map<number, number | undefined>();

  const assigned = async (partitions: readonly number[]): Promise<ReadonlyMap<number, number>> => {
    const [known, bounds] = [await positions.load(identity), await log.bounds()];
    return new Map(
      partitions.map((partition) => {
        const [position, low] = [known.get(partition), bounds.get(partition)?.low ?? 0];
        noted.set(partition, position);
        if (position !== undefined && position < low) {
          telemetry.emit('historianGap', EVENTS.historianGap, { partition, from: position, to: low }, low - position);
        }
        return [partition, Math.max(position ?? low, low)];
      }),
    );
  };

  const records = async (partition: number, batch: readonly LogRecord[]): Promise<void> => {
    const last = batch.at(-1);
    if (!last) return;
    const { points, refused } = pointsOf(batch);
    await historian.write(points);
    if (refused > 0) telemetry.emit('historianPointsRefused', EVENTS.historianPointsRefused, { partition }, refused);
    const moved = await positions.move(identity, partition, noted.get(partition), last.offset + 1);
    if (moved) {
      noted.set(partition, last.offset + 1);
      telemetry.emit('historianWrote', EVENTS.historianWrote, { partition }, points.length);
      return;
    }
    telemetry.emit('historianReset', EVENTS.historianReset, { partition });
    await consumer.rejoin();
  };

  const stop = (): void => void consumer.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (!signal.aborted) await consumer.run({ assigned, records, revoked: async () => undefined });
  } finally {
    signal.removeEventListener('abort', stop);
    await consumer.stop();
  }
}
