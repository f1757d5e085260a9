import type { Admin } from 'kafkajs';
import { kafkajs } from '../../pipeline/log/kafka/library.ts';
import type { KafkaBroker } from '../support/kafka.ts';
import type { Offer } from './load.ts';

type Brokers = Pick<KafkaBroker, 'brokers'>;

const clientOf = ({ brokers }: Brokers) =>
  new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });

export async function administer<T>(broker: Brokers, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = clientOf(broker).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** As no program of ours does it. */
export async function sendWithoutKey(broker: Brokers, topic: string, offers: readonly Offer[]): Promise<void> {
  const producer = clientOf(broker).producer();
  await producer.connect();
  const messages = offers.map(({ value }) => ({ key: null, value: Buffer.from(value) }));
  try {
    await producer.send({ topic, messages });
  } finally {
    await producer.disconnect();
  }
}

/** The topic's retention, its other settings as they are: the client can only write all of them. */
export async function keepFor(broker: Brokers, topic: string, retentionMs: number): Promise<void> {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic };
  await administer(broker, async (admin) => {
    const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false });
    const own = new Map(
      resources[0]?.configEntries
        .filter(({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG)
        .map(({ configName, configValue }) => [configName, configValue]),
    );
    own.set('retention.ms', String(retentionMs));
    const configEntries = [...own].map(([name, value]) => ({ name, value }));
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
  });
}
