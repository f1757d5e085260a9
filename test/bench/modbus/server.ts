import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ended, spawnOnCore } from '../cores.ts';
import { DEVICES } from './site.ts';

const SOURCE = join(import.meta.dirname, 'server.c');

export interface WordServer {
  /** The i-th is that of unit i + 1. */
  readonly ports: readonly number[];
  /** Answers nothing any more; how many answers each unit gave, by unit. */
  readonly hold: () => Promise<readonly number[]>;
  readonly close: () => Promise<void>;
}

/** The server of server.c on one core. Its program is compiled once per source, into `cache`. */
export async function startWordServer(cache: string, core: number, seed: number): Promise<WordServer> {
  const server = spawnOnCore(core, compiled(cache), [String(DEVICES), String(seed)], ['pipe', 'pipe', 'inherit']);
  if (!server.stdin || !server.stdout) throw new Error('the server has no pipes');
  const { stdin } = server;
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const numbers = async (): Promise<readonly number[]> => {
    const { value } = await lines.next();
    if (value === undefined) throw new Error('the server ended');
    return value.trim().split(' ').map(Number);
  };
  return {
    ports: await numbers(),
    hold: () => {
      stdin.write('hold\n');
      return numbers();
    },
    close: async () => {
      stdin.end();
      await ended(server);
    },
  };
}

function compiled(cache: string): string {
  const program = join(
    cache,
    `modbus-server-${createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16)}`,
  );
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const fresh = `${program}.${process.pid}`;
  execFileSync('gcc', ['-O2', '-o', fresh, SOURCE], { stdio: 'inherit' });
  renameSync(fresh, program);
  return program;
}
