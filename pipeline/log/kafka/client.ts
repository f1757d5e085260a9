import type { Kafka, KafkaConfig, LogEntry } from 'kafkajs';
import type { Clock, Telemetry } from '#platform';
import { kafkajs } from './library.ts';

export interface KafkaConnection {
  readonly brokers: readonly string[];
  readonly clientId?: string | undefined;
  readonly ssl?: KafkaConfig['ssl'] | undefined;
  readonly sasl?: KafkaConfig['sasl'] | undefined;
}

/** kafkajs with its log lines in ours. It retries a call for some seconds; beyond that our own loops decide. */
export const createClient = (connection: KafkaConnection, telemetry: Telemetry): Kafka =>
  new kafkajs.Kafka({
    clientId: connection.clientId ?? 'civicmeter',
    brokers: [...connection.brokers],
    ...(connection.ssl === undefined ? {} : { ssl: connection.ssl }),
    ...(connection.sasl === undefined ? {} : { sasl: connection.sasl }),
    connectionTimeout: 3_000,
    requestTimeout: 30_000,
    retry: { retries: 5, initialRetryTime: 200, maxRetryTime: 5_000, restartOnFailure: () => Promise.resolve(false) },
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => (entry) => writeLog(telemetry, entry),
  });

/** What kafkajs calls an error is often a broker that restarts: our events say what matters, its lines are detail. */
function writeLog(telemetry: Telemetry, { namespace, level, log }: LogEntry): void {
  const { message, ...detail } = log;
  const line = { library: 'kafkajs', namespace, ...detail };
  if (level === kafkajs.logLevel.ERROR) telemetry.log.warn(line, message);
  else if (level === kafkajs.logLevel.WARN) telemetry.log.info(line, message);
  else telemetry.log.debug(line, message);
}

/** What kafkajs calls final, though it passes: each is how it says that no broker answered just then. */
const PASSING = new Set([
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSGroupCoordinatorNotFound',
]);

/** Whether trying again can help: the library's word about the error or about what caused it. */
export function isRetriable(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (PASSING.has(at.name)) return true;
    if ('retriable' in at && at.retriable === true) return true;
  }
  return false;
}

/** Kafka's name of a protocol error (`UNKNOWN_TOPIC_OR_PARTITION`), also inside of the library's aggregates. */
export function protocolType(error: unknown): string | undefined {
  if (error instanceof kafkajs.KafkaJSAggregateError) return protocolType(error.errors[0]);
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('type' in at && typeof at.type === 'string') return at.type;
  }
  return undefined;
}

const PATIENCE_MS = 15_000;
const PAUSE_MS = 150;

/** Tries again for some seconds what may fail while brokers agree on a new topic or a new leader. */
export async function patiently<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  for (const deadline = clock.now() + PATIENCE_MS; ; await clock.sleep(PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isRetriable(error) || clock.now() > deadline) throw error;
    }
  }
}
