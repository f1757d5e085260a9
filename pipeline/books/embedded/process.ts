import { spawn } from 'node:child_process';
import type { Account } from './account.ts';

/** No LC_* or PG* of the caller may change what the server does. */
export const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  SystemRoot: process.env['SystemRoot'],
  TZ: 'UTC',
  LC_ALL: 'C',
});

/** Runs a program of PostgreSQL to its end, as the account, in `/` (the account may not enter our own folder). */
export const runProgram = (
  file: string,
  args: readonly string[],
  account: Account | undefined,
): Promise<{ readonly code: number; readonly output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...account, cwd: '/', env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, output }));
  });

/** Also true for a process of another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
