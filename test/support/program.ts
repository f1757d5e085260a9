import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly said: () => string;
  /** Sends a signal and waits for the end. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** Starts a command of the program as a process, and waits until it has said `ready`. */
export async function runProgram(
  args: readonly string[],
  ready: RegExp,
  env: Readonly<Record<string, string>> = {},
  withinMs = 150_000,
): Promise<RunningProgram> {
  const child = spawn(process.execPath, ['api/cli/main.ts', ...args, '--lang', 'en'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += String(chunk)));
  for (const until = Date.now() + withinMs; !ready.test(said);) {
    if (child.exitCode !== null || Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`${args[0]} did not start:\n${said}`);
    }
    await wait(50);
  }
  return {
    child,
    said: () => said,
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, 'exit');
      }
      return child.exitCode;
    },
  };
}

/** Waits for a condition, and says what it waited for where it does not come. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, withinMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await holds());) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1_000} s`);
    await wait(100);
  }
}
