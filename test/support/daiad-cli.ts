import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CliRun } from './cli.ts';

const MAIN = fileURLToPath(new URL('../../api/cli/main.ts', import.meta.url));
const SURROUNDINGS = { ...process.env, LANG: 'en', LC_ALL: 'en', NO_COLOR: '1' };

/** `civicmeter …` as a process of its own, as a person runs it. */
export const runProcess = (...args: readonly string[]): Promise<CliRun> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { env: SURROUNDINGS, stdio: ['ignore', 'pipe', 'pipe'] });
    const text = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text.out += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (text.err += part));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, ...text }));
  });
