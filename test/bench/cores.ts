import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';

/** A process, with all its threads, on one core, where the machine can do that and has more than one. */
export function spawnOnCore(core: number, command: string, args: readonly string[], stdio: StdioOptions): ChildProcess {
  const canPin = process.platform === 'linux' && availableParallelism() > 1;
  return canPin
    ? spawn('taskset', ['-c', String(core), command, ...args], { stdio })
    : spawn(command, [...args], { stdio });
}

/** When it has ended, however. */
export const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
};

/** The next message of a child started with a channel (its own code, so its shape is trusted). Rejects where it ends before. */
export const messageOf = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`a process of the bench ended with ${code}`));
    child.once('exit', onExit).once('error', reject);
    child.once('message', (message) => {
      child.off('exit', onExit).off('error', reject);
      resolve(message as T);
    });
  });
