import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '#platform';
import type { LogConsumerHandlers } from '../port.ts';
import { Assignment } from './assignment.ts';
import { type TopicState, verifyTopic } from './topics.ts';

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
  /** 10 s where absent. */
  readonly sessionMs?: number | undefined;
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
/** The largest lever on the time that a rebalance takes. */
const MAX_WAIT_MS = 250;
/** Below it the broker waits for more, so that a steady trickle does not become a batch per frame. */
const MIN_BYTES = 64 * 1024;
const PARTITION_BYTES = 1024 * 1024;

/** One membership in the consumer group, from joining to leaving. */
export function startSession(context: SessionContext, handlers: LogConsumerHandlers): Session {
  const { kafka, clock, topic } = context;
  const consumer = kafka.consumer({
    groupId: context.groupId,
    sessionTimeout: context.sessionMs ?? SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: MAX_WAIT_MS,
    minBytes: MIN_BYTES,
    maxBytesPerPartition: PARTITION_BYTES,
    allowAutoTopicCreation: false,
  });
  const over = new AbortController();
  const end = Promise.withResolvers<SessionEnd>();
  const finish = (how: SessionEnd): void => {
    over.abort(new Error('the session is over'));
    void assignment.end();
    end.resolve(how);
  };
  const fail = (error: unknown): void => finish({ kind: 'failed', error });
  const assignment = new Assignment(context, consumer, handlers, fail);
  consumer.on('consumer.group_join', ({ payload }) => assignment.assign(payload.memberAssignment[topic] ?? []));
  consumer.on('consumer.rebalancing', () => assignment.revoke());
  // the library has left the group before it says why; who asks it for anything then is told that it never was in one
  consumer.on('consumer.stop', () => void assignment.end());
  consumer.on('consumer.crash', ({ payload }) => fail(payload.error));
  const started = start(consumer, topic, (payload) =>
    beating(
      clock,
      () => payload.heartbeat(),
      () => assignment.handle(payload),
    ),
  ).catch(fail);
  void watchTopic(context, over.signal).catch(fail);
  return {
    ended: end.promise.then(async (how) => {
      // Leaving before `run` has joined would leave a member behind.
      await started;
      await consumer.disconnect().catch(() => undefined);
      await assignment.end();
      return how;
    }),
    reassign: () => assignment.reassign(),
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

/** The library sends heartbeats between batches only; handling one may take longer than a session. */
async function beating(clock: Clock, heartbeat: () => Promise<void>, work: () => Promise<void>): Promise<void> {
  const done = new AbortController();
  const beat = async (): Promise<void> => {
    while (!done.signal.aborted) {
      // A heartbeat that fails is noticed by the library itself after the batch.
      await heartbeat().catch(() => undefined);
      await clock.sleep(HEARTBEAT_MS, done.signal).catch(() => undefined);
    }
  };
  void beat();
  await work();
  done.abort(new Error('handled'));
}

/** A topic that is gone answers nothing at all, so it is asked for now and then. */
async function watchTopic({ clock, admin, topic, opened }: SessionContext, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await clock.sleep(VERIFY_MS, over).catch(() => undefined);
    if (!over.aborted) await verifyTopic(admin, topic, opened, clock);
  }
}
