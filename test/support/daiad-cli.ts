import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#platform';
import { runCli } from '../../api/cli/run.ts';

export interface CommandEnd {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const MAIN = fileURLToPath(new URL('../../api/cli/main.ts', import.meta.url));
const SURROUNDINGS = { ...process.env, LANG: 'en', LC_ALL: 'en', NO_COLOR: '1' };

/** `civicmeter …` as a process of its own. */
export const runProcess = (...args: readonly string[]): Promise<CommandEnd> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { env: SURROUNDINGS, stdio: ['ignore', 'pipe', 'pipe'] });
    const text = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text.out += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (text.err += part));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, ...text }));
  });

/** The same command line in this process, where many are to be run. */
export async function runHere(...args: readonly string[]): Promise<CommandEnd> {
  const text = { out: '', err: '' };
  const code = await runCli(args, {
    out: (part) => (text.out += part),
    err: (part) => (text.err += part),
    tty: false,
    env: SURROUNDINGS,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  return { code, ...text };
}
