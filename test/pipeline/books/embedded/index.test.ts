import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { binariesFor } from '../../../../pipeline/books/embedded/binaries.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../../pipeline/books/embedded/index.ts';
import { isAlive } from '../../../../pipeline/books/embedded/process.ts';
import { silentTelemetry } from '../../../support/postgres.ts';

const asRoot = process.getuid?.() === 0;
const telemetry = silentTelemetry();

let root: string;
let dir: string;
let shared: string;
let cleanups: (() => unknown)[];

let template: string;

beforeAll(async () => {
  template = await mkdtemp(path.join(tmpdir(), 'civicmeter-template-'));
  await chmod(template, 0o755);
  const server = await startEmbeddedPostgres({ dir: template, telemetry });
  await server.stop();
});
afterAll(() => rm(template, { recursive: true, force: true }));

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'civicmeter-embedded-'));
  await chmod(root, 0o755);
  [dir, shared, cleanups] = [path.join(root, 'data'), path.join(root, 'shared'), []];
});
afterEach(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
  await rm(root, { recursive: true, force: true });
});

async function start(options: { readonly dir?: string } = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dir, shared, telemetry, ...options });
  cleanups.push(() => server.stop());
  return server;
}

/** A data folder with a database made before: making one takes the longest. */
async function startMade(): Promise<EmbeddedPostgres> {
  await mkdir(dir);
  execFileSync('cp', ['-a', path.join(template, 'postgres'), dir]);
  return start();
}

async function ask<T>(dsn: string, query: string): Promise<T | undefined> {
  const client = new Client({ connectionString: dsn });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ a: T }>(query);
    return rows[0]?.a;
  } finally {
    await client.end();
  }
}

