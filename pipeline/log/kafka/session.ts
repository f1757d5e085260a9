import type { Admin, Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { Clock } from '#platform';
import { noStart, offsetLost } from '../errors.ts';
import type { LogBounds, LogConsumerHandlers, LogRecord } from '../port.ts';
import { fetchBounds, type TopicState, verifyTopic } from './topics.ts';

export interface SessionContext {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly clock: Clock;
  readonly topic: string;
  readonly groupId: string;
  /** The topic as it was when the log was opened. */
  readonly opened: TopicState;
  /** Only these partitions are read; all that the group assigns where absent. */
  readonly only?: ReadonlySet<number> | undefined;
}

export type SessionEnd = { readonly kind: 'stopped' } | { readonly kind: 'failed'; readonly error: unknown };

export interface Session {
  /** Resolves when the session is over and its member has left the group. */
  readonly ended: Promise<SessionEnd>;
  readonly reassign: () => void;
  readonly stop: () => void;
}

const SESSION_MS = 10_000;
const HEARTBEAT_MS = 1_000;
const VERIFY_MS = 10_000;
const VERIFY_BUSY_MS = 500;
const MAX_WAIT_MS = 250;
const PARTITION_BYTES = 1024 * 1024;

/**
 * One membership in the consumer group. Everything that touches the handlers runs one after the other (`serially`), and
 * belongs to a generation: an assignment, a rebalance or a rejoin starts a new one, and what is left of the old is dropped.
 * A partition stays paused until SQL has said where to start. Positions are checked against every batch, because the
 * library resets an offset that is out of range silently.
 */
export function startSession(context: SessionContext, handlers: LogConsumerHandlers): Session {
  const { kafka, admin, topic, opened } = context;
  const consumer = kafka.consumer({
    groupId: context.groupId,
    sessionTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: MAX_WAIT_MS,
    maxBytesPerPartition: PARTITION_BYTES,
    allowAutoTopicCreation: false,
  });
  const over = new AbortController();
  const end = Promise.withResolvers<SessionEnd>();
  const positions = new Map<number, number>();
  /** Partitions that had been read to their end. */
  const idle = new Set<number>();
  let verifiedAt = 0;
  let generation = 0;
  let assigned: readonly number[] = [];
  let held: readonly number[] = [];
  let last: Promise<void> = Promise.resolve();

  const finish = (how: SessionEnd): void => {
    over.abort(new Error('the session is over'));
    generation++;
    end.resolve(how);
  };
  const fail = (error: unknown): void => finish({ kind: 'failed', error });
  const serially = (work: () => Promise<void>): Promise<void> => (last = last.then(work).catch(fail));

  const release = async (): Promise<void> => {
    const lost = held;
    held = [];
    positions.clear();
    idle.clear();
    if (lost.length > 0) await handlers.revoked(lost);
  };

  const take = async (mine: number, partitions: readonly number[]): Promise<void> => {
    await release();
    if (mine !== generation || partitions.length === 0) return;
    await verifyTopic(admin, topic, opened);
    held = partitions;
    const starts = await handlers.assigned(partitions);
    const bounds = await fetchBounds(admin, topic);
    for (const partition of partitions) positions.set(partition, startOf(topic, partition, starts, bounds));
    if (mine !== generation) return;
    for (const [partition, offset] of positions) consumer.seek({ topic, partition, offset: String(offset) });
    consumer.resume([{ topic, partitions: [...partitions] }]);
    for (const [partition, offset] of positions) {
      if (offset !== bounds.get(partition)?.high) continue;
      idle.add(partition);
      await handlers.caughtUp?.(partition);
    }
  };

  /**
   * A topic made anew answers a fetch as if nothing had happened. After a wait, when that could have been, each batch is
   * preceded by a look at the topic; while draining two looks a second do, as no topic fills up to our position in between.
   */
  const verified = async (partition: number): Promise<void> => {
    const now = context.clock.now();
    if (!idle.delete(partition) && Math.abs(now - verifiedAt) < VERIFY_BUSY_MS) return;
    await verifyTopic(admin, topic, opened);
    verifiedAt = now;
  };

  const assign = (partitions: readonly number[]): void => {
    const mine = ++generation;
    assigned = partitions;
    if (assigned.length > 0) consumer.pause([{ topic, partitions: [...assigned] }]);
    void serially(() =>
      take(
        mine,
        partitions.filter((p) => context.only?.has(p) ?? true),
      ),
    );
  };

  const hand = async (mine: number, payload: EachBatchPayload): Promise<void> => {
    const { partition, messages, highWatermark } = payload.batch;
    const position = positions.get(partition);
    const [first, final] = [messages[0], messages.at(-1)];
    if (mine !== generation || position === undefined || !first || !final) return;
    await verified(partition);
    if (Number(first.offset) !== position) await refuseReset(context, partition, position);
    if (Number(first.offset) < position) {
      consumer.seek({ topic, partition, offset: String(position) });
      return;
    }
    await handlers.records(
      partition,
      messages.map((message) => toRecord(partition, message)),
    );
    if (mine !== generation) return;
    const next = Number(final.offset) + 1;
    positions.set(partition, next);
    payload.resolveOffset(final.offset);
    if (next < Number(highWatermark)) return;
    idle.add(partition);
    await handlers.caughtUp?.(partition);
  };

  const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
    const mine = generation;
    const done = new AbortController();
    void beat(context.clock, () => payload.heartbeat(), done.signal);
    await serially(() => hand(mine, payload));
    done.abort(new Error('handled'));
  };

  consumer.on('consumer.group_join', ({ payload }) => assign(payload.memberAssignment[topic] ?? []));
  consumer.on('consumer.rebalancing', () => {
    generation++;
    void serially(release);
  });
  consumer.on('consumer.crash', ({ payload }) => fail(payload.error));

  const running = start(consumer, topic, eachBatch).catch(fail);
  void watchTopic(context, over.signal).catch(fail);
  return {
    ended: leave(consumer, running, end.promise, () => serially(() => Promise.resolve())),
    reassign: () => assign(assigned),
    stop: () => finish({ kind: 'stopped' }),
  };
}

