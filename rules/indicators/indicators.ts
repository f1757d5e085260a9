import { UNIT_OF } from '../catalogue/index.ts';
import { type Answer, type Metric, METRICS, type PeriodFacts, type Quantity, type Use } from '../contract.ts';
import type { FactorUse, RateTables } from '../conversion/index.ts';
import { divide, type Exact, exactOf, roundHalfUp, subtract } from '../exact.ts';
import { type Caliber, lacks, measure, type Measured } from './measure.ts';
import { isYear } from './periods.ts';
import { RATIOS } from './ratios.ts';

/** One figure with everything it rests on. */
export interface Indicator {
  readonly metric: Metric;
  readonly value: number;
  /** Before rounding: what judgement compares. */
  readonly exact: Exact;
  /** As UNIT_OF says; without `·a` when the period is no year. */
  readonly unit: string;
  /** Of the coal factors in it; null where there are none (water, electricity, carbon). */
  readonly set: string | null;
  readonly boundary: Caliber['boundary'];
  readonly from: string;
  readonly to: string;
  readonly numerator: { readonly value: number; readonly unit: string };
  readonly denominator: { readonly value: number; readonly unit: string };
  readonly coverage: number;
  /** What has that coverage. */
  readonly weakest: Quantity | undefined;
  /** Whether something entered by hand is in it. */
  readonly manual: boolean;
  readonly factors: readonly FactorUse[];
  /** Uses taken out with their area and persons. */
  readonly excluded: readonly Use[];
  /** Of carbon: the same with electricity by the residual factor. */
  readonly residual?: { readonly value: number; readonly factor: FactorUse } | undefined;
}

/** A figure of a month is not per year. */
const PART_UNIT = Object.fromEntries(METRICS.map((metric) => [metric, UNIT_OF[metric].replace(/\((.+)·a\)/, '$1')]));

const unitFor = (metric: Metric, yearly: boolean): string =>
  yearly ? UNIT_OF[metric] : (PART_UNIT[metric] ?? UNIT_OF[metric]);

function indicatorOf(metric: Metric, measured: Measured, yearly: boolean): Answer<Indicator> {
  const ratio = RATIOS[metric](measured);
  if (!ratio.ok) return ratio;
  const { top, topUnit, bottom, bottomUnit, boundary, residual } = ratio.value;
  const exact = divide(top.value, bottom);
  const view = residual && {
    value: roundHalfUp(divide(residual.total, bottom)),
    factor: residual.factor,
  };
  return {
    ok: true,
    value: {
      metric,
      value: roundHalfUp(exact),
      exact,
      unit: unitFor(metric, yearly),
      set: topUnit === 'kgce' ? measured.caliber.set : null,
      boundary,
      from: measured.facts.from,
      to: measured.facts.to,
      numerator: { value: roundHalfUp(top.value), unit: topUnit },
      denominator: { value: roundHalfUp(bottom), unit: bottomUnit },
      coverage: top.coverage,
      weakest: top.weakest,
      manual: top.manual,
      factors: top.factors,
      excluded: boundary === 'quota' ? measured.excluded : [],
      ...(view && { residual: view }),
    },
  };
}

export interface MetricAnswer {
  readonly metric: Metric;
  readonly answer: Answer<Indicator>;
}

/** The asked metrics of a period, in METRICS' order unless named. A figure that cannot be given says why and what would cure it. */
export function indicators(
  facts: PeriodFacts,
  caliber: Caliber,
  tables: RateTables,
  metrics: readonly Metric[] = METRICS,
): readonly MetricAnswer[] {
  const measured = measure(facts, caliber, tables);
  const yearly = isYear(facts);
  return metrics.map((metric) => ({ metric, answer: indicatorOf(metric, measured, yearly) }));
}

export const indicator = (
  metric: Metric,
  facts: PeriodFacts,
  caliber: Caliber,
  tables: RateTables,
): Answer<Indicator> => indicatorOf(metric, measure(facts, caliber, tables), isYear(facts));

/** Change against a comparison such as the same period last year; missing when the comparison is. −0.05 is 5 % less. */
export function changeAgainst(now: Indicator, before: Answer<Indicator>): Answer<number> {
  if (!before.ok) return before;
  if (before.value.exact.num === 0n) {
    return lacks(
      'comparison',
      'DENOMINATOR_MISSING: the period compared with is 0',
      '核对对比期数据',
      'check the period compared with',
    );
  }
  return { ok: true, value: roundHalfUp(subtract(divide(now.exact, before.value.exact), exactOf(1))) };
}
