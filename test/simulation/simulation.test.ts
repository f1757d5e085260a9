import { describe, expect, it } from 'vitest';
import { neverHit, totalOf } from './coverage.ts';
import { outcomesOf } from './pool.ts';
import { firstSeed, keptSeeds } from './seeds.ts';
import { faultOf, type Outcome, simulate } from './simulate.ts';

// Kathmandu is no whole number of quarter hours from any slot that might be cut by local time
process.env['TZ'] = 'Asia/Kathmandu';

/** Asked once: the commit may change while the tests run. */
const FROM = firstSeed();
const SEEDS = Number(process.env['CIVICMETER_SEEDS'] ?? 200);
const THREADS = 2;

describe('the core in simulated days', () => {
  it(
    `books what was read, once, whatever fails: ${SEEDS} seeds of this commit, and those that found a defect once`,
    { timeout: 900_000 },
    async () => {
      const outcomes: Outcome[] = [];
      const tasks = [...keptSeeds(), ...Array.from({ length: SEEDS }, (_, i) => ({ seed: FROM + i }))];
      for await (const outcome of outcomesOf(tasks, THREADS)) {
        const { seed, days } = outcome;
        expect(faultOf(outcome), `npm run simulate -- 1 --from ${seed} --days ${days}`).toBeUndefined();
        outcomes.push(outcome);
      }
      const never = neverHit(totalOf(outcomes.map(({ branches }) => branches)));
      expect(never.filter((name) => name.startsWith('fault '))).toEqual([]);
    },
  );

  it('runs a seed the same way again', async () => {
    expect(await simulate(FROM)).toEqual(await simulate(FROM));
  });
});
