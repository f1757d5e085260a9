import { requestError } from '#domain';
import { add, compare, type Exact, exactOf, multiply, parseExact, roundParts, sum } from '../exact.ts';

/** How a holder's target goes to the holders below it. Changes and shares are decimals as written, such as −0.05 and 0.125. */
export type Rule =
  /** Everyone changes at the holder's own rate: base × target ÷ base of the holder. */
  | { readonly kind: 'equal-rate' }
  /** Each class changes at a rate of its own: base × (1 + change of its class). */
  | { readonly kind: 'classes'; readonly changes: Readonly<Record<string, number>> }
  /** Each takes a stated share of the target, by id. Together at most 1. */
  | { readonly kind: 'share'; readonly shares: Readonly<Record<string, number>> };

/** Province, city, county or institution. Amounts are whole base units; `base` absent: the base year is unknown. */
export interface Holder {
  readonly id: string;
  readonly base?: number | undefined;
  readonly class?: string | undefined;
  /** For the holders below; absent: equal rate. */
  readonly rule?: Rule | undefined;
  readonly below?: readonly Holder[] | undefined;
}

export interface Part {
  readonly id: string;
  readonly base?: number | undefined;
  readonly target: number;
  /** target ÷ base − 1. */
  readonly change?: number | undefined;
  readonly rule?: Rule['kind'] | undefined;
  readonly parts: readonly Part[];
  /** target − Σ parts, exactly: above 0 a reserve that nobody holds, below 0 what the parts were promised too much. */
  readonly remainder: number;
  /** Holders below that got no target, and why; what they would use stands in the remainder. */
  readonly without: readonly {
    readonly id: string;
    readonly reason: 'no-base' | 'no-class' | 'no-share' | 'holder-without-base';
  }[];
}

/**
 * A total target decomposed level by level; at each, Σ parts + remainder is the target to the unit. Throws DECOMPOSITION_INVALID with the
 * holder's id as place.
 */
export function decompose(target: number, holder: Holder): Part {
  if (!Number.isSafeInteger(target) || target < 0)
    refuse(holder.id, `${target} is no target: a whole number of at least 0`);
  const below = holder.below ?? [];
  const rule = holder.rule ?? { kind: 'equal-rate' };
  checkLevel(holder.id, below, rule);
  const wanted = below.map((child) => ({ child, claim: claimOf(child, rule, holder, target) }));
  const entitled = wanted.flatMap(({ child, claim }) => (typeof claim === 'string' ? [] : [{ child, claim }]));
  const amounts = roundParts(
    entitled.map(({ claim }) => claim),
    0,
  );
  if (!Number.isSafeInteger(amounts.reduce((a, b) => a + b, 0)))
    refuse(holder.id, 'the bases below it are out of all proportion to its own');
  const parts = entitled.map(({ child }, at) => decompose(amounts[at] ?? 0, child));
  return {
    id: holder.id,
    base: holder.base,
    target,
    change: holder.base ? target / holder.base - 1 : undefined,
    rule: below.length > 0 ? rule.kind : undefined,
    parts,
    remainder: below.length > 0 ? target - parts.reduce((total, part) => total + part.target, 0) : 0,
    without: wanted.flatMap(({ child, claim }) => (typeof claim === 'string' ? [{ id: child.id, reason: claim }] : [])),
  };
}

type Reason = Part['without'][number]['reason'];

function claimOf(child: Holder, rule: Rule, holder: Holder, target: number): Exact | Reason {
  if (rule.kind === 'share') {
    const share = shareOf(rule.shares, child.id, holder);
    return share === undefined ? 'no-share' : multiply(exactOf(target), share);
  }
  const base = baseOf(child);
  if (base === undefined) return 'no-base';
  if (rule.kind === 'classes') {
    const change = child.class === undefined ? undefined : rule.changes[child.class];
    return change === undefined ? 'no-class' : multiply(exactOf(base), rateOf(change, holder.id));
  }
  const whole = baseOf(holder) ?? sumOfBases(holder.below ?? []);
  if (whole === undefined || whole === 0) return base === 0 ? exactOf(0) : 'holder-without-base';
  return exactOf(BigInt(base) * BigInt(target), whole);
}

/** A holder without a base of its own stands for those below it, if all of them are known. */
function sumOfBases(below: readonly Holder[]): number | undefined {
  const bases = below.map(baseOf);
  return bases.reduce<number | undefined>((a, b) => (a === undefined || b === undefined ? undefined : a + b), 0);
}

function baseOf({ id, base }: Holder): number | undefined {
  if (base !== undefined && (!Number.isSafeInteger(base) || base < 0))
    refuse(id, `${base} is no amount of a base year`);
  return base;
}

function rateOf(change: number, place: string): Exact {
  const rate = add(exactOf(1), parseExact(change));
  if (rate.num < 0n) refuse(place, `a change of ${change} would leave less than nothing`);
  return rate;
}

function shareOf(shares: Readonly<Record<string, number>>, id: string, holder: Holder): Exact | undefined {
  const share = shares[id];
  if (share !== undefined && share < 0) refuse(holder.id, `the share of ${id} is below 0`);
  return share === undefined ? undefined : parseExact(share);
}

/** Ids must be distinct; shares must name holders that exist, and be at most the whole. */
function checkLevel(place: string, below: readonly Holder[], rule: Rule): void {
  const ids = new Set(below.map(({ id }) => id));
  if (ids.size < below.length) refuse(place, 'a holder stands twice below it');
  if (rule.kind !== 'share') return;
  const stranger = Object.keys(rule.shares).find((id) => !ids.has(id));
  if (stranger !== undefined) refuse(place, `a share names ${stranger}, which does not stand below it`);
  const total = sum(Object.values(rule.shares).map((share) => parseExact(share)));
  if (compare(total, exactOf(1)) > 0) refuse(place, 'the shares are more than the whole');
}

function refuse(place: string, message: string): never {
  throw requestError('DECOMPOSITION_INVALID', message, { place, cure: 'correct the holder, its base or its rule' });
}
