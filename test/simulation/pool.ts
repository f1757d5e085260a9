import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { mutantArguments } from '../mutants/mutate.ts';
import type { Outcome } from './simulate.ts';

export interface Task {
  readonly seed: number;
  /** As `daysOf` has it where absent. */
  readonly days?: number | undefined;
}

/** Simulates seeds on threads; outcomes come as they are ready. Whoever breaks off ends the threads. A thread that fell over throws. */
export async function* outcomesOf(tasks: Iterable<Task>, threads: number): AsyncGenerator<Outcome> {
  const queue = tasks[Symbol.iterator]();
  const pool = Array.from(
    { length: threads },
    () => new Worker(new URL('./thread.ts', import.meta.url), { execArgv: [...mutantArguments()] }),
  );
  const running = new Map<Worker, Promise<readonly [Worker, Outcome]>>();
  const give = (thread: Worker): void => {
    const { value: task, done } = queue.next();
    running.delete(thread);
    if (!done) running.set(thread, outcomeFrom(thread, task));
  };
  try {
    for (const thread of pool) give(thread);
    while (running.size > 0) {
      const [thread, outcome] = await Promise.race(running.values());
      give(thread);
      yield outcome;
    }
  } finally {
    await Promise.all(pool.map((thread) => thread.terminate()));
  }
}

async function outcomeFrom(thread: Worker, task: Task): Promise<readonly [Worker, Outcome]> {
  thread.postMessage(task);
  try {
    const [outcome] = (await once(thread, 'message')) as [Outcome];
    return [thread, outcome];
  } catch (error) {
    throw new Error(`seed ${task.seed}: the simulation itself fell over`, { cause: error });
  }
}
