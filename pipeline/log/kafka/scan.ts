import { isMeteringError } from '#domain';
import type { Telemetry } from '#platform';
import type { LogBounds, LogRecord } from '../port.ts';
import { createKafkaConsumer } from './consumer.ts';
import type { SessionContext } from './session.ts';
import { fetchBounds } from './topics.ts';

/** Reads one partition through a group of its own that nobody joins and that keeps nothing, up to the high mark of now. What is forgotten meanwhile is passed over. */
export async function* scanPartition(
  context: SessionContext,
  telemetry: Telemetry,
  partition: number,
  from: number,
  upTo = Infinity,
): AsyncGenerator<readonly LogRecord[]> {
  const boundsNow = async (): Promise<LogBounds | undefined> =>
    (await fetchBounds(context.admin, context.topic, context.clock)).get(partition);
  const bounds = await boundsNow();
  const end = Math.min(upTo, bounds?.high ?? 0);
  if (!bounds || Math.max(from, bounds.low) >= end) return;
  let next = Math.max(from, bounds.low);
  const handover = createHandover<readonly LogRecord[]>();
  const consumer = createKafkaConsumer({ ...context, only: new Set([partition]) }, telemetry);
  const running = consumer
    .run({
      assigned: async () => {
        // joining the group takes seconds, in which the oldest may be forgotten
        next = Math.max(next, (await boundsNow())?.low ?? 0);
        return new Map([[partition, next]]);
      },
      records: async (_, records) => {
        const wanted = records.filter(({ offset }) => offset < end);
        next = (records.at(-1)?.offset ?? next) + 1;
        if (wanted.length > 0) await handover.give(wanted);
        if (next >= end) handover.finish();
      },
      revoked: () => Promise.resolve(),
      caughtUp: () => Promise.resolve(handover.finish()),
    })
    .then(handover.finish, handover.fail);
  let overtaken = false;
  try {
    yield* handover.taken();
  } catch (error) {
    overtaken = isMeteringError(error) && error.code === 'LOG_OFFSET_LOST' && next < ((await boundsNow())?.low ?? 0);
    if (!overtaken) throw error;
  } finally {
    handover.finish();
    await consumer.stop();
    await running;
    await context.admin.deleteGroups([context.groupId]).catch(() => undefined);
  }
  if (overtaken) yield* scanPartition(context, telemetry, partition, next, end);
}

/** Hands one value at a time from who gives to who takes; giving waits until it was taken, or until all is over. */
function createHandover<T>(): {
  readonly give: (value: T) => Promise<void>;
  readonly finish: () => void;
  readonly fail: (error: unknown) => void;
  readonly taken: () => AsyncGenerator<T>;
} {
  let offered: { readonly value: T; readonly taken: () => void } | undefined;
  let over: { readonly error?: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const notify = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const finish = (how: { readonly error?: unknown }): void => {
    over ??= how;
    offered?.taken();
    notify();
  };
  return {
    give: (value) =>
      new Promise((taken) => {
        if (over) return taken();
        offered = { value, taken };
        notify();
      }),
    finish: () => finish({}),
    fail: (error) => finish({ error }),
    taken: async function* () {
      for (;;) {
        const offer = offered;
        if (offer) {
          yield offer.value;
          offered = undefined;
          offer.taken();
        } else if (over) {
          if (over.error !== undefined) throw over.error;
          return;
        } else await changed.promise;
      }
    },
  };
}
