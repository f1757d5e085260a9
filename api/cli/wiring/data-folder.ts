import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { configError } from '#domain';

/** Files of a data folder. */
export const filesOf = (data: string) => ({
  run: join(data, 'run.json'),
  log: join(data, 'civicmeter.log'),
  spool: join(data, 'spool.sqlite'),
  postgres: join(data, 'postgres'),
  certificates: join(data, 'certificates'),
  opcUaMarks: join(data, 'opcua-marks'),
  gateway: join(data, 'gateway.json'),
});

const runSchema = z.strictObject({
  pid: z.int(),
  /** When the process began, in ticks since the machine's start, where /proc tells: a reused pid is another process. */
  began: z.string().nullable(),
  role: z.string(),
  address: z.string().nullable(),
  /** Where it keeps its books, null: in the folder; a collector has none. */
  books: z.string().nullable().optional(),
});

export type Run = z.infer<typeof runSchema>;

export interface Claimed {
  /** Makes the address known to commands beside this process. */
  readonly announce: (address: string) => void;
  readonly release: () => void;
}

/** The process that holds the folder now; a file that a killed process left behind holds nothing. */
export function readRun(data: string): Run | undefined {
  let text: string;
  try {
    text = readFileSync(filesOf(data).run, 'utf8');
  } catch {
    return undefined;
  }
  const parsed = runSchema.safeParse(parseJson(text));
  return parsed.success && isAlive(parsed.data) ? parsed.data : undefined;
}

/**
 * Takes the data folder for this process: one at a time. Throws DATA_IN_USE, DATA_UNWRITABLE. Two that begin in the same
 * instant are told apart by the lock of the spool file.
 */
export function claimFolder(data: string, role: string, books?: string | null): Claimed {
  const holder = readRun(data);
  if (holder) {
    throw configError('DATA_IN_USE', `the data folder is in use by process ${holder.pid} (${holder.role})`, {
      place: data,
      cure: `end that process, or name another folder with --data`,
    });
  }
  const own: Run = { pid: process.pid, began: beganAt(process.pid), role, address: null, books };
  write(data, own);
  return {
    announce: (address) => write(data, { ...own, address }),
    release: () => {
      if (readRun(data)?.pid === process.pid) rmSync(filesOf(data).run, { force: true });
    },
  };
}

function write(data: string, run: Run): void {
  const { run: file } = filesOf(data);
  try {
    mkdirSync(data, { recursive: true });
    writeFileSync(`${file}.new`, `${JSON.stringify(run)}\n`);
    renameSync(`${file}.new`, file);
  } catch (cause) {
    throw configError('DATA_UNWRITABLE', `the data folder cannot be written: ${data}`, {
      place: data,
      cure: 'give this user the right to write there, or name another folder with --data',
      cause,
    });
  }
}

function isAlive({ pid, began }: Run): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to another user
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return began === null || began === beganAt(pid);
}

/**
 * Field 22 of /proc/<pid>/stat (proc(5)), null without /proc or where the process is a zombie: dead, and not yet
 * collected by its parent. The name in field 2 may hold blanks and brackets.
 */
function beganAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? null : (rest[18] ?? null);
  } catch {
    return null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
