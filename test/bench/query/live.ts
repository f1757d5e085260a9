import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Fleet } from '../core/fleet.ts';

const CHILD = fileURLToPath(new URL('./live-child.ts', import.meta.url));

/** Readings that keep coming, 667/s, in a process of its own. `stop`: commits the rest and gives how many came. */
export function startLive(dsn: string, { seed, devices }: Fleet): { readonly stop: () => Promise<number> } {
  const child = fork(CHILD, [dsn, String(seed), String(devices)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const onExit = (): boolean => child.kill('SIGKILL');
  process.once('exit', onExit);
  const ended = once(child, 'exit').then(([code]) => {
    process.off('exit', onExit);
    throw new Error(`the process that books live readings ended by itself, code ${code}`);
  });
  ended.catch(() => undefined);
  return {
    stop: async () => {
      const sent = once(child, 'message').then(([count]) => Number(count));
      child.send('stop');
      return Promise.race([sent, ended]);
    },
  };
}
