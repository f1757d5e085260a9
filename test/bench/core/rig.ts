import type { Fleet } from './fleet.ts';
import { type BenchBooks, openBenchBooks } from './books.ts';
import { type BrokerLog, startBenchBroker } from './broker.ts';
import { type ProducerProcess, startProducer } from './producer.ts';
import { startWorker, type WorkerProcess } from './workers.ts';

/** What a bench of the whole chain runs on, each in processes of its own. The worker takes records when it is told to. */
export interface Rig {
  readonly topic: BrokerLog;
  readonly opened: BenchBooks;
  readonly producer: ProducerProcess;
  readonly worker: WorkerProcess;
}

/** Ends all of it with the work. */
export async function withRig<T>(fleet: Fleet, work: (rig: Rig) => Promise<T>): Promise<T> {
  const { partitions } = fleet;
  const topic = await startBenchBroker(partitions);
  const opened = await openBenchBooks(fleet);
  const producer = await startProducer(topic.broker.brokers, partitions);
  const worker = startWorker({ dsn: opened.dsn, brokers: topic.broker.brokers, partitions, group: 'bench' });
  try {
    return await work({ topic, opened, producer, worker });
  } finally {
    await producer.end();
    await worker.end();
    await opened.close();
    await topic.close();
  }
}
