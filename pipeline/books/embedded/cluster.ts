import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { configError, storeError } from '#domain';
import { type Account, canEnter, serverAccount } from './account.ts';
import { type Binaries, binariesFor, exists, makeShared, program } from './binaries.ts';
import { runProgram } from './process.ts';

/**
 * A cluster on disk: `data/` (PostgreSQL's own), `password`, `port`, `server.log`. It stands at `<data folder>/postgres`; where
 * the account cannot enter that folder, `postgres` is a symbolic link to a folder below `shared`.
 */
export interface Cluster {
  readonly folder: string;
  readonly account: Account | undefined;
  readonly binaries: Binaries;
  readonly password: string;
}

export const dataOf = (cluster: Cluster): string => path.join(cluster.folder, 'data');
export const logOf = (cluster: Cluster): string => path.join(cluster.folder, 'server.log');

/** Opens the cluster of a data folder; creates it where there is none. */
export async function openCluster(dir: string, shared: string, durable = true): Promise<Cluster> {
  await mkdir(dir, { recursive: true });
  const entry = path.join(await realpath(dir), 'postgres');
  if (!(await isEntry(entry))) await createCluster(entry, shared, durable);
  const folder = await followEntry(entry);
  const account = await serverAccount(folder);
  const binaries = await binariesFor(account, shared);
  await requireOurs(folder, account, binaries);
  return { folder, account, binaries, password: (await readFile(path.join(folder, 'password'), 'utf8')).trim() };
}

const isEntry = (entry: string): Promise<boolean> =>
  lstat(entry).then(
    () => true,
    () => false,
  );

const followEntry = (entry: string): Promise<string> =>
  realpath(entry).catch((cause: unknown) => {
    throw configError('POSTGRES_FOLDER_LOST', 'the database folder that this link names is gone', {
      place: entry,
      cure: 'bring the folder back; or remove the link, start again and restore a backup',
      cause,
    });
  });

async function requireOurs(folder: string, account: Account | undefined, binaries: Binaries): Promise<void> {
  const data = path.join(folder, 'data');
  try {
    await readFile(path.join(folder, 'password'));
  } catch (cause) {
    const denied = (cause as NodeJS.ErrnoException).code === 'EACCES';
    throw denied
      ? configError('POSTGRES_FOLDER_CLOSED', 'the database folder belongs to another user', {
          place: folder,
          cure: 'start as the user who made it (root, if it was root), or change its owner',
          cause,
        })
      : configError('POSTGRES_FOLDER_FOREIGN', 'the folder holds something that CivicMeter did not put there', {
          place: folder,
          cure: 'choose another data folder, or move this one away',
          cause,
        });
  }
  const version = (await readFile(path.join(data, 'PG_VERSION'), 'utf8').catch(() => 'none')).trim();
  if (version !== binaries.major) {
    throw configError(
      'POSTGRES_VERSION_WRONG',
      `the database is of version ${version}, the server of ${binaries.major}`,
      {
        place: data,
        cure: 'back up with the release that wrote it, then restore into a new data folder with this one',
      },
    );
  }
  if (account && !(await canEnter(folder, account))) {
    throw configError('POSTGRES_FOLDER_CLOSED', 'the account of the server can no longer enter the database folder', {
      place: folder,
      cure: `give others the right to enter the folders above it again (chmod o+x), or move the data folder`,
      context: { uid: account.uid },
    });
  }
}

/** Complete or absent: made beside and renamed (or linked), so that a crash or a second process leaves nothing half. */
async function createCluster(entry: string, shared: string, durable: boolean): Promise<void> {
  const account = await serverAccount(undefined);
  const elsewhere = account !== undefined && !(await canEnter(path.dirname(entry), account));
  if (elsewhere) await makeShared(shared);
  const binaries = await binariesFor(account, shared);
  const folder = await mkdtemp(elsewhere ? path.join(shared, 'books-') : `${entry}.new-`);
  try {
    await initialise(folder, account, binaries, durable);
    await (elsewhere ? symlink(folder, entry) : rename(folder, entry));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (!(await isEntry(entry))) throw error;
  }
}

async function initialise(
  folder: string,
  account: Account | undefined,
  binaries: Binaries,
  durable: boolean,
): Promise<void> {
  const password = path.join(folder, 'password');
  await writeFile(password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (account) for (const file of [folder, password]) await chown(file, account.uid, account.gid);
  await chmod(folder, 0o700);
  const data = path.join(folder, 'data');
  const args = [
    '-D',
    data,
    '-U',
    USER,
    '-A',
    'scram-sha-256',
    `--pwfile=${password}`,
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ];
  const { code, output } = await runProgram(
    program(binaries, 'initdb'),
    [...args, ...(durable ? [] : ['--no-sync'])],
    account,
  );
  if (code === 0 && (await exists(path.join(data, 'PG_VERSION')))) return;
  throw (
    diskFull(output, folder) ??
    storeError('POSTGRES_INIT_FAILED', 'PostgreSQL could not make its data folder', {
      place: folder,
      cure: output.trim().split('\n').at(-1) ?? 'look at the output of initdb',
      context: { code, output: output.slice(-2_000) },
    })
  );
}

/** Name of the superuser and of the database. */
export const USER = 'civicmeter';

export const diskFull = (output: string, place: string): Error | undefined =>
  /No space left on device|Disk quota exceeded|There is not enough space/i.test(output)
    ? storeError('DISK_FULL', 'no space left on the disk of the books', {
        place,
        cure: 'free space there, or move the data folder to a larger disk; nothing committed is lost',
      })
    : undefined;
