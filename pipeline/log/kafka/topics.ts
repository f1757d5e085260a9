import type { Admin } from 'kafkajs';
import { configError } from '#domain';
import type { Clock } from '#platform';
import { logMissing, logReplaced } from '../errors.ts';
import type { LogBounds } from '../port.ts';
import { patiently, protocolType } from './client.ts';
import { kafkajs } from './library.ts';

const DAY_MS = 86_400_000;
/** Records of up to 64 KiB in sets of up to 512 KiB, and room for what others write. */
const MAX_SET_BYTES = 2 * 1024 * 1024;

export interface TopicOptions {
  readonly topicPrefix: string;
  readonly partitionCount: number;
  /** How long frames stay, at least as long as the oldest backup. */
  readonly retentionMs: number;
  /** Copies of each record; as many as there are brokers, at most 3, where absent. */
  readonly replicationFactor?: number | undefined;
}

export interface TopicState {
  readonly identity: string;
  readonly partitionCount: number;
  /** What the topic keeps: so long, and at most so many bytes of a partition; Infinity where there is no limit. */
  readonly retentionMs: number;
  readonly retentionBytes: number;
}

export const framesTopic = (prefix: string): string => `${prefix}.frames`;

/** Makes the frames topic where it is missing, and refuses one that is not as the log needs it. Answers its identity. */
export async function ensureTopic(
  admin: Admin,
  options: TopicOptions,
  clock: Clock,
  mark: () => bigint,
): Promise<TopicState> {
  const topic = framesTopic(options.topicPrefix);
  await createMissing(admin, options, mark);
  // A topic is known to its brokers a moment after it was made; that its offsets can be asked for says that it is.
  const state = await patiently(clock, async () => {
    await admin.fetchTopicOffsets(topic);
    return readTopic(admin, topic);
  });
  refusePartitions(topic, options.partitionCount, state.partitionCount);
  return state;
}

async function createMissing(admin: Admin, options: TopicOptions, mark: () => bigint): Promise<void> {
  const topic = framesTopic(options.topicPrefix);
  if ((await admin.listTopics()).includes(topic)) return;
  const { brokers } = await metadataOf(() => admin.describeCluster());
  const copies = options.replicationFactor ?? Math.min(3, brokers.length);
  const settings = {
    'cleanup.policy': 'delete',
    'message.timestamp.type': 'LogAppendTime',
    'min.insync.replicas': String(copies >= 3 ? 2 : 1),
    'max.message.bytes': String(MAX_SET_BYTES),
    'unclean.leader.election.enable': 'false',
    'retention.ms': String(options.retentionMs),
    [MARK]: String(mark()),
  };
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  try {
    await admin.createTopics({
      topics: [{ topic, numPartitions: options.partitionCount, replicationFactor: copies, configEntries }],
      waitForLeaders: false,
    });
  } catch (error) {
    // Another process was faster; what it made is looked at next.
    if (protocolType(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
  }
}

/**
 * A topic's identity is a random mark written at its creation into a setting that goes with the topic and whose value has
 * no effect: the number of messages after which the broker forces an fsync, here always above 2^60 (ADR 0021).
 */
const MARK = 'flush.messages';
const MARK_FLOOR = 1n << 60n;
/** Kafka's default, a topic that nobody marked. */
const UNMARKED = (1n << 63n) - 1n;

/** A mark between 2^60 and 2^61 out of 60 random bits. */
export const markOf = (random: bigint): bigint => MARK_FLOOR + (random & (MARK_FLOOR - 1n));

/** Where no broker answers, kafkajs 2 reads its metadata from null: that is a reason to ask again, not a defect of ours. */
async function metadataOf<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new kafkajs.KafkaJSError('no broker answered the request for metadata');
  }
}

async function readTopic(admin: Admin, topic: string): Promise<TopicState> {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic };
  // First, since only this one says so where the topic is gone.
  const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false });
  const [{ topics }, { clusterId }] = await Promise.all([
    metadataOf(() => admin.fetchTopicMetadata({ topics: [topic] })),
    metadataOf(() => admin.describeCluster()),
  ]);
  const settings = new Map(resources[0]?.configEntries.map((entry) => [entry.configName, entry.configValue]));
  refuseSettings(topic, settings);
  const mark = BigInt(settings.get(MARK) ?? UNMARKED);
  return {
    identity: `${clusterId}/${topic}/${mark.toString(36)}`,
    partitionCount: topics[0]?.partitions.length ?? 0,
    retentionMs: limitOf(settings.get('retention.ms')),
    retentionBytes: limitOf(settings.get('retention.bytes')),
  };
}

/** Kafka writes -1 for no limit. */
const limitOf = (setting = '-1'): number => (Number(setting) < 0 ? Infinity : Number(setting));

/** Why the topic may forget what books restored from an old backup must read; nothing where it keeps as much as was asked for. */
export function shortRetention(
  { retentionMs, retentionBytes }: Pick<TopicState, 'retentionMs' | 'retentionBytes'>,
  wantedMs: number,
): string | undefined {
  const days = (ms: number): string => (ms === Infinity ? 'without limit' : `${Math.floor((10 * ms) / DAY_MS) / 10} d`);
  if (retentionMs < limitOf(String(wantedMs)))
    return `retention.ms: ${days(retentionMs)}, wanted: ${days(limitOf(String(wantedMs)))}`;
  return retentionBytes === Infinity ? undefined : `retention.bytes: ${retentionBytes}, wanted: -1`;
}

function refuseSettings(topic: string, settings: ReadonlyMap<string, string>): void {
  const faults: string[] = [];
  if (settings.get('message.timestamp.type') !== 'LogAppendTime') faults.push('message.timestamp.type=LogAppendTime');
  if (settings.get('cleanup.policy') !== 'delete') faults.push('cleanup.policy=delete');
  const mark = BigInt(settings.get(MARK) ?? UNMARKED);
  if (mark < MARK_FLOOR || mark === UNMARKED)
    faults.push(`${MARK}=<a random number between 2^60 and 2^61, of its own>`);
  if (faults.length === 0) return;
  throw configError('LOG_TOPIC_SETTINGS', `the topic is not set up as the log needs it: ${faults.join(', ')}`, {
    place: topic,
    cure: `Let the program make the topic, or set it: kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config ${faults.join(',')}`,
  });
}

function refusePartitions(topic: string, expected: number, found: number): void {
  if (found === expected) return;
  throw configError(
    'LOG_PARTITIONS_CHANGED',
    `the topic has ${found} partitions, and the log was set up with ${expected}`,
    {
      place: topic,
      cure: `Configure ${found} partitions for new books; for books that exist, give the topic back its ${expected}: devices would change their partitions.`,
      context: { expected, found },
    },
  );
}

/** Refuses a topic that was made anew or has other partitions than when the log was opened; one that is gone is waited for. */
export async function verifyTopic(admin: Admin, topic: string, opened: TopicState, clock: Clock): Promise<void> {
  // A broker that has just started may not know its topics yet.
  const now = await patiently(clock, () => readTopic(admin, topic)).catch((error: unknown) => {
    if (protocolType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') throw logMissing(topic);
    throw error;
  });
  if (now.identity !== opened.identity) throw logReplaced(topic, opened.identity, now.identity);
  refusePartitions(topic, opened.partitionCount, now.partitionCount);
}

export async function fetchBounds(admin: Admin, topic: string, clock: Clock): Promise<ReadonlyMap<number, LogBounds>> {
  const offsets = await patiently(clock, () => admin.fetchTopicOffsets(topic));
  return new Map(
    offsets
      .toSorted((a, b) => a.partition - b.partition)
      .map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
  );
}
