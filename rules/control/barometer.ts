import type { BarometerRow, Comparison } from '../catalogue/rows.ts';
import type { Answer, MissingReason } from '../contract.ts';
import { lacking } from './series.ts';

/** 1 very severe, 2 rather severe, 3 broadly smooth (晴雨表: the greater the better). */
export type Level = 1 | 2 | 3;

/** Values of the metric (amounts, or amounts per denominator). Absent: unknown. */
export interface BarometerFacts {
  readonly year: number;
  readonly baseYear: number;
  readonly targetYear: number;
  readonly base?: number | undefined;
  readonly target?: number | undefined;
  /** The plan's value of this year. */
  readonly planned?: number | undefined;
  readonly last?: number | undefined;
  /** This year's, by forecast, with its interval. */
  readonly forecast?: { readonly estimate: number; readonly low: number; readonly high: number } | undefined;
  /** How much more than last year this year may use; absent: what a target above the base grants a year. */
  readonly growthLimit?: number | undefined;
}

export interface Reading {
  readonly level: Level;
  /** (task − progress) ÷ task of the whole period, or (growth − limit) ÷ limit. */
  readonly lag: number;
  /** Levels at the upper and the lower end of the forecast: one level where the interval decides. */
  readonly worst: Level;
  readonly best: Level;
  /** Row of the thresholds. */
  readonly row: string;
}

export interface BarometerReading {
  readonly comparison: Comparison;
  readonly answer: Answer<Reading>;
}

/** One reading per row of thresholds, each for itself: one place can stand at three levels. What lacks data has no level. */
export const barometerOf = (facts: BarometerFacts, rows: readonly BarometerRow[]): readonly BarometerReading[] =>
  rows.map((row) => ({ comparison: row.comparison, answer: read(facts, row) }));

function read(facts: BarometerFacts, row: BarometerRow): Answer<Reading> {
  const { forecast } = facts;
  const no = (reason: MissingReason, zh: string, en: string): Answer<Reading> =>
    lacking(row.comparison, reason, zh, en);
  if (!forecast)
    return no('FORECAST_MISSING: no forecast of the year', '待有全年预测', 'wait for a forecast of the year');
  const lag = lagOf(facts, row.comparison);
  if (typeof lag === 'string')
    return no(lag, '补录上年、基准年数据，或核对目标', 'enter last year and the base year, or check the target');
  const levelAt = (value: number): Level => {
    const at = lag(value);
    return at >= row.level1 ? 1 : at >= row.level2 ? 2 : 3;
  };
  return {
    ok: true,
    value: {
      level: levelAt(forecast.estimate),
      lag: lag(forecast.estimate),
      worst: levelAt(forecast.high),
      best: levelAt(forecast.low),
      row: row.id,
    },
  };
}

/** The lag as a function of this year's value, or why there is none. Growing use means a growing lag in all three. */
function lagOf(facts: BarometerFacts, comparison: Comparison): ((value: number) => number) | MissingReason {
  const { base, target, planned, last } = facts;
  const span = facts.targetYear - facts.baseYear;
  if (comparison === 'growth-limit') {
    const limit =
      facts.growthLimit ?? (base !== undefined && target !== undefined ? (target - base) / span : undefined);
    if (last === undefined) return 'HISTORY_SHORT: last year is not whole';
    if (limit === undefined || limit <= 0) return 'TARGET_MISSING: no growth limit above 0 is set';
    return (value) => (value - last - limit) / limit;
  }
  if (base === undefined || target === undefined) return 'TARGET_MISSING: base year or target unknown';
  if (target >= base) return 'TARGET_UNFIT: the target asks for no reduction';
  if (comparison === 'yearly-task') {
    if (last === undefined) return 'HISTORY_SHORT: last year is not whole';
    const task = (base - target) / span;
    return (value) => (task - (last - value)) / task;
  }
  if (planned === undefined) return 'TARGET_MISSING: the plan has no value for the year';
  return (value) => (value - planned) / (base - target);
}
