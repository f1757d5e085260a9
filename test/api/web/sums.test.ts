import { describe, expect, it } from 'vitest';
import { differences, sumOfTerms } from '../../../api/web/src/sums.ts';
import { fakeUsage } from '../../support/fake-usage.ts';
import { NOW } from '../http/setup.ts';

describe('what the page adds up', () => {
  it('takes a term with a minus away', () => {
    expect(sumOfTerms([{ amount: 50 }, { amount: 8, sign: -1 }, { amount: 2, sign: 1 }])).toBe(44);
  });

  it('names by how much the parts of a carrier miss the whole', () => {
    const usage = (amount: number) => {
      const answer = fakeUsage(
        { site: 'compound', subject: { kind: 'site' }, interval: { from: NOW - 1, to: NOW }, by: 'day' },
        NOW,
      );
      return { unit: answer.unit, total: { ...answer.total, amount } };
    };
    const parties = ['a', 'b', '~site'].map((key) => ({ key, carriers: ['electricity' as const] }));
    const values = (a: number) => ({
      'a/electricity': usage(a),
      'b/electricity': usage(2),
      '~site/electricity': usage(10),
    });
    expect(differences(parties, ['electricity'], values(8))).toEqual([]);
    expect(differences(parties, ['electricity'], values(5))).toEqual(['3 Wh']);
  });
});
