import { randomBytes } from 'node:crypto';
import type { Admin, Kafka, KafkaConfig } from 'kafkajs';
import { afterAll, beforeAll } from 'vitest';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import { kafkajs } from '../../../pipeline/log/kafka/library.ts';
import { type KafkaLogOptions, openKafkaLog } from '../../../pipeline/log/kafka/log.ts';
import { ensureTopic, markOf } from '../../../pipeline/log/kafka/topics.ts';
import type { FrameLog } from '../../../pipeline/log/port.ts';
import { type KafkaBroker, startKafka } from '../../support/kafka.ts';

export const telemetry = createTelemetry(silentLogger());
export const newPrefix = (): string => `test-${randomBytes(4).toString('hex')}`;

type Opened = Awaited<ReturnType<typeof ensureTopic>>;

/** A broker for the tests of the enclosing `describe`, and what they ask of it. */
export interface KafkaSite {
  readonly broker: () => KafkaBroker;
  readonly client: (options?: Partial<KafkaConfig>) => Kafka;
  /** A client of its own for each use: a long-lived one keeps what it knew of a topic's leaders. */
  readonly administer: <T>(work: (admin: Admin) => Promise<T>) => Promise<T>;
  /** Of three partitions; closed when the broker goes. */
  readonly open: (topicPrefix: string, options?: Partial<KafkaLogOptions>) => Promise<FrameLog>;
  /** Makes the topic as `open` does, and opens nothing. */
  readonly ensure: (admin: Admin, topicPrefix: string, partitionCount: number) => Promise<Opened>;
  readonly deleteTopic: (topicPrefix: string) => Promise<void>;
  /** Lets go what lies below `offset`, as retention would. */
  readonly forget: (topicPrefix: string, partition: number, offset: number) => Promise<void>;
}

export function kafkaSite(): KafkaSite {
  let broker: KafkaBroker;
  const logs: FrameLog[] = [];
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(async () => {
    for (const log of logs) await log.close().catch(() => undefined);
    await broker.remove();
  });

  const client = (options: Partial<KafkaConfig> = {}): Kafka =>
    new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING, ...options });
  const administer = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = client().admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  };
  return {
    broker: () => broker,
    client,
    administer,
    open: async (topicPrefix, options = {}) => {
      const common = { brokers: broker.brokers, clock: systemClock, telemetry, topicPrefix, partitionCount: 3 };
      const log = await openKafkaLog({ ...common, ...options });
      logs.push(log);
      return log;
    },
    ensure: (admin, topicPrefix, partitionCount) =>
      ensureTopic(admin, { topicPrefix, partitionCount, retentionMs: 86_400_000 }, systemClock, () => markOf(1n)),
    deleteTopic: (topicPrefix) => administer((admin) => admin.deleteTopics({ topics: [`${topicPrefix}.frames`] })),
    forget: (topicPrefix, partition, offset) =>
      administer(async (admin) => {
        const topic = `${topicPrefix}.frames`;
        // Loads the topic's leaders, which the next call needs and does not load itself.
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
      }),
  };
}

/** Appends 0, 1, 2 and so on as text. */
export async function append(log: FrameLog, count: number, device: (i: number) => string = (i) => `dev-${i % 9}`) {
  const producer = await log.producer();
  await producer.append(
    Array.from({ length: count }, (_, i) => ({ device: device(i), value: Buffer.from(String(i)) })),
  );
  await producer.close();
}
