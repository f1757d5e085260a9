import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const keptSchema = z.strictObject({
  seeds: z.array(z.strictObject({ seed: z.int(), days: z.int().positive(), found: z.string() })),
});

/** Seeds that found a defect once: each commit runs them all. */
export const keptSeeds = (): z.infer<typeof keptSchema>['seeds'] =>
  keptSchema.parse(JSON.parse(readFileSync(new URL('kept-seeds.json', import.meta.url), 'utf8'))).seeds;

/** Where a commit's own seeds begin: other commits try other worlds; the same commit always the same. */
export function firstSeed(): number {
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number.parseInt(commit.slice(0, 7), 16);
  } catch {
    return 1;
  }
}
