import { describe, expect, it } from 'vitest';
import { booksOf, dumpOf } from './oracle.ts';
import { usedBetween } from './usage.ts';
import { disturbed, worldOf } from './world.ts';

const SEEDS = Array.from({ length: 25 }, (_, i) => i + 1);
const uncounted = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith('count|'));

describe('the oracle over random worlds', () => {
  it('says the same of a log that came twice, late and in any order', () => {
    for (const seed of SEEDS) {
      const world = worldOf(seed);
      const expected = uncounted(dumpOf(world).lines);
      for (const order of [2 * seed, 2 * seed + 1]) {
        expect(uncounted(dumpOf(disturbed(world, order)).lines), `seed ${seed}, order ${order}`).toEqual(expected);
      }
    }
  });

  it('telescopes: slots add up to what the meters say between any two instants', () => {
    for (const seed of SEEDS) {
      const { judgements, hours, days } = booksOf(worldOf(seed));
      const total = (amounts: Iterable<{ readonly amount: bigint }>): bigint =>
        [...amounts].reduce((sum, { amount }) => sum + amount, 0n);
      for (const [point, slots] of hours) {
        expect(total(days.get(point)?.values() ?? [])).toBe(total(slots.values()));
        const own = judgements.filter((judgement) => judgement.meter.json.point === point);
        if (own.length === 0) continue;
        const whole = own.map((judgement) => ({ amount: usedBetween(judgement, -Infinity, Infinity) }));
        expect(total(slots.values()), `seed ${seed}, ${point}`).toBe(total(whole));
      }
    }
  });

  it('meets every fault, finding, reason and quality somewhere', () => {
    const seen = new Set(
      SEEDS.flatMap((seed) =>
        dumpOf(worldOf(seed)).lines.map((line) => {
          const fields = line.split('|');
          return fields[0] === 'finding'
            ? `${fields[3]} ${fields.at(-1)}`
            : fields[0] === 'count'
              ? (fields[2] ?? '')
              : line.split('|')[0];
        }),
      ),
    );
    const kinds = ['outlier 0', 'pending 0', 'break 0', 'break 1', 'gap 0', 'conflict 0'];
    const reasons = [
      'not-a-frame',
      'unknown-site',
      'unknown-device',
      'unknown-register',
      'not-an-integer',
      'future',
      'before-mounting',
      'beyond-face',
    ];
    for (const expected of [
      ...kinds,
      ...reasons.map((reason) => `quarantined:${reason}`),
      'folded',
      'gauge',
      'party',
    ]) {
      expect(seen).toContain(expected);
    }
  });
});
