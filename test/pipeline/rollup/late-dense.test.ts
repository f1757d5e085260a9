import { afterAll, describe, expect, it } from 'vitest';
import { stopPostgres } from '../../support/postgres.ts';
import { denseCase, differences, SEEDS } from './late-cases.ts';

afterAll(stopPostgres);

describe('judging again equals judging from the start', () => {
  it.each(SEEDS)(
    'readings and events that come later, two months at a quarter of an hour, four sites (%i)',
    { timeout: 120_000 },
    async (seed) => {
      const cases = Array.from({ length: 4 }, (_, i) => denseCase(seed * 100 + i));
      expect(await differences(cases, seed)).toEqual([]);
    },
  );
});