async function start(
  consumer: Consumer,
  topic: string,
  eachBatch: (payload: EachBatchPayload) => Promise<void>,
): Promise<void> {
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
}

/** Leaving before `run` has joined would leave a member behind, so the start is awaited first. */
async function leave(
  consumer: Consumer,
  running: Promise<void>,
  end: Promise<SessionEnd>,
  settled: () => Promise<void>,
): Promise<SessionEnd> {
  const how = await end;
  await running;
  await consumer.disconnect().catch(() => undefined);
  await settled();
  return how;
}

/** The library sends heartbeats between batches only; handling one may take longer than a session. */
async function beat(clock: Clock, heartbeat: () => Promise<void>, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    // A heartbeat that fails is noticed by the library itself after the batch.
    await heartbeat().catch(() => undefined);
    await clock.sleep(HEARTBEAT_MS, done).catch(() => undefined);
  }
}

/** A topic that is gone answers nothing at all, so it is asked for now and then. */
async function watchTopic(context: SessionContext, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await context.clock.sleep(VERIFY_MS, over).catch(() => undefined);
    if (!over.aborted) await verifyTopic(context.admin, context.topic, context.opened);
  }
}

function startOf(
  topic: string,
  partition: number,
  starts: ReadonlyMap<number, number>,
  bounds: ReadonlyMap<number, LogBounds>,
): number {
  const [start, bound] = [starts.get(partition), bounds.get(partition)];
  if (start === undefined) throw noStart(topic, partition);
  if (!bound || start < bound.low || start > bound.high)
    throw offsetLost(topic, partition, start, bound ?? { low: 0, high: 0 });
  return start;
}

/** A batch that does not begin where the last ended is a reset, unless the offset asked for is still there: then it is a hole. */
async function refuseReset(context: SessionContext, partition: number, position: number): Promise<void> {
  const bounds = (await fetchBounds(context.admin, context.topic)).get(partition) ?? { low: 0, high: 0 };
  if (position < bounds.low || position > bounds.high) throw offsetLost(context.topic, partition, position, bounds);
}

const EMPTY = Buffer.alloc(0);

/** A tombstone is a record of ours without bytes: poison, to be judged like any. */
const toRecord = (partition: number, { offset, timestamp, value }: KafkaMessage): LogRecord => ({
  partition,
  offset: Number(offset),
  appendedAt: Number(timestamp),
  value: value ?? EMPTY,
});
