import { type FrameLog, type LogConsumerHandlers, type LogRecord, partitionOf } from '../../pipeline/log/port.ts';
import type { Random } from '../oracle/world/random.ts';
import type { Process, VirtualTime } from './time.ts';

/** A log with partitions and a consumer group, as Kafka has it, in virtual time. */
export interface GroupLog {
  /** The log as one process sees it. */
  readonly seenBy: (process: Process) => FrameLog;
  readonly records: () => readonly LogRecord[];
  /** Puts values in as some other producer would. */
  readonly put: (records: readonly { readonly device: string; readonly value: Uint8Array }[]) => void;
  /** All partitions change hands. */
  readonly rebalance: () => void;
  /** Members that answered nothing for a session are thrown out; called after a death or a freeze. */
  readonly expireAfterSession: () => void;
  readonly highs: () => ReadonlyMap<number, number>;
}

/** Told of what the group's members meet. */
export interface GroupWatch {
  readonly revoked: (positions: ReadonlyMap<number, number>) => void;
  readonly longBatch: () => void;
  /** The group took its partitions from a member while it was at a batch. */
  readonly rebalancedInBatch: () => void;
}

const SESSION_MS = 10_000;
const LARGEST_BATCH = 40;
const IDENTITY = 'simulated';

interface Member {
  readonly process: Process;
  /** What the group gave it and it has not yet taken over. */
  given: readonly number[] | undefined;
  /** Next offsets of the partitions that it has taken over. */
  readonly positions: Map<number, number>;
  stopped: boolean;
  wake: () => void;
}

export function groupLog(time: VirtualTime, random: Random, partitionCount: number, watch: GroupWatch): GroupLog {
  const partitions = Array.from({ length: partitionCount }, (): LogRecord[] => []);
  const members = new Set<Member>();

  const places = new Map<string, number>();
  const partitionAt = (device: string): number => {
    const known = places.get(device) ?? partitionOf(device, partitionCount);
    places.set(device, known);
    return known;
  };

  const put: GroupLog['put'] = (records) => {
    const touched = new Set<number>();
    for (const { device, value } of records) {
      const partition = partitionAt(device);
      const list = partitions[partition];
      list?.push({ partition, offset: list.length, appendedAt: Math.round(time.now()), value });
      touched.add(partition);
    }
    for (const member of members) if ([...touched].some((p) => member.positions.has(p))) member.wake();
  };

  const rebalance = (): void => {
    const able = random.shuffled([...members].filter((m) => m.process.isAlive() && !m.process.isFrozen()));
    able.forEach((member, i) => {
      member.given = partitions.map((_, p) => p).filter((p) => p % able.length === i);
      member.wake();
    });
  };

  const leave = (member: Member): void => {
    if (members.delete(member)) rebalance();
  };

  const consume = async (member: Member, handlers: LogConsumerHandlers): Promise<void> => {
    const { process, positions } = member;
    const toldAt = new Map<number, number>();
    const takeOver = async (given: readonly number[]): Promise<void> => {
      member.given = undefined;
      if (positions.size > 0) {
        watch.revoked(positions);
        await handlers.revoked([...positions.keys()]);
      }
      positions.clear();
      toldAt.clear();
      for (const [partition, offset] of await handlers.assigned(given)) positions.set(partition, offset);
    };
    const batchesNow = (): readonly (readonly [number, readonly LogRecord[]])[] =>
      [...positions].map(([p, at]) => [p, partitions[p]?.slice(at, at + random.int(1, LARGEST_BATCH)) ?? []] as const);
    const handOver = async (partition: number, batch: readonly LogRecord[]): Promise<void> => {
      if (batch.length > LARGEST_BATCH / 2) watch.longBatch();
      await handlers.records(partition, batch);
      if (member.given) watch.rebalancedInBatch();
      // the handler may have lost the partition meanwhile; `given` says so
      positions.set(partition, (positions.get(partition) ?? 0) + batch.length);
    };
    const turn = async (): Promise<boolean> => {
      let moved = false;
      for (const [partition, batch] of await process.ask(batchesNow)) {
        if (member.given || member.stopped) return true;
        const position = positions.get(partition);
        if (batch.length > 0) {
          await handOver(partition, batch);
          moved = true;
        } else if (toldAt.get(partition) !== position) {
          toldAt.set(partition, position ?? 0);
          await handlers.caughtUp?.(partition);
        }
      }
      return moved;
    };
    while (!member.stopped) {
      if (member.given) await takeOver(member.given);
      else if (!(await turn())) {
        await process.ask(
          () =>
            new Promise<void>((resolve) => {
              member.wake = resolve;
              const waiting = [...positions].some(([p, at]) => (partitions[p]?.length ?? 0) > at);
              if (member.given || member.stopped || waiting) resolve();
            }),
        );
      }
    }
  };

  return {
    put,
    rebalance,
    records: () => partitions.flat(),
    highs: () => new Map(partitions.map((list, p) => [p, list.length])),
    expireAfterSession: () => {
      time.at(time.now() + SESSION_MS, () => {
        for (const member of members) if (!member.process.isAlive()) members.delete(member);
        rebalance();
      });
    },
    seenBy: (process) => ({
      identity: () => process.ask(() => IDENTITY),
      partitionCount,
      producer: async () => ({
        append: (records) => process.ask(() => put(records)),
        close: async () => undefined,
      }),
      consumer: async () => {
        const member: Member = {
          process,
          given: undefined,
          positions: new Map(),
          stopped: false,
          wake: () => undefined,
        };
        return {
          run: async (handlers) => {
            members.add(member);
            rebalance();
            try {
              await consume(member, handlers);
            } finally {
              leave(member);
            }
          },
          rejoin: async () => {
            rebalance();
          },
          stop: async () => {
            member.stopped = true;
            member.wake();
          },
        };
      },
      bounds: () => process.ask(() => new Map(partitions.map((list, p) => [p, { low: 0, high: list.length }]))),
      scan: async function* (partition, from) {
        yield await process.ask(() => partitions[partition]?.slice(from) ?? []);
      },
      trim: async () => 0,
      close: async () => undefined,
    }),
  };
}
