import type { FrameLog, LogConsumerHandlers, LogRecord } from '../../pipeline/log/port.ts';
import { memoryLog, type GivenRecord } from './memory-log.ts';

/** One consumer of one partition, whose turns a test takes itself. */
export interface Driven {
  readonly log: FrameLog;
  /** Assigns the partition; answers where the consumer wants to go on. */
  readonly assign: () => Promise<number>;
  /** Hands over the records [from, to). */
  readonly hand: (from: number, to: number) => Promise<void>;
  /** All was handed over. */
  readonly caughtUp: () => Promise<void>;
  /** How often the consumer asked to begin again. */
  readonly rejoins: () => number;
}

/** A log of one partition over given records; nothing moves by itself. A consumer that is stopped has left when `left` has come. */
export function drivenLog(records: readonly GivenRecord[], left: Promise<void> = Promise.resolve()): Driven {
  const memory = memoryLog(records);
  const ready = Promise.withResolvers<LogConsumerHandlers>();
  const stopped = Promise.withResolvers<void>();
  let rejoins = 0;
  const all: LogRecord[] = records.map(({ appendedAt, value }, offset) => ({
    partition: 0,
    offset,
    appendedAt,
    value,
  }));
  return {
    log: {
      ...memory,
      consumer: async () => ({
        run: async (handlers) => {
          ready.resolve(handlers);
          await stopped.promise;
          await left;
        },
        rejoin: async () => {
          rejoins += 1;
        },
        stop: async () => stopped.resolve(),
      }),
    },
    assign: async () => (await (await ready.promise).assigned([0])).get(0) ?? 0,
    hand: async (from, to) => (await ready.promise).records(0, all.slice(from, to)),
    caughtUp: async () => (await ready.promise).caughtUp?.(0),
    rejoins: () => rejoins,
  };
}
