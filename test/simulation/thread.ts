import { parentPort } from 'node:worker_threads';
import type { Task } from './pool.ts';
import { type Outcome, simulate } from './simulate.ts';

/** A twentieth of the time would go into stacks that nobody reads; a seed that failed is simulated again with them. */
async function outcomeOf({ seed, days }: Task): Promise<Outcome> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const outcome = await simulate(seed, days);
  Error.stackTraceLimit = stackTraceLimit;
  return outcome.failure === undefined ? outcome : simulate(seed, days);
}

/** One of the threads of `pool.ts`: a seed comes, its outcome goes. */
parentPort?.on('message', (task: Task) => {
  void outcomeOf(task).then((outcome) => parentPort?.postMessage(outcome));
});
