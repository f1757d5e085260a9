import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Delivered, Order } from './producer-child.ts';

const CHILD = fileURLToPath(new URL('./producer-child.ts', import.meta.url));

export interface ProducerProcess {
  readonly send: (order: Order) => Promise<Delivered>;
  readonly end: () => Promise<void>;
}

/** A producer in a process of its own, connected. */
export async function startProducer(brokers: readonly string[], partitions: number): Promise<ProducerProcess> {
  const child = fork(CHILD, [brokers.join(','), String(partitions)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const onExit = (): boolean => child.kill('SIGKILL');
  process.once('exit', onExit);
  const next = async (): Promise<unknown> => {
    const [message] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => {
        throw new Error('the producer ended before its time');
      }),
    ]);
    return message;
  };
  await next();
  return {
    send: async (order) => {
      child.send(order);
      return (await next()) as Delivered; // what producer-child.ts says after an order
    },
    end: async () => {
      const exited = once(child, 'exit');
      child.send('end');
      await exited;
      process.off('exit', onExit);
    },
  };
}
