import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from './faults.ts';
import { firstSeed, keptSeeds } from './seeds.ts';
import { faultOf, simulate } from './simulate.ts';

// Kathmandu is no whole number of quarter hours from any slot that might be cut by local time
process.env['TZ'] = 'Asia/Kathmandu';

/** Asked once: the commit may change while the tests run. */
const FROM = firstSeed();
const SEEDS = Number(process.env['CIVICMETER_SEEDS'] ?? 200);

describe('the core in simulated days', () => {
  it(
    `books what was read, once, whatever fails: ${SEEDS} seeds of this commit, and those that found a defect once`,
    { timeout: 900_000 },
    async () => {
      const fired = new Map<string, number>();
      for (const seed of [...keptSeeds(), ...Array.from({ length: SEEDS }, (_, i) => FROM + i)]) {
        const outcome = await simulate(seed);
        expect(faultOf(outcome), `npm run simulate -- --from ${seed} --seeds 1`).toBeUndefined();
        for (const [kind, count] of Object.entries(outcome.fired)) fired.set(kind, (fired.get(kind) ?? 0) + count);
      }
      expect(FAULT_KINDS.filter((kind) => (fired.get(kind) ?? 0) === 0)).toEqual([]);
    },
  );

  it('runs a seed the same way again', async () => {
    expect(await simulate(FROM)).toEqual(await simulate(FROM));
  });
});
