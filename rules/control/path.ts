import type { MonthAmount, YearMonths } from './series.ts';
import { MONTHS, monthName } from './series.ts';
import { splitExact } from './split.ts';

export interface PathMonth extends MonthAmount {
  /** From January to the end of this month. */
  readonly cumulative: number;
  /** `season`: as the base year's month; `equal`: a twelfth, because the base year lacks this month. */
  readonly basis: 'season' | 'equal';
}

export interface MonthlyPath {
  readonly year: number;
  readonly total: number;
  readonly months: readonly PathMonth[];
  /** Year whose months give the season; absent: all parts are equal. */
  readonly seasonFrom?: number | undefined;
  /** Months that the base year lacks (`YYYY-MM`). */
  readonly lacking: readonly string[];
}

/**
 * A year's allowance by months, Σ months = `total` to the unit. Months follow the base year's; each month that it lacks gets a twelfth, the
 * others share what is left by season. Without any month, or with nothing but zeros, all twelve are equal.
 */
export function monthlyPath(total: number, year: number, years: YearMonths, baseYear: number): MonthlyPath {
  const base = years.get(baseYear) ?? [];
  const season = Array.from({ length: MONTHS }, (_, index) => base[index]);
  const known = season.filter((amount) => amount !== undefined);
  const sum = known.reduce((a, b) => a + b, 0);
  const seasonal = sum > 0;
  const weights = season.map((amount) => (amount === undefined ? BigInt(sum) : BigInt(amount) * BigInt(known.length)));
  const amounts = splitExact(total, weights);
  let cumulative = 0;
  return {
    year,
    total,
    months: amounts.map((amount, index) => ({
      month: monthName(year, index),
      amount,
      cumulative: (cumulative += amount),
      basis: seasonal && season[index] !== undefined ? 'season' : 'equal',
    })),
    seasonFrom: seasonal ? baseYear : undefined,
    lacking: season.flatMap((amount, index) => (amount === undefined ? [monthName(baseYear, index)] : [])),
  };
}
