import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of its own, by the options of a tmpfs: `size=12m`. Undefined where nothing can be mounted: only root may. */
export function mountDisk(options: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0) return folder;
  rmSync(folder, { recursive: true });
  return undefined;
}

export const unmountDisk = (folder: string): void => {
  spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
};

/** For `describe.skipIf(skipDisk(…))`: in CI a disk is needed, elsewhere its tests are skipped, which it says. */
export function skipDisk(options: string): boolean {
  const folder = mountDisk(options);
  if (folder !== undefined) unmountDisk(folder);
  else if (process.env['CI']) throw new Error('the tests of a full disk must run in CI, but nothing can be mounted');
  else process.stderr.write('skipping the tests of a full disk: nothing can be mounted\n');
  return folder === undefined;
}
