import type { BarometerRow } from '../catalogue/rows.ts';
import type { Answer, TargetRow } from '../contract.ts';
import { type Allowance, type AllowanceInput, allowanceOf, denominatorOf } from './allowance.ts';
import { type BarometerFacts, type BarometerReading, barometerOf } from './barometer.ts';
import { type Forecast, forecastYear } from './forecast.ts';
import { monthlyPath, type MonthlyPath } from './path.ts';
import { type Progress, progressOf } from './progress.ts';
import { byYear, type MonthAmount, wholeYear } from './series.ts';

export interface TrackInput extends Omit<AllowanceInput, 'years'> {
  readonly row: TargetRow;
  /** Whole past years, the base year among them where known, and the year's closed months. */
  readonly series: readonly MonthAmount[];
  readonly year: number;
  /** Thresholds of the rule set in force; none: no levels. */
  readonly thresholds: readonly BarometerRow[];
  /** Whole series units by which this year may exceed last year. */
  readonly growthLimit?: number | undefined;
}

export interface Tracking {
  readonly allowance: Answer<Allowance>;
  readonly path: Answer<MonthlyPath>;
  readonly progress: Answer<Progress>;
  readonly forecast: Answer<Forecast>;
  readonly barometer: readonly BarometerReading[];
  /** Ids of the catalogue rows that the answer used. */
  readonly rows: readonly string[];
}

/** One target followed through one year. Throws SERIES_MONTH_INVALID, SERIES_MONTH_TWICE, SERIES_AMOUNT_INVALID, DENOMINATOR_INVALID. */
export function trackTarget(input: TrackInput): Tracking {
  const { row, year } = input;
  const facts: AllowanceInput = { ...input, years: byYear(input.series) };
  const allowance = allowanceOf(facts);
  const path: Answer<MonthlyPath> = allowance.ok
    ? { ok: true, value: monthlyPath(allowance.value.amount, year, facts.years, row.baseYear) }
    : allowance;
  const forecast = forecastYear(facts.years, year);
  const barometer = barometerOf(readingFacts(input, facts, allowance, forecast), input.thresholds);
  return {
    allowance,
    path,
    progress: path.ok ? progressOf(path.value, facts.years) : path,
    forecast,
    barometer,
    rows: [row.id, ...barometer.flatMap(({ answer }) => (answer.ok ? [answer.value.row] : []))],
  };
}

/** Amounts become values of the metric: of an intensity, each year's amount over its own denominator. */
function readingFacts(
  { row, year, growthLimit }: TrackInput,
  facts: AllowanceInput,
  allowance: Answer<Allowance>,
  forecast: Answer<Forecast>,
): BarometerFacts {
  const [now, before] = [denominatorOf(facts, year), denominatorOf(facts, year - 1)];
  const last = wholeYear(facts.years, year - 1);
  const granted = allowance.ok ? allowance.value : undefined;
  const scaled = (amount: number | undefined, denominator: Answer<number>): number | undefined =>
    amount !== undefined && denominator.ok ? amount / denominator.value : undefined;
  const perNow = now.ok ? now.value : undefined;
  return {
    year,
    baseYear: row.baseYear,
    targetYear: row.targetYear,
    base: granted?.base,
    target: granted?.target,
    planned: granted?.value,
    last: scaled(last, before),
    forecast:
      forecast.ok && perNow !== undefined
        ? {
            estimate: forecast.value.estimate / perNow,
            low: forecast.value.low / perNow,
            high: forecast.value.high / perNow,
          }
        : undefined,
    growthLimit: scaled(growthLimit, now),
  };
}
