import type { Fleet } from './fleet.ts';
import { type BenchBooks, openBenchBooks } from './books.ts';
import { type BrokerLog, startBenchBroker } from './broker.ts';
import { type ProducerProcess, startProducer } from './producer.ts';
import { startWorker, type WorkerProcess } from './workers.ts';

/** What a bench of the whole chain runs on, each in processes of its own. */
export interface Rig {
  readonly topic: BrokerLog;
  readonly opened: BenchBooks;
  readonly producer: ProducerProcess;
  /** A worker takes records when it is told to. */
  readonly startWorker: () => WorkerProcess;
}

/** Ends all of it with the work. */
export async function withRig<T>(fleet: Fleet, work: (rig: Rig) => Promise<T>): Promise<T> {
  const { partitions } = fleet;
  const topic = await startBenchBroker(partitions);
  const opened = await openBenchBooks(fleet);
  const producer = await startProducer(topic.broker.brokers, partitions);
  const workers: WorkerProcess[] = [];
  const startOne = (): WorkerProcess => {
    const worker = startWorker({ dsn: opened.dsn, brokers: topic.broker.brokers, partitions, group: 'bench' });
    workers.push(worker);
    return worker;
  };
  try {
    return await work({ topic, opened, producer, startWorker: startOne });
  } finally {
    await producer.end();
    for (const worker of workers) await worker.end();
    await opened.close();
    await topic.close();
  }
}
