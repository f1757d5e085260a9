import type { Missing } from '../contract.ts';
import { studentQuantile } from '../statistics/index.ts';
import { type Baseline, pointsOf } from './baseline.ts';
import { daysWithin, type Span, type UseDay, wholeDays } from './days.ts';
import { gatesOf } from './gates.ts';
import { dot, quadratic } from './least-squares.ts';
import { columnsOf } from './model.ts';

export const SAVINGS_CONFIDENCE = 0.95;

/** Base units over the days compared; above 0 is saved. */
export interface Savings {
  readonly span: Span;
  /** Days with use and temperature; the others are in no sum. */
  readonly days: number;
  readonly spanDays: number;
  /** What the baseline would have used in this weather on these workdays. */
  readonly expected: number;
  readonly actual: number;
  readonly saving: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
  /** saving ÷ expected; absent where nothing was expected. */
  readonly share?: number | undefined;
  /** Days colder or warmer than any that the baseline saw: there it extrapolates. */
  readonly beyond: number;
}

export type Saved =
  | { readonly ok: true; readonly value: Savings }
  | { readonly ok: false; readonly missing: readonly Missing[] };

/**
 * Expected less actual use of the span's days. Var = κ s² (m + x′(X′X)⁻¹x), x the sum of the days' columns: the days' own scatter and the
 * baseline's error; κ = n ÷ n′ for residuals that follow each other (ASHRAE Guideline 14, effective sample). Throws DAYS_INVALID.
 */
export function savingsOf(baseline: Baseline, days: readonly UseDay[], span: Span): Saved {
  const within = daysWithin(days, span);
  const missing = gatesOf(within, span, 1);
  if (missing.length > 0) return { ok: false, missing };
  const whole = wholeDays(within);
  const columns = columnsOf(whole, baseline.shape);
  const { quality, coefficients } = baseline;
  const actual = whole.reduce((sum, { use }) => sum + use, 0);
  const summed = columns.map((column) => column.reduce((a, b) => a + b, 0));
  const expected = dot(coefficients, summed);
  const inflation = quality.days / quality.effectiveDays;
  const variance = inflation * quality.variance * (whole.length + quadratic(baseline.inverse, summed));
  const freedom = Math.max(1, quality.effectiveDays - coefficients.length - pointsOf(baseline.shape));
  const half = studentQuantile(SAVINGS_CONFIDENCE, freedom) * Math.sqrt(variance);
  const saving = expected - actual;
  return {
    ok: true,
    value: {
      span,
      days: whole.length,
      spanDays: span.to - span.from,
      expected: Math.round(expected),
      actual: Math.round(actual),
      saving: Math.round(saving),
      low: Math.floor(saving - half),
      high: Math.ceil(saving + half),
      confidence: SAVINGS_CONFIDENCE,
      share: expected > 0 ? saving / expected : undefined,
      beyond: whole.filter(({ temperature }) => temperature < quality.coldest || temperature > quality.warmest).length,
    },
  };
}
