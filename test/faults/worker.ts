import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import memory from '../../api/cli/memory.json' with { type: 'json' };
import { mutantArguments } from '../mutants/mutate.ts';

export interface WorkerSettings {
  readonly dsn: string;
  readonly brokers: readonly string[];
  readonly topicPrefix: string;
  readonly partitions: number;
  readonly sessionMs: number;
  readonly checkpointMs: number;
}

/** What a worker says, and its log lines, which have more fields. */
export interface WorkerEvent {
  readonly event: string;
  readonly at: number;
  readonly partition?: number;
  readonly epoch?: number;
  readonly next?: number;
  readonly from?: number;
  readonly to?: number;
  readonly rss?: number;
  readonly heap?: number;
  readonly reserved?: number;
  readonly external?: number;
  readonly kept?: number;
  readonly handles?: number;
  readonly code?: string;
  readonly reason?: string;
}

export interface WorkerProcess {
  readonly pid: number;
  readonly events: readonly WorkerEvent[];
  readonly count: (event: string) => number;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly running: () => boolean;
  /** Sends the signal and waits for the end. */
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<number | null>;
  /** For the message of a failure. */
  readonly lastWords: () => string;
}

const CHILD = fileURLToPath(new URL('worker-child.ts', import.meta.url));
const KEPT_LINES = 40;

/** A stream worker as a process of its own, with the memory that `civicmeter` starts its processes with. */
export function startWorker(settings: WorkerSettings): WorkerProcess {
  const args = [...memory.flags, ...mutantArguments(), '--expose-gc', CHILD, '--settings', JSON.stringify(settings)];
  // the heap that the oracle is given is not the worker's: with room for all, nothing is ever collected
  const { NODE_OPTIONS: _ours, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...memory.environment, ...env },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the worker did not start');
  const onExit = (): boolean => child.kill('SIGKILL');
  process.once('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  const events: WorkerEvent[] = [];
  const words: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      const event = eventOf(line);
      if (event?.event !== 'memory') words.push(line);
      if (words.length > KEPT_LINES) words.shift();
      if (event) events.push(event);
    });
  }
  return {
    pid,
    events,
    count: (event) => events.filter((e) => e.event === event).length,
    signal: (signal) => void child.kill(signal),
    running: () => isRunning(child),
    end: async (signal) => {
      if (!isRunning(child)) return child.exitCode;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
    lastWords: () => words.join('\n'),
  };
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** Lines of the logger carry `time` for `at`; a line cut by a kill is none. */
function eventOf(line: string): WorkerEvent | undefined {
  try {
    const said = JSON.parse(line) as WorkerEvent & { readonly time?: number };
    return typeof said.event === 'string' ? { ...said, at: said.at ?? said.time ?? 0 } : undefined;
  } catch {
    return undefined;
  }
}
