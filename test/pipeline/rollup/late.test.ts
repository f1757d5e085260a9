import { afterAll, describe, expect, it } from 'vitest';
import { stopPostgres } from '../../support/postgres.ts';
import { shortCase, differences, SEEDS } from './late-cases.ts';

afterAll(stopPostgres);

describe('judging again equals judging from the start', () => {
  it.each(SEEDS)(
    'readings, events and changes that come later, ten small sites at once (%i)',
    { timeout: 120_000 },
    async (seed) => {
      const cases = Array.from({ length: 10 }, (_, i) => shortCase(seed * 100 + i));
      expect(await differences(cases, seed)).toEqual([]);
    },
  );
});
