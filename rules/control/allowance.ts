import { requestError } from '#domain';
import type { Answer, TargetRow, MissingReason } from '../contract.ts';
import { lacking, wholeYear, type YearMonths } from './series.ts';

/** What a target grants for one year. `value` is what the target speaks of: the amount, or the amount per m², person or bed-day. */
export interface Allowance {
  readonly year: number;
  /** Whole base units of the series. */
  readonly amount: number;
  readonly value: number;
  /** Value of the base year, and of the target year. */
  readonly base?: number | undefined;
  readonly target?: number | undefined;
  readonly from: 'target-row' | 'decomposition';
}

export interface AllowanceInput {
  readonly row: TargetRow;
  readonly years: YearMonths;
  readonly year: number;
  /** Of intensities, by year: time-weighted m², persons or bed-days. */
  readonly denominators?: Readonly<Record<number, number>> | undefined;
  /** The base year's amount, where it is known without its months. */
  readonly baseAmount?: number | undefined;
  /** Series units in one unit of `row.unit`; needed by a row that has only a cap (tce and a series in gce: 1,000,000). */
  readonly capUnit?: number | undefined;
  /** The year's amount that a decomposition gave; then the row says only what it belongs to. */
  readonly granted?: number | undefined;
}

export const isIntensity = ({ metric }: TargetRow): boolean => !metric.endsWith('-total');

/**
 * The year's allowance at an equal pace: base × (target ÷ base)^(years gone ÷ years of the plan), exact at both ends, rounded to whole units.
 * Of an intensity it is the year's value times the year's own denominator. Throws DENOMINATOR_INVALID.
 */
export function allowanceOf(input: AllowanceInput): Answer<Allowance> {
  const { row, years, year, granted } = input;
  if (year < row.baseYear || year > row.targetYear)
    return no(
      `PERIOD_SHORT: ${year} lies outside ${row.baseYear}–${row.targetYear}`,
      '选择计划期内的年份',
      'choose a year of the plan',
    );
  const now = denominatorOf(input, year);
  if (!now.ok) return now;
  const baseAmount = input.baseAmount ?? wholeYear(years, row.baseYear);
  const then = baseAmount === undefined ? undefined : denominatorOf(input, row.baseYear);
  const base = baseAmount !== undefined && then?.ok ? baseAmount / then.value : undefined;
  const target = targetValue(input, base);
  if (granted !== undefined)
    return {
      ok: true,
      value: { year, amount: granted, value: granted / now.value, base, target, from: 'decomposition' },
    };
  if (baseAmount === undefined)
    return no(
      `BASE_MISSING: the base year ${row.baseYear} lacks months`,
      '补录基准年逐月用量或年度合计',
      'enter the months or the sum of the base year',
    );
  if (then && !then.ok) return then;
  if (base === undefined || target === undefined)
    return no(
      'TARGET_UNFIT: the cap cannot be read in the unit of the series',
      '给出上限单位的换算',
      'say what one unit of the cap is in the series',
    );
  if (base === 0) return no('BASE_MISSING: nothing was used in the base year', '核对基准年', 'check the base year');
  const value = paced(base, target, (year - row.baseYear) / (row.targetYear - row.baseYear));
  return { ok: true, value: { year, amount: Math.round(value * now.value), value, base, target, from: 'target-row' } };
}

const paced = (base: number, target: number, share: number): number =>
  share === 1 ? target : base * (target / base) ** share;

function targetValue({ row, capUnit }: AllowanceInput, base: number | undefined): number | undefined {
  if (row.change !== undefined) return base === undefined ? undefined : base * (1 + row.change);
  return row.cap !== undefined && capUnit !== undefined ? row.cap * capUnit : undefined;
}

/** 1 for totals. */
export function denominatorOf({ row, denominators }: AllowanceInput, year: number): Answer<number> {
  if (!isIntensity(row)) return { ok: true, value: 1 };
  const value = denominators?.[year];
  if (value === undefined)
    return no(
      `DENOMINATOR_MISSING: ${row.metric} needs the denominator of ${year}`,
      `补录${year}年的面积或人数`,
      `enter area or persons of ${year}`,
    );
  if (!Number.isFinite(value) || value <= 0) {
    throw requestError('DENOMINATOR_INVALID', `${value} of ${year} is no denominator of ${row.metric}`, {
      place: String(year),
      cure: 'give an area or a number of persons above 0, or leave the year out',
    });
  }
  return { ok: true, value };
}

const no = (reason: MissingReason, zh: string, en: string): ReturnType<typeof lacking> =>
  lacking('target', reason, zh, en);
