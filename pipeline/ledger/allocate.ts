import { type AllocationRule, type Dated, type Institution, type Rational, rational, UNALLOCATED } from '#domain';

/** Entry in force on a local day: the last that began by then. */
export const inForce = <T>(series: readonly Dated<T>[], day: number): T | undefined => {
  let found: Dated<T> | undefined;
  for (const entry of series) if (entry.from <= day && (!found || entry.from >= found.from)) found = entry;
  return found?.value;
};

export interface Share {
  readonly party: string;
  readonly share: Rational;
}

export interface ShareInputs {
  readonly institutions: ReadonlyMap<string, Institution>;
  /** Usage of a point on the day, base units; undefined where it has none. */
  readonly usageOf: (point: string) => number | undefined;
}

/** Shares of a rule on a local day; they add up to 1 at most (ledger.md, 7). Decimal areas and headcounts count in thousandths. */
export function sharesOn(rule: AllocationRule | undefined, day: number, inputs: ShareInputs): readonly Share[] {
  if (!rule) return [];
  if (rule.basis === 'fixed') return rule.shares.map(({ institution, share }) => ({ party: institution, share }));
  if (rule.basis === 'sub-meter') {
    const parts = rule.by.map(({ institution, point }) => ({ party: institution, value: inputs.usageOf(point) }));
    return proportional(
      parts.map(({ party, value }) => ({ party, value: value ?? NaN })),
      undefined,
    );
  }
  const thousandths = (x: number | undefined): number => Math.round((x ?? 0) * 1_000);
  const parts = rule.among.map((id) => {
    const institution = inputs.institutions.get(id);
    const series = rule.basis === 'area' ? institution?.area : institution?.headcount;
    return { party: id, value: thousandths(inForce(series ?? [], day)) };
  });
  return proportional(parts, rule.of === undefined ? undefined : thousandths(rule.of));
}

function proportional(
  parts: readonly { readonly party: string; readonly value: number }[],
  of: number | undefined,
): readonly Share[] {
  const sum = parts.reduce((total, { value }) => total + value, 0);
  const whole = Math.max(sum, of ?? 0);
  if (!Number.isSafeInteger(whole) || whole <= 0 || parts.some(({ value }) => value < 0)) return [];
  return parts.map(({ party, value }) => ({ party, share: rational(value, whole) }));
}

/**
 * Splits an amount exactly: each party the floor of its part, the units left over to the largest remainders, ties in the
 * order of the party's id; what nobody claims is `unallocated`. A negative amount is split by its magnitude.
 */
export function allocate(amount: number, shares: readonly Share[]): ReadonlyMap<string, number> {
  const den = shares.reduce((d, { share }) => lcm(d, BigInt(share.den)), 1n);
  const claimed = shares.map(({ party, share }) => ({ party, part: (BigInt(share.num) * den) / BigInt(share.den) }));
  const rest = den - claimed.reduce((sum, { part }) => sum + part, 0n);
  const whole = BigInt(Math.abs(amount));
  const exact = [...claimed, { party: UNALLOCATED, part: rest }].map(({ party, part }) => ({
    party,
    floor: (whole * part) / den,
    remainder: (whole * part) % den,
  }));
  let left = whole - exact.reduce((sum, { floor }) => sum + floor, 0n);
  const order = exact.toSorted((a, b) =>
    a.remainder === b.remainder ? compare(a.party, b.party) : a.remainder > b.remainder ? -1 : 1,
  );
  const result = new Map<string, number>();
  for (const { party, floor } of order) {
    const extra = left > 0n ? 1n : 0n;
    left -= extra;
    const value = Number(floor + extra) * (amount < 0 ? -1 : 1);
    if (value !== 0) result.set(party, value);
  }
  return result;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function lcm(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return (a / x) * b;
}
