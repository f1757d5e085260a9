import { big, bytewise, floorDiv, ratio } from './numbers.ts';
import { dayNumber } from './calendar.ts';
import type { ByDate } from './usage.ts';
import type { Ratio } from './numbers.ts';
import type { AllocationJson, DatedJson, PointJson, RegistryJson } from './input.ts';

export const UNALLOCATED = 'unallocated';

/** Parties and their shares; what they leave of 1 is the party `unallocated`. */
type Shares = readonly (readonly [party: string, share: Ratio])[];

const inForce = <T>(series: readonly DatedJson<T>[], day: number): T | undefined =>
  series
    .filter((dated) => dated.from <= day)
    .toSorted((a, b) => a.from - b.from)
    .at(-1)?.value;

/** Shares in proportion to weights, of their sum or of a greater whole. */
const proportional = (weights: readonly (readonly [string, bigint])[], of = 0n): Shares => {
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0n);
  if (total <= 0n || weights.some(([, weight]) => weight < 0n)) return [];
  const den = of > total ? of : total;
  return weights.map(([party, num]) => [party, { num, den }]);
};

const sharesOf = (
  rule: AllocationJson | undefined,
  date: string,
  registry: RegistryJson,
  days: ReadonlyMap<string, ByDate>,
): Shares => {
  if (rule === undefined) return [];
  if (rule.basis === 'fixed') return rule.shares.map(({ institution, share }) => [institution, ratio(share)]);
  if (rule.basis === 'sub-meter') {
    const used = rule.by.map(({ institution, point }) => [institution, days.get(point)?.get(date)?.amount] as const);
    const complete = used.flatMap(([party, amount]) => (amount === undefined ? [] : [[party, amount] as const]));
    return complete.length === used.length ? proportional(complete) : [];
  }
  const basis = rule.basis;
  const weights = rule.among.map((id) => {
    const series = registry.institutions.find((institution) => institution.id === id)?.[basis] ?? [];
    return [id, big(inForce(series, dayNumber(date)) ?? 0)] as const;
  });
  return proportional(weights, rule.of === undefined ? 0n : big(rule.of));
};

/** Largest remainder; equal remainders in the bytewise order of the party's id. */
export const divide = (amount: bigint, shares: Shares): Map<string, bigint> => {
  const magnitude = amount < 0n ? -amount : amount;
  const den = shares.reduce((product, [, share]) => product * share.den, 1n);
  const nums = new Map<string, bigint>();
  for (const [party, share] of shares) nums.set(party, (nums.get(party) ?? 0n) + (share.num * den) / share.den);
  const claimed = [...nums.values()].reduce((sum, num) => sum + num, 0n);
  if (claimed > den) throw new Error('oracle: shares add up to more than 1');
  nums.set(UNALLOCATED, den - claimed);

  const parts = [...nums].map(([party, num]) => {
    const units = floorDiv(magnitude * num, den);
    return { party, units, remainder: magnitude * num - units * den };
  });
  const left = magnitude - parts.reduce((sum, part) => sum + part.units, 0n);
  const ranked = parts.toSorted((a, b) =>
    a.remainder === b.remainder ? bytewise(a.party, b.party) : a.remainder > b.remainder ? -1 : 1,
  );
  const sign = amount < 0n ? -1n : 1n;
  return new Map(ranked.map(({ party, units }, i) => [party, sign * (big(i) < left ? units + 1n : units)]));
};

export interface PartyLine {
  readonly party: string;
  readonly date: string;
  readonly amount: bigint;
}

/** Who bears what of a point, day by day (ledger.md, 7). */
export const allocate = (point: PointJson, registry: RegistryJson, days: ReadonlyMap<string, ByDate>): PartyLine[] => {
  if (point.role !== 'main' && point.role !== 'generation' && point.role !== 'export') return [];
  return [...(days.get(point.id) ?? [])].flatMap(([date, { amount }]) => {
    const rule = inForce(point.allocations, dayNumber(date));
    const signed = point.role === 'export' ? -amount : amount;
    const parties = divide(signed, sharesOf(rule, date, registry, days));
    return [...parties].filter(([, part]) => part !== 0n).map(([party, part]) => ({ party, date, amount: part }));
  });
};
