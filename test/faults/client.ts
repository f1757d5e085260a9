import kafkajs from 'kafkajs';
import type { KafkaBroker } from '../support/kafka.ts';
import type { Offer } from './load.ts';

const clientOf = ({ brokers }: KafkaBroker) =>
  new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });

export async function administer(broker: KafkaBroker, work: (admin: kafkajs.Admin) => Promise<unknown>): Promise<void> {
  const admin = clientOf(broker).admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** As no program of ours does it. */
export async function sendWithoutKey(broker: KafkaBroker, topic: string, offers: readonly Offer[]): Promise<void> {
  const producer = clientOf(broker).producer();
  await producer.connect();
  const messages = offers.map(({ value }) => ({ key: null, value: Buffer.from(value) }));
  try {
    await producer.send({ topic, messages });
  } finally {
    await producer.disconnect();
  }
}
