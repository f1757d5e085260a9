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
    draft = await mkdtemp(join(HERE, 'dist-'));
    await chmod(draft, 0o755);
    const { build } = await import('vite');
    const { webConfig } = await import('./vite.config.ts');
    await build({ ...webConfig, build: { ...webConfig.build, outDir: draft } });
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
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