const pidOf = async (folder = dir): Promise<number> =>
  Number((await readFile(path.join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);

/** An orphan that nobody reaps is dead as well; between its last file and its end a process runs for a moment. */
const runs = (pid: number): boolean => {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

async function until(condition: () => unknown, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Another process of ours that holds the server of the folder. */
async function holder(): Promise<{ readonly child: ChildProcess; readonly dsn: string }> {
  const script = fileURLToPath(new URL('hold-forever.ts', import.meta.url));
  const child = spawn(process.execPath, [script, dir, shared], { stdio: ['pipe', 'pipe', 'inherit'] });
  cleanups.push(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await until(() => output.includes('\n') || child.exitCode !== null, 'the other process holds the server');
  return { child, dsn: output.trim() };
}

const ended = (child: ChildProcess): Promise<void> =>
  until(() => child.exitCode !== null || child.signalCode !== null, 'the other process ended');

describe('the embedded server', () => {
  test('is made in the data folder, keeps what it was told and its address, and every commit is on disk', async () => {
    const first = await start();
    expect(await ask(first.dsn, `select current_setting('fsync') || current_setting('synchronous_commit') a`)).toBe(
      'onon',
    );
    expect(await ask(first.dsn, `select current_setting('listen_addresses') a`)).toBe('127.0.0.1');
    await ask(first.dsn, 'create table t as select 42 a');
    const pid = await pidOf();
    await first.stop();
    await until(() => !runs(pid), 'the server is gone');
    const second = await start();
    expect(second.dsn).toBe(first.dsn);
    expect(await ask(second.dsn, 'select a from t')).toBe(42);
  });

  test('asks for its password', async () => {
    const { dsn } = await startMade();
    const url = new URL(dsn);
    url.password = 'guess';
    await expect(ask(url.href, 'select 1 a')).rejects.toMatchObject({ code: '28P01' });
  });

  test('is shared: whoever lets go last stops it', async () => {
    const [mine, other] = [await startMade(), await holder()];
    expect(other.dsn).toBe(mine.dsn);
    const pid = await pidOf();
    await mine.stop();
    expect(await ask(mine.dsn, 'select 1 a')).toBe(1);
    other.child.stdin?.write('stop\n');
    await ended(other.child);
    await until(() => !runs(pid), 'the server is gone');
  });

  test('outlives a killed process; the next joins it and stops it in order', async () => {
    const { child, dsn } = await holder();
    await ask(dsn, 'create table t as select 42 a');
    const pid = await pidOf();
    child.kill('SIGKILL');
    await ended(child);
    expect(runs(pid)).toBe(true);
    const next = await start();
    expect(await pidOf()).toBe(pid);
    expect(await ask(next.dsn, 'select a from t')).toBe(42);
    await next.stop();
    await until(() => !runs(pid), 'the server is gone');
  });

  test('is one, when several start it at once in an empty folder', async () => {
    const [one, two, other] = await Promise.all([start(), start(), holder()]);
    expect(new Set([one, two, other].map(({ dsn }) => dsn)).size).toBe(1);
    // killed, it would hold the server for a moment longer, and nobody would stop it
    other.child.stdin?.write('stop\n');
    await ended(other.child);
  });

  test('that a stopping process takes down is started again for one that just came', async () => {
    let current = await startMade();
    for (let i = 0; i < 10; i++) {
      const [next] = await Promise.all([start(), current.stop()]);
      expect(await ask(next.dsn, 'select 1 a')).toBe(1);
      current = next;
    }
    const others = await Promise.all([start(), start()]);
    const pid = await pidOf();
    await Promise.all([current, ...others].map((server) => server.stop()));
    await until(() => !runs(pid), 'the server is gone');
  });

  test('that dies under us comes back at the same address with all that was committed', async () => {
    const { dsn } = await startMade();
    await ask(dsn, 'create table t as select 42 a');
    const pid = await pidOf();
    process.kill(pid, 'SIGKILL');
    await until(() => ask(dsn, 'select a from t').catch(() => undefined), 'the server is back');
    expect(await ask(dsn, 'select a from t')).toBe(42);
    expect(await pidOf()).not.toBe(pid);
  });

  test('takes another port when its own is in use', async () => {
    const first = await startMade();
    await first.stop();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(first.port, '127.0.0.1', resolve));
    cleanups.push(() => squatter.close());
    const second = await start();
    expect(second.port).not.toBe(first.port);
    expect(await ask(second.dsn, 'select 1 a')).toBe(1);
  });

  test.runIf(process.platform === 'linux')(
    'starts although a file of before a reboot names a living process',
    async () => {
      const first = await startMade();
      await first.stop();
      await writeFile(
        path.join(dir, 'postgres', 'data', 'postmaster.pid'),
        `${process.ppid}\n/elsewhere\n1\n1\n\n\n\nready\n`,
      );
      const second = await start();
      expect(await ask(second.dsn, 'select 1 a')).toBe(1);
    },
  );

  test('waits for one that another process is just starting, and has only made its file', async () => {
    const first = await startMade();
    await first.stop();
    const file = path.join(dir, 'postgres', 'data', 'postmaster.pid');
    await writeFile(file, '');
    const starting = start();
    const log = path.join(dir, 'postgres', 'server.log');
    await until(async () => (await readFile(log, 'utf8')).includes('is empty'), 'the server met the empty file');
    await rm(file);
    expect(await ask((await starting).dsn, 'select 1 a')).toBe(1);
  });

  test('starts although the machine failed when a server had made its file and not yet written it', async () => {
    const first = await startMade();
    await first.stop();
    const file = path.join(dir, 'postgres', 'data', 'postmaster.pid');
    await writeFile(file, '');
    await utimes(file, new Date(0), new Date(0));
    expect(await ask((await start()).dsn, 'select 1 a')).toBe(1);
  });
});

describe('the server refuses', () => {
  test('a folder with something of somebody else in it, and leaves it alone', async () => {
    const file = path.join(dir, 'postgres', 'thesis.txt');
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, 'mine');
    await expect(start()).rejects.toMatchObject({ code: 'POSTGRES_FOLDER_FOREIGN', place: path.join(dir, 'postgres') });
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  test('a database of another version of PostgreSQL', async () => {
    const first = await startMade();
    await first.stop();
    await writeFile(path.join(dir, 'postgres', 'data', 'PG_VERSION'), '15\n');
    await expect(start()).rejects.toMatchObject({ code: 'POSTGRES_VERSION_WRONG', kind: 'ConfigError' });
  });

  test('a data folder whose database is gone', async () => {
    await mkdir(dir);
    await symlink(path.join(root, 'gone'), path.join(dir, 'postgres'));
    await expect(start()).rejects.toMatchObject({ code: 'POSTGRES_FOLDER_LOST' });
  });

  test('to start on damaged files, with the last words of the server', async () => {
    const first = await startMade();
    await first.stop();
    await rm(path.join(dir, 'postgres', 'data', 'global', 'pg_control'));
    await expect(start()).rejects.toMatchObject({
      code: 'POSTGRES_START_FAILED',
      message: expect.stringContaining('pg_control') as unknown,
      place: path.join(dir, 'postgres', 'server.log'),
    });
  });

  test.runIf(asRoot && process.platform === 'linux')('a full disk, and leaves nothing half behind', async () => {
    await mkdir(dir);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'none', dir]);
    cleanups.push(() => execFileSync('umount', [dir]));
    await expect(start()).rejects.toMatchObject({ code: 'DISK_FULL', kind: 'StoreError' });
    await expect(lstat(path.join(dir, 'postgres'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe.runIf(asRoot)('under root, in a folder that no other user can enter', () => {
  test('the database is put where the account of the server can enter, and found again', async () => {
    const umask = process.umask(0o077);
    cleanups.push(() => process.umask(umask));
    const closed = path.join(root, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const inside = path.join(closed, 'data');
    const first = await start({ dir: inside });
    expect((await lstat(path.join(inside, 'postgres'))).isSymbolicLink()).toBe(true);
    await ask(first.dsn, 'create table t as select 42 a');
    expect((await lstat(path.join(inside, 'postgres', 'data'))).uid).not.toBe(0);
    await first.stop();
    const second = await start({ dir: inside });
    expect(await ask(second.dsn, 'select a from t')).toBe(42);
  });

  test('the binaries are copied once, links as links', async () => {
    const folder = path.join(root, 'closed', 'native');
    await mkdir(path.join(folder, 'bin'), { recursive: true });
    await mkdir(path.join(folder, 'lib'));
    await chmod(path.join(root, 'closed'), 0o700);
    await writeFile(path.join(folder, 'bin', 'postgres'), 'binary', { mode: 0o700 });
    await symlink('libpq.so.5.18', path.join(folder, 'lib', 'libpq.so'));
    const account = { uid: 65_534, gid: 65_534 };
    const packaged = { folder, major: '18', version: '18.4.0' };
    const all = await Promise.all([1, 2, 3].map(() => binariesFor(account, shared, packaged)));
    expect(all).toEqual(all.map(() => ({ folder: path.join(shared, 'postgresql-18.4.0'), major: '18' })));
    expect((await lstat(path.join(shared, 'postgresql-18.4.0', 'lib', 'libpq.so'))).isSymbolicLink()).toBe(true);
    expect((await lstat(path.join(shared, 'postgresql-18.4.0', 'bin', 'postgres'))).mode & 0o777).toBe(0o755);
    await chmod(path.join(root, 'closed'), 0o755);
    expect(await binariesFor(account, shared, packaged)).toMatchObject({ folder });
  });
});
