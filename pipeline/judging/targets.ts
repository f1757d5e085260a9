import { formatMonth, type LocalText, type TargetFacts } from '#domain';
import {
  barometerThresholds,
  type Catalogue,
  clauseText,
  COMPARISONS,
  targetsFor,
} from '../../rules/catalogue/index.ts';
import type { Missing, TargetRow } from '../../rules/contract.ts';
import { FORECAST, type Tracking, trackTarget } from '../../rules/control/index.ts';
import { LEAST_COVERAGE } from '../../rules/judgement/index.ts';
import type { RowUsed, TargetAnswer, TargetsAnswer } from '../answers-rules.ts';
import type { MonthSpan } from '../facts/amounts.ts';
import type { InstitutionBook } from '../facts/period.ts';
import type { RulesInForce } from './catalogue.ts';
import { missingAnswer, type Totals, totalsOf } from './figures.ts';
import { eachOnce, usedRow } from './rows.ts';
import { evidenceIn, type Measure, TARGET_UNITS } from './target-units.ts';

/** Whose targets: one institution's, or all of the site's together. */
export interface TargetScope {
  readonly site: string;
  readonly institution: string | undefined;
  readonly books: readonly InstitutionBook[];
  readonly targets: readonly TargetFacts[];
  readonly year: number;
  /** Month after the last that has ended. */
  readonly ended: number;
  /** What the books hold. */
  readonly whole: MonthSpan;
}

/** A target with the row by which rules follow it. */
interface Followed {
  readonly row: TargetRow;
  readonly id: string;
  readonly source: LocalText;
  /** Absent: set by the facts of the site, not by the catalogue. */
  readonly catalogue: boolean;
}

/** First year that a year's targets need: those of the forecast's history, and the base year of each target that holds in the year. */
export const firstYearOf = (year: number, targets: readonly Pick<TargetRow, 'baseYear' | 'targetYear'>[]): number =>
  Math.min(
    year - FORECAST.years,
    ...targets.filter((one) => one.baseYear < year && year <= one.targetYear).map(({ baseYear }) => baseYear),
  );

export function targetsAnswer(scope: TargetScope, rules: RulesInForce): TargetsAnswer {
  const { year, institution } = scope;
  const { followed, missing } = followedTargets(scope, rules.catalogue);
  const months = monthTable(scope, rules);
  return {
    site: scope.site,
    institution: institution ?? null,
    year,
    targets: followed.map((one) => follow(one, scope, rules.catalogue, months)),
    missing: missing.map(missingAnswer),
  };
}

const regionOf = (scope: TargetScope): string | undefined => {
  const regions = new Set(scope.books.map(({ profile }) => profile.division));
  const [region] = regions;
  return regions.size === 1 ? region : undefined;
};

function followedTargets(
  scope: TargetScope,
  catalogue: Catalogue,
): { readonly followed: readonly Followed[]; readonly missing: readonly Missing[] } {
  const { year, institution } = scope;
  const region = regionOf(scope);
  const own = scope.targets
    .filter((t) => t.institution === institution && t.baseYear < year && year <= t.targetYear)
    .map((t): Followed => ({
      row: rowOfFacts(t, region),
      id: t.id,
      source: { zh: t.source, en: t.source },
      catalogue: false,
    }));
  if (region === undefined) return { followed: own, missing: [] };
  const given = targetsFor(catalogue, { region, year });
  if (!given.ok) return { followed: own, missing: own.length > 0 ? [] : [given.missing] };
  // totals and caps of a nation or a province are no institution's
  const rows = given.value.rows.filter(
    (row) => row.jurisdictionClass === undefined && row.change !== undefined && !row.metric.endsWith('-total'),
  );
  const public_ = rows.map((row): Followed => ({
    row,
    id: row.id,
    source: documentText(row),
    catalogue: true,
  }));
  return { followed: [...own, ...public_], missing: [] };
}

function documentText({ source: { document, clause } }: TargetRow): LocalText {
  const { zh, en } = clauseText(clause);
  return { zh: `${document}，${zh}`, en: `${document}, ${en}` };
}

