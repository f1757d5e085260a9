import { randomBytes } from 'node:crypto';
import { isMeteringError, storeError } from '#domain';
import type { Clock, EventSpec, Telemetry } from '#platform';
import type { FrameLog } from '../port.ts';
import { createClient, isRetriable, type KafkaConnection } from './client.ts';
import { createKafkaConsumer } from './consumer.ts';
import { createKafkaProducer } from './producer.ts';
import { scanPartition } from './scan.ts';
import type { SessionContext } from './session.ts';
import { ensureTopic, fetchBounds, framesTopic, markOf, shortRetention, verifyTopic } from './topics.ts';

export interface KafkaLogOptions extends KafkaConnection {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Must be what the topic was made with: devices are bound to partitions. */
  readonly partitionCount: number;
  /** `civicmeter` by default: topic `civicmeter.frames`. */
  readonly topicPrefix?: string | undefined;
  /** Consumer group of the stream workers; `<prefix>.stream` by default. */
  readonly groupId?: string | undefined;
  /** 400 days by default. */
  readonly retentionMs?: number | undefined;
  readonly replicationFactor?: number | undefined;
  /** A worker that is silent for so long loses its partitions; 10 s by default. The brokers set the least (group.min.session.timeout.ms). */
  readonly sessionMs?: number | undefined;
}

const KEEP_MS = 400 * 86_400_000;

const EVENTS = {
  logRetentionShort: { level: 'warn', message: 'the topic forgets earlier than a restored backup may need' },
} as const satisfies Record<string, EventSpec>;

/**
 * Connects, makes the topic where it is missing and refuses one that does not fit; one that keeps too little is said. Errors: LOG_UNREACHABLE (StoreError),
 * LOG_TOPIC_SETTINGS, LOG_PARTITIONS_CHANGED (ConfigError); later LOG_APPEND_FAILED, LOG_OFFSET_LOST, LOG_REPLACED, LOG_FAILED.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<FrameLog> {
  const { clock, telemetry, topicPrefix = 'civicmeter', partitionCount, retentionMs = KEEP_MS } = options;
  const kafka = createClient(options, telemetry);
  const admin = kafka.admin();
  const topic = framesTopic(topicPrefix);
  const wanted = { topicPrefix, partitionCount, retentionMs, replicationFactor: options.replicationFactor };
  try {
    await admin.connect();
    const opened = await ensureTopic(admin, wanted, clock, () => markOf(randomBytes(8).readBigUInt64BE()));
    const short = shortRetention(opened, retentionMs);
    if (short) telemetry.emit('logRetentionShort', EVENTS.logRetentionShort, { topic, why: short });
    const groupId = options.groupId ?? `${topicPrefix}.stream`;
    const { sessionMs } = options;
    const context: SessionContext = { kafka, admin, clock, topic, groupId, opened, sessionMs };
    const scanGroup = (): string => `${groupId}.scan.${randomBytes(6).toString('hex')}`;
    /** What passes is said so: to others the library's errors tell nothing. */
    const said = (error: unknown): unknown =>
      isRetriable(error) && !isMeteringError(error) ? unreachable(options.brokers, error) : error;
    const answered = <T>(answer: Promise<T>): Promise<T> =>
      answer.catch((error: unknown) => {
        throw said(error);
      });
    return {
      identity: async () => {
        await answered(verifyTopic(admin, topic, opened, clock));
        return opened.identity;
      },
      partitionCount,
      producer: () => Promise.resolve(createKafkaProducer(kafka, topic, partitionCount)),
      consumer: () => Promise.resolve(createKafkaConsumer(context, telemetry)),
      bounds: () => answered(fetchBounds(admin, topic, clock)),
      scan: async function* (partition, from) {
        try {
          yield* scanPartition({ ...context, groupId: scanGroup() }, telemetry, partition, from);
        } catch (error) {
          throw said(error);
        }
      },
      // Kafka forgets by the topic's retention.
      trim: () => Promise.resolve(0),
      close: () => admin.disconnect(),
    };
  } catch (error) {
    await admin.disconnect().catch(() => undefined);
    throw isMeteringError(error) ? error : unreachable(options.brokers, error);
  }
}

const unreachable = (brokers: readonly string[], cause: unknown): Error =>
  storeError(
    'LOG_UNREACHABLE',
    `the log cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      place: brokers.join(', '),
      cure: 'Start the brokers, or correct their addresses and the rights of this client in the configuration.',
      cause,
    },
  );
