import type { FrameLog, LogConsumerHandlers, LogRecord } from '../../pipeline/log/port.ts';
import { partitionOf } from '../../pipeline/log/port.ts';

export interface GivenRecord {
  readonly device: string;
  readonly appendedAt: number;
  readonly value: Uint8Array;
}

/** A log of given records with given stamps, and of what is appended later; handed over in batches of given sizes: for tests of what comes after the log. */
export function memoryLog(
  records: readonly GivenRecord[],
  options: {
    readonly partitionCount?: number;
    readonly batch?: (index: number) => number;
    readonly identity?: string;
  } = {},
): FrameLog {
  const partitionCount = options.partitionCount ?? 1;
  const partitions = new Map<number, LogRecord[]>(Array.from({ length: partitionCount }, (_, p) => [p, []]));
  for (const { device, appendedAt, value } of records) {
    const partition = partitionOf(device, partitionCount);
    const list = partitions.get(partition) ?? [];
    list.push({ partition, offset: list.length, appendedAt, value });
  }
  const sizeOf = options.batch ?? (() => 500);
  let changed = Promise.withResolvers<void>();
  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  return {
    identity: async () => options.identity ?? 'memory',
    partitionCount,
    producer: async () => ({
      append: async (more) => {
        for (const { device, value } of more) {
          const partition = partitionOf(device, partitionCount);
          const list = partitions.get(partition) ?? [];
          list.push({ partition, offset: list.length, appendedAt: Date.now(), value });
        }
        change();
      },
      close: async () => undefined,
    }),
    consumer: async () => {
      let [stopped, again] = [false, true];
      const handOver = async (handlers: LogConsumerHandlers, partition: number, from: number): Promise<number> => {
        const list = partitions.get(partition) ?? [];
        let at = from;
        for (let i = 0; at < list.length && !again && !stopped; i++) {
          const batch = list.slice(at, at + Math.max(1, sizeOf(i)));
          await handlers.records(partition, batch);
          at += batch.length;
        }
        if (!again && !stopped) await handlers.caughtUp?.(partition);
        return at;
      };
      return {
        run: async (handlers: LogConsumerHandlers) => {
          const positions = new Map<number, number>();
          while (!stopped) {
            const change = changed.promise;
            if (again) {
              again = false;
              for (const [p, at] of await handlers.assigned([...partitions.keys()])) positions.set(p, at);
            }
            for (const [p, at] of positions) positions.set(p, await handOver(handlers, p, at));
            if (!again && !stopped) await change;
          }
        },
        rejoin: async () => {
          again = true;
          change();
        },
        stop: async () => {
          stopped = true;
          change();
        },
      };
    },
    bounds: async () => new Map([...partitions].map(([p, list]) => [p, { low: 0, high: list.length }])),
    scan: async function* (partition, from) {
      const list = partitions.get(partition) ?? [];
      if (from < list.length) yield list.slice(from);
    },
    trim: async () => 0,
    close: async () => undefined,
  };
}
