import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { storeError } from '#domain';
import type { Clock } from '#platform';
import { program } from './binaries.ts';
import { type Cluster, dataOf, diskFull, logOf } from './cluster.ts';
import { environment, isAlive, runProgram } from './process.ts';

export type Settings = Readonly<Record<string, string>>;

/**
 * Loopback only, no socket file, every commit on disk. Checkpoints far apart: full-page images are half of the WAL. No
 * parallel query: it needs more shared memory than a container has by default.
 */
const SETTINGS: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  wal_level: 'minimal',
  max_wal_senders: '0',
  checkpoint_timeout: '30min',
  max_wal_size: '2GB',
  shared_buffers: '192MB',
  max_connections: '64',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  random_page_cost: '1.1',
  jit: 'off',
  idle_in_transaction_session_timeout: '5min',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
};

/** Recovery after a crash, or a checkpoint before a shutdown, may take minutes. */
const DEADLINE_MS = 300_000;
const POLL_MS = 10;
const PORT_RETRY_MS = 1_000;
const LOG_BYTES = 5_000_000;

/** Port of the cluster's server, which is started where it does not run. `fixed`: no other port will do. */
export async function ensureServer(
  cluster: Cluster,
  settings: Settings,
  clock: Clock,
  fixed?: number,
): Promise<{ readonly port: number; readonly started: boolean }> {
  const deadline = clock.now() + DEADLINE_MS;
  let launched: Launched | undefined;
  let port = fixed ?? (await usualPort(cluster));
  while (clock.now() < deadline) {
    const postmaster = await readPostmaster(cluster, clock);
    if (postmaster?.status === 'ready') return { port: postmaster.port, started: launched?.pid === postmaster.pid };
    if (launched?.exited) {
      const end = await outcome(cluster, launched);
      launched = undefined;
      if (end === 'port-taken') {
        if (fixed === undefined) port = await freePort();
        else await clock.sleep(PORT_RETRY_MS);
      }
    } else if (!launched && !postmaster) {
      await writeFile(path.join(cluster.folder, 'port'), String(port));
      launched = await launch(cluster, settings, port);
    }
    await clock.sleep(POLL_MS);
  }
  throw storeError('POSTGRES_START_FAILED', `the database server was not ready after ${DEADLINE_MS / 1_000} s`, {
    place: logOf(cluster),
    cure: 'look at the last lines of that file',
  });
}

/** Stops the server that runs now, and waits for that one only: another process may start the next at once. */
export async function stopServer(cluster: Cluster, clock: Clock): Promise<void> {
  const running = await readPostmaster(cluster, clock);
  if (!running) return;
  const args = ['stop', '-D', dataOf(cluster), '-m', 'fast', '-W'];
  const { output } = await runProgram(program(cluster.binaries, 'pg_ctl'), args, cluster.account);
  for (const deadline = clock.now() + DEADLINE_MS; await isServer(running.pid, cluster); await clock.sleep(POLL_MS)) {
    if (clock.now() < deadline) continue;
    throw storeError('POSTGRES_STOP_FAILED', `the database server did not stop: ${output.trim()}`, {
      place: cluster.folder,
      cure: 'nothing is lost; stop it with pg_ctl, or start again',
    });
  }
}

interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly status: string;
}

/** A server that starts writes its file at once; one that stays empty so long is of a machine that failed in between. */
const EMPTY_MS = 10_000;

/** What postmaster.pid says of a living server; a file that a dead one left behind is removed. */
async function readPostmaster(cluster: Cluster, clock: Clock): Promise<Postmaster | undefined> {
  const file = path.join(dataOf(cluster), 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) {
    const { size, mtimeMs } = await stat(file).catch(() => ({ size: -1, mtimeMs: 0 }));
    if (size === 0 && clock.now() - mtimeMs > EMPTY_MS) await rm(file, { force: true });
    return undefined;
  }
  if (await isServer(pid, cluster)) return { pid, port: Number(lines[3]), status: (lines[7] ?? '').trim() };
  await rm(file, { force: true });
  return undefined;
}

/** After a restart of the machine or container the number may be another program's: Linux tells. */
async function isServer(pid: number, cluster: Cluster): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.split('\0').includes(dataOf(cluster));
}

interface Launched {
  readonly pid: number | undefined;
  readonly logFrom: number;
  exited: boolean;
}

/** Detached: a Ctrl-C in the terminal reaches us, not the server, which must outlive our last commit. */
async function launch(cluster: Cluster, settings: Settings, port: number): Promise<Launched> {
  const log = logOf(cluster);
  const size = (): Promise<number> =>
    stat(log).then(
      (s) => s.size,
      () => 0,
    );
  if ((await size()) > LOG_BYTES) await rename(log, `${log}.1`);
  const logFrom = await size();
  const options = Object.entries({ ...SETTINGS, ...settings, port: String(port) });
  const args = ['-D', dataOf(cluster), ...options.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const fd = openSync(log, 'a', 0o600);
  try {
    const child = spawn(program(cluster.binaries, 'postgres'), args, {
      ...cluster.account,
      cwd: '/',
      env: environment(),
      detached: true,
      stdio: ['ignore', fd, fd],
    });
    const launched: Launched = { pid: child.pid, logFrom, exited: false };
    child.on('error', () => (launched.exited = true));
    child.on('exit', () => (launched.exited = true));
    child.unref();
    return launched;
  } finally {
    closeSync(fd);
  }
}

/** Why a server that we launched has ended already; throws where trying again cannot help. */
async function outcome(cluster: Cluster, launched: Launched): Promise<'port-taken' | 'other-process'> {
  const log = (await readFile(logOf(cluster)).catch(() => Buffer.alloc(0))).subarray(launched.logFrom).toString();
  // empty: the other one has made it and not yet written it
  if (/lock file "postmaster.pid" (already exists|is empty)|pre-existing shared memory block/.test(log))
    return 'other-process';
  if (/could not bind|could not create any TCP\/IP sockets/.test(log)) return 'port-taken';
  const lines = log.trim().split('\n');
  throw (
    diskFull(log, cluster.folder) ??
    storeError(
      'POSTGRES_START_FAILED',
      `the database server ended at its start: ${lines.at(-1) ?? 'it said nothing'}`,
      {
        place: logOf(cluster),
        cure: 'look at the last lines of that file',
        context: { log: log.slice(-2_000) },
      },
    )
  );
}

/** The port of last time, so that a DSN somebody noted stays right while the port is free. */
async function usualPort(cluster: Cluster): Promise<number> {
  const last = Number(await readFile(path.join(cluster.folder, 'port'), 'utf8').catch(() => ''));
  return Number.isInteger(last) && last > 0 ? last : freePort();
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