const rowOfFacts = (target: TargetFacts, region: string | undefined): TargetRow => ({
  kind: 'target',
  id: `facts/${target.id}`,
  region: region ?? '000000',
  from: `${target.baseYear + 1}-01-01`,
  source: { document: target.source, clause: '', year: target.baseYear },
  confidence: 'A',
  verified: true,
  plan: target.id,
  // the facts file takes no other (collectors/site/facts/schema.ts)
  metric: target.metric as TargetRow['metric'],
  baseYear: target.baseYear,
  targetYear: target.targetYear,
  change: target.change,
  cap: target.cap,
  unit: target.unit ?? '',
});

/** What a target's series counts, in thousandths of the unit that people read. */
const SERIES: Readonly<Partial<Record<TargetRow['metric'], Measure>>> = {
  'energy-total': 'kgce',
  'energy-per-area': 'kgce',
  'energy-per-person': 'kgce',
  'water-total': 'waterM3',
  'water-per-person': 'waterM3',
  'water-per-area': 'waterM3',
  'co2-total': 'kgCO2',
  'co2-per-area': 'kgCO2',
  'co2-per-person': 'kgCO2',
};
const seriesOf = (metric: TargetRow['metric']): Measure | undefined => SERIES[metric];

const UNIT: Readonly<Record<Measure, string>> = { kgce: 'kgce', kgCO2: 'kgCO2', waterM3: 'm3' };

const PER: Readonly<Record<string, string>> = { 'per-area': '/m2', 'per-person': '/person' };

interface MonthFigures {
  readonly month: number;
  readonly coverage: Readonly<Record<Measure, number>>;
  readonly totals: Readonly<Record<Measure, number | undefined>>;
}

/** Ended months that the books hold, summed over the books; a figure that one book lacks is lacking in the sum. */
function monthTable({ books, ended, whole }: TargetScope, { tables }: RulesInForce): readonly MonthFigures[] {
  const [from, to] = [whole.from, Math.min(ended, whole.to)];
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => {
    const month = from + i;
    const periods = books.map((book) => book.period({ from: month, to: month + 1 }).facts);
    const each = periods.map((facts) => totalsOf(facts, tables));
    const quantities = periods.flatMap((facts) => facts.quantities);
    const coverage = (measure: Measure): number => evidenceIn(measure, quantities).coverage;
    const sum = (pick: (totals: Totals) => number | null): number | undefined =>
      each.reduce<number | undefined>((total, one) => {
        const value = pick(one);
        return total === undefined || value === null ? undefined : total + value;
      }, 0);
    return {
      month,
      coverage: { kgce: coverage('kgce'), kgCO2: coverage('kgCO2'), waterM3: coverage('waterM3') },
      totals: { kgce: sum((t) => t.kgce), kgCO2: sum((t) => t.kgCO2), waterM3: sum((t) => t.waterM3) },
    };
  });
}

function denominatorsByYear(row: TargetRow, { books, year }: TargetScope): Readonly<Record<number, number>> {
  const name = row.metric.endsWith('-per-area') ? 'areaM2' : 'persons';
  const years = Array.from({ length: year - row.baseYear + 1 }, (_, i) => row.baseYear + i);
  return Object.fromEntries(
    years.flatMap((y) => {
      const each = books.map((book) => {
        const { facts } = book.period({ from: y * 12, to: (y + 1) * 12 });
        return (facts.surveyDenominators ?? facts.denominators)[name];
      });
      const sum = each.reduce<number | undefined>(
        (a, b) => (a === undefined || b === undefined ? undefined : a + b),
        0,
      );
      return sum === undefined || sum <= 0 ? [] : [[y, sum] as const];
    }),
  );
}

function follow(
  target: Followed,
  scope: TargetScope,
  catalogue: Catalogue,
  months: readonly MonthFigures[],
): TargetAnswer {
  const { row } = target;
  const measure = seriesOf(row.metric) ?? 'kgce';
  // a month with too little evidence is a hole: its figure would be too small and would look like a saving
  const known = months.flatMap(({ month, coverage, totals }) => {
    const value = totals[measure];
    return value === undefined || value < 0 || coverage[measure] < LEAST_COVERAGE
      ? []
      : [{ month, amount: Math.round(value * 1_000) }];
  });
  const thresholds = COMPARISONS.flatMap((comparison) => {
    const region = regionOf(scope) ?? row.region;
    const answer = barometerThresholds(catalogue, { comparison, region, date: `${scope.year}-12-31` });
    return answer.ok ? [answer.value] : [];
  });
  const tracking = trackTarget({
    row,
    series: known.map(({ month, amount }) => ({ month: formatMonth(month), amount })),
    year: scope.year,
    thresholds,
    denominators: denominatorsByYear(row, scope),
    capUnit: TARGET_UNITS[row.unit]?.per,
  });
  return answerOf(target, scope, tracking, months, new Map(known.map((one) => [one.month, one.amount])), catalogue);
}

