import { displayUnitOf, inUnit } from '#domain';
import type { Answer, Missing, PeriodFacts } from '../../rules/contract.ts';
import { carbonOfPeriod, type PeriodCarbon, type RateTables } from '../../rules/conversion/index.ts';
import { roundHalfUp } from '../../rules/exact.ts';
import {
  amountOf,
  indicators,
  measure,
  type Measured,
  type MetricAnswer,
  SURVEY_CALIBER,
} from '../../rules/indicators/index.ts';
import { isSilent } from '../../rules/evidence.ts';
import type { MissingAnswer } from '../answers-parts.ts';
import type { IndicatorAnswer, IndicatorPeriod, PeriodIndicators, RowUsed } from '../answers-rules.ts';
import { eachOnce, usedFactor } from './rows.ts';

/** A period's figures in the national survey's caliber. */
export interface PeriodFigures {
  readonly answer: PeriodIndicators;
  readonly rows: readonly RowUsed[];
}

export const missingAnswer = ({ what, reason, cure }: Missing): MissingAnswer => ({ what, reason, cure: { ...cure } });

/** Totals whose rows a close keeps: coal equivalent and carbon of a period. */
export interface Totals {
  readonly kgce: number | null;
  readonly kgCO2: number | null;
  readonly kgCO2Residual: number | null;
  readonly waterM3: number | null;
  readonly rows: readonly RowUsed[];
  readonly missing: readonly Missing[];
}

export function totalsOf(facts: PeriodFacts, tables: RateTables): Totals {
  const measured = measure(facts, SURVEY_CALIBER, tables);
  const energy = measured.energy();
  const carbon = carbonTotal(facts, measured);
  // as the indicators count: what is resold is never the institution's
  const water = amountOf(measured.whole, 'water');
  return {
    kgce: energy.ok ? roundHalfUp(energy.value.value) : null,
    kgCO2: carbon.ok ? carbon.value.kgCO2 : null,
    kgCO2Residual: carbon.ok ? (carbon.value.residual?.kgCO2 ?? null) : null,
    waterM3: water.ok ? Number(water.value.value.num) / 1_000 : null,
    rows: eachOnce([
      ...(energy.ok ? energy.value.factors.map(usedFactor) : []),
      ...(carbon.ok ? carbon.value.factors.map(usedFactor) : []),
    ]),
    missing: eachMissingOnce([energy, carbon]),
  };
}

const eachMissingOnce = (answers: readonly Answer<unknown>[]): readonly Missing[] => [
  ...new Map(answers.flatMap((one) => (one.ok ? [] : [[one.missing.reason, one.missing]]))).values(),
];

/** Every institution uses electricity, whose factor depends on the place: where either is unknown there is no carbon, and the answer asks. */
function carbonTotal(facts: PeriodFacts, { rates }: Measured): Answer<PeriodCarbon> {
  const power = amountOf(facts.quantities, 'electricity');
  if (!power.ok) return power;
  return facts.profile.division === undefined ? PLACE_UNKNOWN : carbonOfPeriod(facts.quantities, rates);
}

const PLACE_UNKNOWN = {
  ok: false,
  missing: {
    what: 'profile.division',
    reason: 'PROFILE_INCOMPLETE: the factor of electricity depends on the place',
    cure: { zh: '请确认机构所在的市县', en: 'say in which city or county it lies' },
  },
} as const;

export function figuresOf(
  period: IndicatorPeriod,
  facts: PeriodFacts,
  missing: readonly Missing[],
  tables: RateTables,
): PeriodFigures {
  const totals = totalsOf(facts, tables);
  const answers = indicators(facts, SURVEY_CALIBER, tables);
  const given = answers
    .flatMap((one) => (one.answer.ok ? [indicatorAnswer(one)] : []))
    .filter((one) => one !== undefined);
  const refused = answers.flatMap(({ metric, answer }) =>
    answer.ok ? [] : [{ ...answer.missing, what: `${metric}: ${answer.missing.what}` }],
  );
  const { areaM2, heatedAreaM2, persons, bedDays } = facts.surveyDenominators ?? facts.denominators;
  const rows = eachOnce([...totals.rows, ...given.flatMap((one) => one.rows)]);
  return {
    rows,
    answer: {
      period,
      from: facts.from,
      to: facts.to,
      quantities: facts.quantities
        .filter((q) => !isSilent(q))
        .map((q) => ({
          ...q,
          display: inUnit(q.amount, displayUnitOf(q.carrier), q.carrier),
          displayUnit: displayUnitOf(q.carrier),
        })),
      denominators: {
        areaM2: areaM2 ?? null,
        heatedAreaM2: heatedAreaM2 ?? null,
        persons: persons ?? null,
        bedDays: bedDays ?? null,
      },
      coverage: facts.quantities.length === 0 ? 0 : Math.min(...facts.quantities.map((q) => q.coverage)),
      totals: {
        kgce: totals.kgce,
        kgCO2: totals.kgCO2,
        kgCO2Residual: totals.kgCO2Residual,
        waterM3: totals.waterM3,
      },
      indicators: given,
      missing: [...missing, ...totals.missing, ...refused].map(missingAnswer),
    },
  };
}

const MARKS = {
  manual: { zh: '含手工录入的数量', en: 'rests in part on quantities entered by hand' },
} as const;

function indicatorAnswer({ metric, answer }: MetricAnswer): IndicatorAnswer | undefined {
  if (!answer.ok) return undefined;
  const { value, unit, set, numerator, denominator, coverage, manual, factors, residual } = answer.value;
  const beside = residual && {
    zh: `按剩余因子为 ${residual.value}（${residual.factor.id}）`,
    en: `${residual.value} by the residual factor (${residual.factor.id})`,
  };
  return {
    metric,
    value,
    unit,
    numerator: { ...numerator },
    denominator: { ...denominator },
    coverage,
    caliber: set,
    rows: factors.map(usedFactor),
    notes: [...(manual ? [MARKS.manual] : []), ...(beside ? [beside] : [])],
  };
}
