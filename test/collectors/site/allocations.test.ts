import { describe, expect, it } from 'vitest';
import { BASE, codes, point } from '../../support/sites.ts';

describe('allocations and formulas', () => {
  const shared = (rules: string): string => point(`meters: [], allocations: [${rules}]`);
  it.each([
    ['shares over one', shared('{ basis: fixed, shares: { bureau: 2/3, court: 34 % } }'), ['SHARES_OVER_ONE']],
    ['parts beyond the whole', shared('{ basis: headcount, among: [bureau, court], of: 14 }'), ['SHARES_OVER_ONE']],
    ['an unknown institution', shared('{ basis: fixed, shares: { buro: 1 } }'), ['REFERENCE_UNKNOWN']],
    [
      'dates that do not rise',
      shared(
        '{ basis: area, among: [court], from: 2025-01-01 }, { basis: fixed, from: 2024-01-01, shares: { court: 1 } }',
      ),
      ['DATES_ORDER'],
    ],
    ['an unknown basis', shared('{ basis: heads, among: [court] }'), ['VALUE_INVALID']],
    ['a time of day', shared('{ basis: area, among: [court], from: 2025-01-01 08:00 }'), ['DAY_EXPECTED']],
    [
      'both forms',
      point('meters: [], institution: court, allocations: [{ basis: area, among: [court] }]'),
      ['ALLOCATION_TWICE'],
    ],
    [
      'a formula that leads back',
      `${BASE}  - { id: a, name: A, carrier: water, role: formula, formula: b }\n  - { id: b, name: B, carrier: water, role: formula, formula: a }`,
      ['FORMULA_CYCLE'],
    ],
    [
      'a formula without spaces',
      `${BASE}  - { id: a, name: A, carrier: water, role: formula, formula: a -b }`,
      ['FORMULA_CYCLE', 'FORMULA_INVALID'],
    ],
  ])('%s', (_, text, expected) => {
    expect([...codes(text)].sort()).toEqual(expected);
  });

  it('shares that add up to exactly one are right: thirds stay exact', () => {
    expect(codes(shared('{ basis: fixed, shares: { bureau: 1/3, court: 2/3 } }'))).toEqual([]);
  });
});
