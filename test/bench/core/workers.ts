import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import memory from '../../../api/cli/memory.json' with { type: 'json' };
import type { Said, Told } from './worker-child.ts';

const CHILD = fileURLToPath(new URL('./worker-child.ts', import.meta.url));

/** A stream worker in a process of its own. */
export interface WorkerProcess {
  readonly tell: (told: Told) => void;
  /** Next time it says this (or has said it since the last time it was waited for). */
  readonly says: (what: Said['what']) => Promise<Said>;
  readonly end: () => Promise<void>;
}

export interface WorkerSpec {
  readonly dsn: string;
  readonly brokers: readonly string[];
  readonly partitions: number;
  readonly group: string;
  readonly checkpointMs?: number | undefined;
}

export function startWorker({ dsn, brokers, partitions, group, checkpointMs = 1_000 }: WorkerSpec): WorkerProcess {
  const args = [dsn, brokers.join(','), String(partitions), group, String(checkpointMs)];
  const profile = process.env['BENCH_PROFILE'];
  const execArgv = [...memory.flags, ...(profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [])];
  const env = { ...memory.environment, ...process.env };
  const child: ChildProcess = fork(CHILD, args, { execArgv, env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const onExit = (): boolean => child.kill('SIGKILL');
  process.once('exit', onExit);
  const heard: Said[] = [];
  let wake = Promise.withResolvers<void>();
  child.on('message', (said: Said) => {
    heard.push(said);
    wake.resolve();
    wake = Promise.withResolvers();
  });
  child.once('exit', () => {
    process.off('exit', onExit);
    wake.resolve();
  });
  return {
    tell: (told) => void child.send(told),
    says: async (what) => {
      for (;;) {
        const failed = heard.find((s) => s.what === 'failed');
        if (failed) throw new Error(`a worker failed: ${failed.error}`);
        const index = heard.findIndex((s) => s.what === what);
        const said = heard[index];
        if (said) {
          heard.splice(index, 1);
          return said;
        }
        if (child.exitCode !== null || child.signalCode !== null) throw new Error('a worker ended before its time');
        await wake.promise;
      }
    },
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      if (child.connected) child.send('end' satisfies Told);
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(timer);
    },
  };
}
