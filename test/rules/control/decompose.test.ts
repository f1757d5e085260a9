import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decompose, type Holder, type Part } from '../../../rules/control/index.ts';

const base = fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined });
const classes = { one: -0.12, two: -0.1, three: -0.075 };

const rules = fc.constantFrom<NonNullable<Holder['rule']>>(
  { kind: 'equal-rate' },
  { kind: 'classes', changes: classes },
  { kind: 'share', shares: { h0: 0.4, h1: 0.125 } },
);

/** Trees under any of the three rules, with bases and classes that may be unknown. */
const holders = (levels: number): fc.Arbitrary<Holder> => {
  const own = { id: fc.constant('h'), base, class: fc.constantFrom('one', 'two', 'three', undefined) };
  if (levels === 1) return fc.record(own);
  const below = fc
    .array(holders(levels - 1), { minLength: 2, maxLength: 4 })
    .map((children) => children.map((child, at) => ({ ...child, id: `h${at}` })));
  return fc.oneof(fc.record({ ...own, rule: rules, below }), holders(1));
};

function everywhere(part: Part, check: (part: Part) => void): void {
  check(part);
  for (const child of part.parts) everywhere(child, check);
}

test('at every level the parts and the remainder add up to the parent exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 6 }), holders(4), (target, holder) => {
      everywhere(decompose(target, holder), (part) => {
        expect(part.parts.every((child) => Number.isSafeInteger(child.target) && child.target >= 0)).toBe(true);
        const held = part.parts.reduce((sum, child) => sum + child.target, part.remainder);
        expect(held).toBe(part.rule === undefined ? 0 : part.target);
      });
    }),
    { numRuns: 300 },
  );
});

test('at an equal rate, with bases that add up, nothing is left over and all change alike', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 10 ** 9 }), { minLength: 1, maxLength: 30 }),
      fc.nat(),
      (bases, target) => {
        const whole = bases.reduce((a, b) => a + b, 0);
        const below = bases.map((amount, at) => ({ id: `c${at}`, base: amount }));
        const part = decompose(target, { id: 'city', base: whole, below });
        expect(part.remainder).toBe(0);
        part.parts.forEach(({ target: own, base: from = 0 }) => {
          expect(Math.abs(own - (from * target) / whole)).toBeLessThanOrEqual(1);
        });
      },
    ),
  );
});

test('province, city, county, institution: the remainder is what nobody below claims', () => {
  const part = decompose(950, {
    id: 'province',
    base: 1000,
    below: [
      {
        id: 'lanzhou',
        base: 600,
        below: [{ id: 'chengguan', base: 400, below: [{ id: 'school', base: 100 }, { id: 'court' }] }],
      },
      { id: 'tianshui', base: 300 },
    ],
  });
  expect(part).toMatchObject({ change: -0.050000000000000044, remainder: 95 });
  expect(part.parts.map(({ id, target }) => [id, target])).toEqual([
    ['lanzhou', 570],
    ['tianshui', 285],
  ]);
  const county = part.parts[0]?.parts[0];
  expect(county).toMatchObject({ target: 380, remainder: 285, without: [{ id: 'court', reason: 'no-base' }] });
});

test('three classes of prefectures: what they promise beyond the target stands as a remainder below 0', () => {
  const below = [
    { id: 'a', base: 100, class: 'one' },
    { id: 'b', base: 100, class: 'two' },
    { id: 'c', base: 100 },
  ];
  const part = decompose(170, { id: 'province', base: 300, rule: { kind: 'classes', changes: classes }, below });
  expect(part.parts.map(({ target }) => target)).toEqual([88, 90]);
  expect(part).toMatchObject({ remainder: -8, without: [{ id: 'c', reason: 'no-class' }] });
});

test('stated shares are taken of the target, the rest is a reserve', () => {
  const rule = { kind: 'share', shares: { a: 0.1, b: 0.2 } } as const;
  const part = decompose(101, { id: 'p', rule, below: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] });
  expect(part.parts.map(({ target }) => target)).toEqual([10, 20]);
  expect(part).toMatchObject({ remainder: 71, without: [{ id: 'c', reason: 'no-share' }] });
});

test.each<[string, number, Holder]>([
  ['a target below 0', -1, { id: 'p' }],
  ['a holder twice', 1, { id: 'p', below: [{ id: 'a' }, { id: 'a' }] }],
  [
    'shares above the whole',
    1,
    { id: 'p', rule: { kind: 'share', shares: { a: 0.6, b: 0.5 } }, below: [{ id: 'a' }, { id: 'b' }] },
  ],
  ['a share of nobody', 1, { id: 'p', rule: { kind: 'share', shares: { z: 0.1 } }, below: [{ id: 'a' }] }],
  ['a base below 0', 1, { id: 'p', base: 10, below: [{ id: 'a', base: -3 }] }],
  [
    'a change below −1',
    1,
    { id: 'p', rule: { kind: 'classes', changes: { x: -1.5 } }, below: [{ id: 'a', base: 3, class: 'x' }] },
  ],
])('%s is refused with its place', (_, target, holder) => {
  expect(() => decompose(target, holder)).toThrow(
    expect.objectContaining({ code: 'DECOMPOSITION_INVALID', place: expect.any(String), cure: expect.any(String) }),
  );
});
