import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mutated } from './mutate.ts';
import { MUTANTS } from './mutants.ts';

describe('the mutants', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s fits the code as it is', (_, mutant) => {
    const code = readFileSync(new URL(`../../${mutant.file}`, import.meta.url), 'utf8');
    expect(mutated(mutant, code)).not.toBe(code);
  });

  // minutes: a user's machine runs them by `npm run mutants`
  it.runIf(process.env['CI'])('are caught by the short suite, every one', { timeout: 900_000 }, () => {
    const { stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url))], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}'), stderr).toEqual({
      caught: MUTANTS.length,
      total: MUTANTS.length,
    });
  });
});
