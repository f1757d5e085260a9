import type { Kafka, Message, Producer, RecordMetadata } from 'kafkajs';
import { storeError } from '#domain';
import { type LogProducer, partitionOf } from '../port.ts';

const RECORDS_PER_SEND = 2_000;
const BYTES_PER_SEND = 512 * 1024;

type Outgoing = Parameters<LogProducer['append']>[0];

/**
 * Idempotent, acks=all, one request in flight, one call after the other. After a failed send the producer is thrown away:
 * its sequence numbers would be given to the next records, which the broker could take for the repeated ones and drop.
 */
export function createKafkaProducer(kafka: Kafka, topic: string, partitionCount: number): LogProducer {
  const partitions = new Map<string, number>();
  let producer: Promise<Producer> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  const toMessage = ({ device, value }: Outgoing[number]): Message => {
    let partition = partitions.get(device);
    if (partition === undefined) {
      partition = partitionOf(device, partitionCount);
      partitions.set(device, partition);
    }
    return { partition, key: device, value: asBuffer(value) };
  };

  const send = async (records: Outgoing): Promise<void> => {
    if (closed) throw appendFailed(topic, new Error('the producer is closed'));
    producer ??= connect(kafka);
    try {
      const open = await producer;
      for (const chunk of chunks(records)) {
        const messages = chunk.map(toMessage);
        refuseSilence(messages, await open.send({ topic, acks: -1, messages }));
      }
    } catch (error) {
      await discard();
      throw appendFailed(topic, error);
    }
  };

  const discard = async (): Promise<void> => {
    const old = producer;
    producer = undefined;
    await old?.then((open) => open.disconnect()).catch(() => undefined);
  };

  const queue = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };

  return {
    append: (records) => queue(() => send(records)),
    close: () =>
      queue(() => {
        closed = true;
        return discard();
      }),
  };
}

async function connect(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
  await producer.connect();
  return producer;
}

/**
 * The library tries again only those brokers that have not answered. A partition whose leader died meanwhile may have gone to
 * one that has: it is then sent to nobody, and the call ends well.
 */
function refuseSilence(sent: readonly Message[], answers: readonly RecordMetadata[]): void {
  const answered = new Set(answers.map(({ partition }) => partition));
  const silent = new Set(sent.map(({ partition }) => partition).filter((p) => p !== undefined && !answered.has(p)));
  if (silent.size > 0) throw new Error(`no broker answered for partition ${[...silent].join(', ')}`);
}

const appendFailed = (topic: string, cause: unknown): Error =>
  storeError(
    'LOG_APPEND_FAILED',
    `the log did not take the records: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      place: topic,
      cure: 'Look at the brokers; the records stay in the spool and are offered again.',
      cause,
    },
  );

const asBuffer = (value: Uint8Array): Buffer => Buffer.from(value.buffer, value.byteOffset, value.byteLength);

function* chunks(records: Outgoing): Generator<Outgoing> {
  let [start, bytes] = [0, 0];
  for (let i = 0; i < records.length; i++) {
    const size = records[i]?.value.length ?? 0;
    if (i > start && (i - start >= RECORDS_PER_SEND || bytes + size > BYTES_PER_SEND)) {
      yield records.slice(start, i);
      [start, bytes] = [i, 0];
    }
    bytes += size;
  }
  if (start < records.length) yield records.slice(start);
}
