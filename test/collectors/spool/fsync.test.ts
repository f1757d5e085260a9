import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mutantArguments } from '../../mutants/mutate.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace && process.env['CI']) throw new Error('strace is missing: this machine must have it');

const APPENDS = 20;

describe.skipIf(!hasStrace)('what the operating system is asked (skipped without strace)', () => {
  it('has the write-ahead log on the disk before each append is acknowledged', () => {
    const folder = mkdtempSync(join(tmpdir(), 'spool-'));
    try {
      const trace = join(folder, 'trace');
      const child = fileURLToPath(new URL('fsync-child.ts', import.meta.url));
      execFileSync(
        'strace',
        [
          '-f',
          '-y',
          '-e',
          'trace=fdatasync,fsync,write',
          '-o',
          trace,
          process.execPath,
          ...mutantArguments(),
          child,
          folder,
          `${APPENDS}`,
        ],
        { stdio: 'pipe' },
      );
      const steps = readFileSync(trace, 'utf8')
        .split('\n')
        .flatMap((line) =>
          /f(data)?sync\(\d+<[^>]*spool\.sqlite-wal>/.test(line)
            ? ['sync']
            : /"acknowledged/.test(line)
              ? ['told']
              : [],
        );
      expect(steps.filter((step) => step === 'told')).toHaveLength(APPENDS);
      const unsynced = steps.filter((step, i) => step === 'told' && steps[i - 1] !== 'sync');
      expect(unsynced).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
