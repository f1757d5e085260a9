import { openKafkaLog } from '../../../pipeline/log/kafka/log.ts';
import type { FrameLog } from '../../../pipeline/log/port.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { type KafkaBroker, startKafka } from '../../support/kafka.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { type Fleet, type Outgoing, sending, type Told } from './fleet.ts';

export interface BrokerLog {
  readonly broker: KafkaBroker;
  readonly log: FrameLog;
  readonly close: () => Promise<void>;
}

export const TOPIC_PREFIX = 'bench';
export const TOPIC = `${TOPIC_PREFIX}.frames`;

export const openBenchLog = (brokers: readonly string[], partitionCount: number, groupId?: string): Promise<FrameLog> =>
  openKafkaLog({
    brokers,
    clock: systemClock,
    telemetry: silentTelemetry(),
    partitionCount,
    topicPrefix: TOPIC_PREFIX,
    groupId,
    retentionMs: -1,
  });

/** A broker of its own with a frames topic. */
export async function startBenchBroker(partitions: number): Promise<BrokerLog> {
  const broker = await startKafka();
  try {
    const log = await openBenchLog(broker.brokers, partitions);
    return {
      broker,
      log,
      close: async () => {
        await log.close();
        await broker.remove();
      },
    };
  } catch (error) {
    await broker.remove();
    throw error;
  }
}

const SENT_AT_ONCE = 4_000;

/** Sends all frames of the fleet but those that are none (the peer cannot read them). Answers how many records were sent. */
export async function fill(log: FrameLog, fleet: Fleet, told: Told): Promise<number> {
  const producer = await log.producer();
  let chunk: Outgoing[] = [];
  let sent = 0;
  const flush = async (): Promise<void> => {
    await producer.append(chunk);
    sent += chunk.length;
    chunk = [];
  };
  for (const frame of sending(fleet, told)) {
    chunk.push(frame);
    if (chunk.length === SENT_AT_ONCE) await flush();
  }
  await flush();
  await producer.close();
  return sent;
}
