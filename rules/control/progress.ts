import type { Answer } from '../contract.ts';
import type { MonthlyPath } from './path.ts';
import { knownMonths, lacking, monthName, type YearMonths } from './series.ts';

/** Use to date against the path, over exactly the months that have a figure. */
export interface Progress {
  /** Last month with a figure, `YYYY-MM`. */
  readonly through: string;
  readonly actual: number;
  /** The path's part of the same months. */
  readonly planned: number;
  /** actual − planned: above 0 is too much. */
  readonly over: number;
  /** over ÷ planned; absent where nothing was planned. */
  readonly ratio?: number | undefined;
  /** Months before `through` without a figure: in neither sum. */
  readonly lacking: readonly string[];
}

export function progressOf(path: MonthlyPath, years: YearMonths): Answer<Progress> {
  const known = knownMonths(years, path.year);
  const last = known.at(-1);
  if (!last) {
    return lacking(
      'progress',
      `QUANTITY_MISSING: no month of ${path.year} has a figure`,
      '补录本年至少一个月的用量',
      'enter a month of the year',
    );
  }
  const present = new Set(known.map(({ index }) => index));
  const actual = known.reduce((sum, { amount }) => sum + amount, 0);
  const planned = path.months.reduce((sum, { amount }, index) => sum + (present.has(index) ? amount : 0), 0);
  const gaps = path.months.slice(0, last.index).flatMap((_, index) => (present.has(index) ? [] : [index]));
  return {
    ok: true,
    value: {
      through: monthName(path.year, last.index),
      actual,
      planned,
      over: actual - planned,
      ratio: planned > 0 ? (actual - planned) / planned : undefined,
      lacking: gaps.map((index) => monthName(path.year, index)),
    },
  };
}
