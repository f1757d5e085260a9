import type { Missing } from '../contract.ts';
import { sampleCorrelation } from '../statistics/index.ts';
import { daysWithin, type Span, type UseDay, type WholeDay, wholeDays } from './days.ts';
import { gatesOf } from './gates.ts';
import { residuals } from './least-squares.ts';
import { chooseModel, columnsOf, type Shape } from './model.ts';

/** A building's daily use as a function of weather and workdays. Use in base units a day; slopes in base units per degree day. */
export interface Baseline {
  readonly span: Span;
  readonly shape: Shape;
  readonly base: number;
  /** Added on workdays; 0 where they have no level of their own. */
  readonly workdayStep: number;
  readonly heatingSlope?: number | undefined;
  readonly coolingSlope?: number | undefined;
  /** In the order of the shape's columns; with `inverse` what savings need for their interval. */
  readonly coefficients: readonly number[];
  readonly inverse: readonly (readonly number[])[];
  readonly quality: Quality;
}

export interface Quality {
  /** Days fitted to, and days of the span. */
  readonly days: number;
  readonly spanDays: number;
  readonly rSquared: number;
  readonly adjustedRSquared: number;
  /** Root mean square error ÷ mean use (ASHRAE Guideline 14). */
  readonly cvRmse: number;
  /** Mean bias ÷ mean use: 0 but for rounding, as least squares with a constant has no bias. */
  readonly nmbe: number;
  /** Σ (y − ŷ)² ÷ freedom. */
  readonly variance: number;
  /** Of residuals on neighbouring days, at least 0. */
  readonly autocorrelation: number;
  /** n (1 − ρ) ÷ (1 + ρ): how many independent days the residuals are worth. */
  readonly effectiveDays: number;
  readonly coldest: number;
  readonly warmest: number;
}

export type Fitted =
  | { readonly ok: true; readonly value: Baseline }
  | { readonly ok: false; readonly missing: readonly Missing[] };

/** Fits the days of the span, or says everything that they lack. Throws DAYS_INVALID. */
export function fitBaseline(days: readonly UseDay[], span: Span): Fitted {
  const within = daysWithin(days, span);
  const missing = gatesOf(within, span);
  if (missing.length > 0) return { ok: false, missing };
  const whole = wholeDays(within);
  const chosen = chooseModel(whole);
  if (!chosen) return { ok: false, missing: [NOTHING] };
  const { shape, fit, adjustedRSquared } = chosen;
  const first = shape.workdays ? 2 : 1;
  const [base = 0, step = 0] = fit.coefficients;
  const slopes = fit.coefficients.slice(first);
  return {
    ok: true,
    value: {
      span,
      shape,
      base,
      workdayStep: shape.workdays ? step : 0,
      heatingSlope: shape.heatingPoint === undefined ? undefined : slopes[0],
      coolingSlope: shape.coolingPoint === undefined ? undefined : slopes.at(-1),
      coefficients: fit.coefficients,
      inverse: fit.inverse,
      quality: qualityOf(whole, shape, fit.coefficients, adjustedRSquared, span),
    },
  };
}

const NOTHING: Missing = {
  what: 'model',
  reason: 'MODEL_MISSING: no candidate model can be fitted',
  cure: { zh: '核对日用量与温度', en: 'check the days’ use and temperature' },
};

function qualityOf(
  days: readonly WholeDay[],
  shape: Shape,
  coefficients: readonly number[],
  adjustedRSquared: number,
  span: Span,
): Quality {
  const rest = residuals(
    columnsOf(days, shape),
    coefficients,
    days.map(({ use }) => use),
  );
  const mean = days.reduce((sum, { use }) => sum + use, 0) / days.length;
  const squares = rest.reduce((sum, value) => sum + value * value, 0);
  const total = days.reduce((sum, { use }) => sum + (use - mean) ** 2, 0);
  const parameters = coefficients.length + pointsOf(shape);
  const variance = squares / (days.length - parameters);
  const autocorrelation = correlationOf(days, rest);
  return {
    days: days.length,
    spanDays: span.to - span.from,
    rSquared: total > 0 ? 1 - squares / total : 0,
    adjustedRSquared,
    cvRmse: mean > 0 ? Math.sqrt(variance) / mean : 0,
    nmbe: mean > 0 ? rest.reduce((a, b) => a + b, 0) / days.length / mean : 0,
    variance,
    autocorrelation,
    effectiveDays: (days.length * (1 - autocorrelation)) / (1 + autocorrelation),
    coldest: days.reduce((least, { temperature }) => Math.min(least, temperature), Infinity),
    warmest: days.reduce((most, { temperature }) => Math.max(most, temperature), -Infinity),
  };
}

/** Balance points are found in the data, so each costs a degree of freedom as a slope does. */
export const pointsOf = ({ heatingPoint, coolingPoint }: Shape): number =>
  [heatingPoint, coolingPoint].filter((point) => point !== undefined).length;

/** ρ over pairs of neighbouring days; a pair across a missing day is none. */
function correlationOf(days: readonly WholeDay[], rest: readonly number[]): number {
  const pairs = days.flatMap(({ day }, at) =>
    days[at - 1]?.day === day - 1 ? [[rest[at - 1] ?? 0, rest[at] ?? 0] as const] : [],
  );
  if (pairs.length < 3) return 0;
  const rho = sampleCorrelation(
    pairs.map(([before]) => before),
    pairs.map(([, after]) => after),
  );
  return Number.isFinite(rho) ? Math.min(Math.max(rho, 0), 0.99) : 0;
}
