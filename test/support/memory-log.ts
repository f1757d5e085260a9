import type { FrameLog, LogConsumerHandlers, LogRecord } from '../../pipeline/log/port.ts';
import { partitionOf } from '../../pipeline/log/port.ts';

export interface GivenRecord {
  readonly device: string;
  readonly appendedAt: number;
  readonly value: Uint8Array;
}

/** A log of given records with given stamps, handed over in batches of given sizes: for tests of what comes after the log. */
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
      },
      close: async () => undefined,
    }),
    consumer: async () => {
      const stopped = Promise.withResolvers<void>();
      let again = true;
      return {
        run: async (handlers: LogConsumerHandlers) => {
          while (again) {
            again = false;
            const offsets = await handlers.assigned([...partitions.keys()]);
            for (const [partition, list] of partitions) {
              for (let at = offsets.get(partition) ?? 0, i = 0; at < list.length && !again; i++) {
                const batch = list.slice(at, at + Math.max(1, sizeOf(i)));
                await handlers.records(partition, batch);
                at += batch.length;
              }
              if (!again) await handlers.caughtUp?.(partition);
            }
          }
          await stopped.promise;
        },
        rejoin: async () => {
          again = true;
        },
        stop: async () => stopped.resolve(),
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