const read = (thousandths: number): number => thousandths / 1_000;

function answerOf(
  { row, id, source, catalogue: public_ }: Followed,
  scope: TargetScope,
  tracking: Tracking,
  months: readonly MonthFigures[],
  known: ReadonlyMap<number, number>,
  catalogue: Catalogue,
): TargetAnswer {
  const { allowance, path, progress, forecast, barometer } = tracking;
  const measure = seriesOf(row.metric) ?? 'kgce';
  const ofYear = months.filter(({ month }) => Math.floor(month / 12) === scope.year);
  const rowNamed = (name: string): RowUsed | null => {
    const found = catalogue.byId.get(name);
    return found ? usedRow(found, 'unit' in found && typeof found.unit === 'string' ? found.unit : '') : null;
  };
  const given = allowance.ok ? allowance.value : undefined;
  return {
    id,
    source,
    institution: scope.institution ?? null,
    metric: row.metric,
    unit: UNIT[measure],
    valueUnit:
      row.unit !== '' ? row.unit : `${UNIT[measure]}${PER[row.metric.slice(row.metric.indexOf('-') + 1)] ?? ''}`,
    baseYear: row.baseYear,
    targetYear: row.targetYear,
    base: given?.base === undefined ? null : read(given.base),
    target: given?.target === undefined ? null : read(given.target),
    yearCap: given === undefined ? null : read(given.amount),
    toDate: progress.ok ? read(progress.value.actual) : null,
    months: monthRows(scope.year, tracking, known),
    forecast: forecast.ok
      ? {
          value: read(forecast.value.estimate),
          low: read(forecast.value.low),
          high: read(forecast.value.high),
          level: forecast.value.confidence,
        }
      : null,
    barometer: barometer.flatMap(({ comparison, answer }) =>
      answer.ok
        ? [{ comparison, level: answer.value.level, value: answer.value.lag, row: rowNamed(answer.value.row) }]
        : [],
    ),
    coverage: ofYear.length === 0 ? 0 : ofYear.reduce((sum, one) => sum + one.coverage[measure], 0) / ofYear.length,
    rows: eachOnce([...(public_ ? [row.id] : []), ...tracking.rows].flatMap((name) => rowNamed(name) ?? [])),
    missing: [
      allowance,
      ...(allowance.ok ? [path] : []),
      progress,
      forecast,
      ...barometer.map(({ answer }) => answer),
    ].flatMap((answer) => (answer.ok ? [] : [missingAnswer(answer.missing)])),
  };
}

function monthRows(
  year: number,
  { path, forecast }: Tracking,
  known: ReadonlyMap<number, number>,
): TargetAnswer['months'] {
  let sum: number | undefined = 0;
  const open = new Map(forecast.ok ? forecast.value.open.map((one) => [one.month, one]) : []);
  return Array.from({ length: 12 }, (_, i) => {
    const month = formatMonth(year * 12 + i);
    const plan = path.ok ? path.value.months[i] : undefined;
    const actual = known.get(year * 12 + i);
    sum = sum === undefined || actual === undefined ? undefined : sum + actual;
    const expected = open.get(month);
    return {
      month,
      plan: plan ? read(plan.amount) : null,
      planToDate: plan ? read(plan.cumulative) : null,
      actual: actual === undefined ? null : read(actual),
      actualToDate: sum === undefined ? null : read(sum),
      forecast: expected ? read(expected.estimate) : null,
      low: expected ? read(expected.low) : null,
      high: expected ? read(expected.high) : null,
      forecastToDate: expected ? read(expected.toDate.estimate) : null,
      lowToDate: expected ? read(expected.toDate.low) : null,
      highToDate: expected ? read(expected.toDate.high) : null,
    };
  });
}
