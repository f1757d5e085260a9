import { chmod, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configError } from '#domain';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const DIST = join(HERE, 'dist');
const SOURCES = ['src', 'public', 'index.html', 'vite.config.ts', '../../package-lock.json'];

/**
 * The folder of the built page. Builds it when it is missing or older than its sources (a few seconds), beside the old
 * one, which is replaced only when the build succeeded. Throws WEB_NOT_BUILT.
 */
export async function ensureWebBuilt(): Promise<string> {
  const built = await modifiedAt(join(DIST, 'index.html'));
  const changed = Math.max(...(await Promise.all(SOURCES.map((name) => newestIn(join(HERE, name))))));
  if (built < changed) await buildInto(DIST);
  return DIST;
}

async function buildInto(target: string): Promise<void> {
  let draft: string | undefined;
  try {
    const outDir = await mkdtemp(join(HERE, 'dist-'));
    draft = outDir;
    await chmod(outDir, 0o755);
    const { build } = await import('vite');
    const { webConfig } = await import('./vite.config.ts');
    await inProduction(() => build({ ...webConfig, build: { ...webConfig.build, outDir } }));
    await rm(target, { recursive: true, force: true });
    await rename(outDir, target);
  } catch (cause) {
    if (draft !== undefined) await rm(draft, { recursive: true, force: true });
    // another start may have built it in the meantime
    if ((await modifiedAt(join(target, 'index.html'))) > 0 && isTaken(cause)) return;
    throw configError('WEB_NOT_BUILT', `the page could not be built: ${String(cause)}`, {
      place: HERE,
      cure: 'run `npm ci` (with its development packages) as a user who may write here, then start again',
      cause,
    });
  }
}

/** The libraries choose what they are by this variable; one that a test has set would stay in the page of the next start. */
async function inProduction<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = before;
  }
}

const isTaken = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && (cause.code === 'ENOTEMPTY' || cause.code === 'EEXIST');

/** Epoch ms; 0 where there is no such file. */
async function modifiedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

async function newestIn(path: string): Promise<number> {
  const own = await stat(path).catch(() => undefined);
  if (own === undefined) return 0;
  if (!own.isDirectory()) return own.mtimeMs;
  const names = await readdir(path);
  return Math.max(own.mtimeMs, ...(await Promise.all(names.map((name) => newestIn(join(path, name))))));
}
