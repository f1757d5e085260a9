/** What is physically possible between two readings of one mounting (ledger.md, 4). Face units; maxRate per hour. */
export interface StepRule {
  readonly modulus?: number | undefined;
  readonly maxRate?: number | undefined;
  readonly backlash?: number | undefined;
}

export const MINUTE_MS = 60_000;

/** a·b ≤ c·d for non-negative safe integers, exact. */
function productLeq(a: number, b: number, c: number, d: number): boolean {
  const [left, right] = [a * b, c * d];
  if (left <= Number.MAX_SAFE_INTEGER && right <= Number.MAX_SAFE_INTEGER) return left <= right;
  if (left < right * (1 - 1e-12)) return true;
  if (left > right * (1 + 1e-12)) return false;
  return BigInt(a) * BigInt(b) <= BigInt(c) * BigInt(d);
}

const backlashOf = (rule: StepRule): number => rule.backlash ?? Math.floor((rule.maxRate ?? 0) / 60);

/** Whether going from `fromValue` to `toValue` would be a wrap and not a plain step. Only asked of plausible steps. */
export const isWrap = (rule: StepRule, fromValue: number, toValue: number): boolean =>
  toValue - fromValue < (rule.maxRate === undefined ? 0 : -backlashOf(rule));

/**
 * Advance from a reading to a later one, or NaN where none is plausible.
 * cap = 1.2 × maxRate × max(Δt, 60 s): d ≤ cap ⇔ d × 3,000,000 ≤ maxRate × Δt.
 */
export function step(rule: StepRule, fromAt: number, fromValue: number, toAt: number, toValue: number): number {
  const d = toValue - fromValue;
  const { modulus, maxRate } = rule;
  if (maxRate === undefined) {
    if (d >= 0) return d;
    return modulus !== undefined && 10 * fromValue >= 9 * modulus && 10 * toValue < modulus ? d + modulus : NaN;
  }
  const elapsed = Math.max(toAt - fromAt, MINUTE_MS);
  if (d >= -backlashOf(rule) && (d <= 0 || productLeq(d, 3_000_000, maxRate, elapsed))) return d;
  if (modulus === undefined || d >= 0 || !productLeq(d + modulus, 3_000_000, maxRate, elapsed)) return NaN;
  // cap < modulus / 2, strictly
  return productLeq(modulus, 3_000_000, 2 * maxRate, elapsed) ? NaN : d + modulus;
}
