import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompose, type HolderRow, holderTree, type Part } from '../../../rules/control/index.ts';

const OPTIONS = { rule: 'equal-rate', changes: {}, whole: 'all' } as const;
const row = (id: string, parent?: string, more: Partial<HolderRow> = {}): HolderRow => ({
  place: `plan.csv:${id}`,
  id,
  parent,
  ...more,
});

const idsOf = ({ id, parts }: Part): readonly unknown[] => [id, parts.map(idsOf)];
const sumsHold = ({ target, remainder, parts }: Part): boolean =>
  parts.every(sumsHold) && (parts.length === 0 || parts.reduce((sum, part) => sum + part.target, remainder) === target);

describe('rows of holders', () => {
  it('make the tree that they name, whatever their order', () => {
    const rows = [row('a1', 'a', { base: 3 }), row('p'), row('b', 'p', { base: 5 }), row('a', 'p', { base: 3 })];
    expect(idsOf(decompose(8, holderTree(rows, OPTIONS)))).toEqual([
      'p',
      [
        ['b', []],
        ['a', [['a1', []]]],
      ],
    ]);
    expect(idsOf(decompose(8, holderTree(rows.toReversed(), OPTIONS)))).toEqual([
      'p',
      [
        ['a', [['a1', []]]],
        ['b', []],
      ],
    ]);
  });

  it('with several at the top stand below a whole of their own', () => {
    expect(
      idsOf(decompose(8, holderTree([row('a', undefined, { base: 1 }), row('b', undefined, { base: 1 })], OPTIONS))),
    ).toEqual([
      'all',
      [
        ['a', []],
        ['b', []],
      ],
    ]);
  });

  it('add up to the unit at every level, of any shape', () => {
    const shapes = fc.array(fc.record({ above: fc.nat(), base: fc.integer({ min: 1_000_000, max: 1_200_000 }) }), {
      minLength: 2,
      maxLength: 30,
    });
    fc.assert(
      fc.property(shapes, fc.nat({ max: 1e9 }), (shape, target) => {
        const rows = shape.map(({ above, base }, i) => row(`h${i}`, i === 0 ? undefined : `h${above % i}`, { base }));
        expect(sumsHold(decompose(target, holderTree(rows, OPTIONS)))).toBe(true);
      }),
    );
  });

  it('take the rule of their row before that of the question, with shares and classes where it says so', () => {
    const rows = [
      row('p', undefined, { rule: 'share' }),
      row('a', 'p', { share: 0.6, rule: 'classes' }),
      row('b', 'p', { share: 0.3 }),
      row('a1', 'a', { base: 50, class: 'one' }),
    ];
    const whole = decompose(100, holderTree(rows, { ...OPTIONS, changes: { one: -0.1 } }));
    expect(whole).toMatchObject({
      rule: 'share',
      remainder: 10,
      parts: [{ target: 60, rule: 'classes' }, { target: 30 }],
    });
    expect(whole.parts[0]).toMatchObject({ remainder: 15, parts: [{ target: 45 }] });
  });

  it.each([
    ['twice', [row('a'), row('a', 'a')], 'plan.csv:a'],
    ['below one that there is not', [row('a'), row('b', 'x')], 'plan.csv:b'],
    ['below itself', [row('p'), row('q', 'p'), row('a', 'b'), row('b', 'a')], 'plan.csv:a'],
    ['all below each other', [row('a', 'b'), row('b', 'a')], 'plan.csv:a'],
    ['with a share that no rule asks for', [row('p'), row('a', 'p', { share: 0.5 })], 'plan.csv:a'],
  ])('%s are refused with their place', (_, rows, place) => {
    expect(() => holderTree(rows, OPTIONS)).toThrow(expect.objectContaining({ code: 'DECOMPOSITION_INVALID', place }));
  });
});
