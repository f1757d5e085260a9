import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inRuns } from '../../../pipeline/platform/index.ts';

test('runs are, one after the other, all of the list, and none has room for the next item', () => {
  const items = fc.array(fc.record({ size: fc.integer({ min: 0, max: 5 }) }), { maxLength: 30 });
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 9 }), (list, most) => {
      const sizeOf = ({ size }: { readonly size: number }): number => size;
      const runs = [...inRuns(list, most, sizeOf)];
      expect(runs.flat()).toEqual(list);
      const sizeOfAll = (run: typeof list): number => run.reduce((sum, item) => sum + sizeOf(item), 0);
      for (const [i, run] of runs.entries()) {
        expect(run.length).toBeGreaterThan(0);
        expect(run.length === 1 || sizeOfAll([...run]) <= most).toBe(true);
        const next = runs[i + 1]?.[0];
        expect(next === undefined || sizeOfAll([...run]) + next.size > most).toBe(true);
      }
    }),
  );
});
