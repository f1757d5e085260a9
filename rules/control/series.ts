import { requestError } from '#domain';
import type { Missing, MissingReason } from '../contract.ts';

/** One calendar month's amount: a whole number ≥ 0 in the series' unit (Wh, L, gce, gCO2, …). A month without a figure is absent, never 0. */
export interface MonthAmount {
  /** `YYYY-MM`. */
  readonly month: string;
  readonly amount: number;
}

/** Amounts by year and month (0 = January); months without a figure are holes (`undefined`). */
export type YearMonths = ReadonlyMap<number, readonly (number | undefined)[]>;

export const MONTHS = 12;

export const monthName = (year: number, index: number): string =>
  `${String(year).padStart(4, '0')}-${String(index + 1).padStart(2, '0')}`;

/** Throws SERIES_MONTH_INVALID, SERIES_MONTH_TWICE, SERIES_AMOUNT_INVALID, naming the month. */
export function byYear(series: readonly MonthAmount[]): YearMonths {
  const years = new Map<number, (number | undefined)[]>();
  for (const { month, amount } of series) {
    const { year, index } = monthOf(month);
    const months = years.get(year) ?? Array.from({ length: MONTHS }, () => undefined);
    if (months[index] !== undefined) {
      throw requestError('SERIES_MONTH_TWICE', `${month} stands twice in the series`, {
        place: month,
        cure: 'give each month once',
      });
    }
    if (!Number.isSafeInteger(amount) || amount < 0) {
      throw requestError('SERIES_AMOUNT_INVALID', `${amount} of ${month} is no whole number of at least 0`, {
        place: month,
        cure: 'give whole base units; leave out a month without a figure',
      });
    }
    months[index] = amount;
    years.set(year, months);
  }
  return years;
}

/** Throws SERIES_MONTH_INVALID. */
export function monthOf(month: string): { readonly year: number; readonly index: number } {
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month);
  if (!match) {
    throw requestError('SERIES_MONTH_INVALID', `"${month}" is no month`, {
      place: month,
      cure: 'write year and month, such as 2026-03',
    });
  }
  return { year: Number(match[1]), index: Number(match[2]) - 1 };
}

/** The year's amount, if it has all twelve months. */
export function wholeYear(years: YearMonths, year: number): number | undefined {
  const known = knownMonths(years, year);
  return known.length === MONTHS ? known.reduce((sum, { amount }) => sum + amount, 0) : undefined;
}

export const knownMonths = (
  years: YearMonths,
  year: number,
): readonly { readonly index: number; readonly amount: number }[] =>
  (years.get(year) ?? []).flatMap((amount, index) => (amount === undefined ? [] : [{ index, amount }]));

export const lacking = (
  what: string,
  reason: MissingReason,
  zh: string,
  en: string,
): { ok: false; missing: Missing } => ({
  ok: false,
  missing: { what, reason, cure: { zh, en } },
});
