import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Io } from '../../api/cli/context.ts';
import { runCli } from '../../api/cli/run.ts';
import { systemClock } from '../../pipeline/platform/index.ts';

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. */
export async function cli(argv: readonly string[], io: Partial<Io> = {}): Promise<CliRun> {
  const said = { out: '', err: '' };
  const code = await runCli(argv, {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    tty: false,
    env: { LANG: 'en_GB.UTF-8' },
    clock: systemClock,
    signal: new AbortController().signal,
    ...io,
  });
  return { code, ...said };
}

/** An empty data folder that the server's own account can enter under root as well, so that the books stay inside it. */
export function temporaryData(name: string): string {
  const data = mkdtempSync(join(tmpdir(), `civicmeter-${name}-`));
  chmodSync(data, 0o755);
  return data;
}

export interface StartedProgram {
  readonly child: ChildProcess;
  readonly address: string;
  readonly said: () => string;
  /** Sends a signal and waits for the end. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** Starts the program as a process and waits until it is live. */
export async function startProgram(args: readonly string[], withinMs = 150_000): Promise<StartedProgram> {
  const child = spawn(process.execPath, ['api/cli/main.ts', 'start', '--port', '0', '--lang', 'en', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += String(chunk)));
  const until = Date.now() + withinMs;
  while (!/^live: /m.test(said)) {
    if (child.exitCode !== null || Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`the program did not start:\n${said}`);
    }
    await wait(100);
  }
  return {
    child,
    address: /^live: (\S+)/m.exec(said)?.[1] ?? '',
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
