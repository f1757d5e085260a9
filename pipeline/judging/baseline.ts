import type { Kysely } from 'kysely';
import {
  civilOfDay,
  type Carrier,
  displayUnitOf,
  formatDay,
  localDay,
  oneOf,
  parseTime,
  requestError,
  type SiteFacts,
  type Zone,
  unitFactor,
  zoneOf,
} from '#domain';
import {
  type Baseline,
  daysWithin,
  fitBaseline,
  gateResults,
  type Savings,
  savingsOf,
  type UseDay,
} from '../../rules/baseline/index.ts';
import { dayKindOf } from '../../rules/catalogue/index.ts';
import type { Missing } from '../../rules/contract.ts';
import type { BaselineAnswer } from '../answers-rules.ts';
import type { Tables } from '../books/tables.ts';
import { type DailyUse, dailyUse, LEAST_DAY_COVERAGE } from '../facts/daily-use.ts';
import {
  type DaySpan,
  NO_SOURCE,
  type OutdoorDay,
  outdoorDays,
  sourceAnswer,
  temperatureSource,
} from '../facts/temperature.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { BaselineQuery } from '../service-rules.ts';
import { missingAnswer } from './figures.ts';

/** Days of a century. */
const MOST_DAYS = 36_525;

/** "2025", "2025-03..2026-02", "2025-03-01/2026-02-28": local days, both ends included. Throws TIME_INVALID, PERIOD_EMPTY, PERIOD_TOO_LONG. */
export function daySpanOf(text: string, zone: Zone): DaySpan {
  const [, first = text, last = first] = /^(.*?)(?:\.\.|\/)(.*)$/.exec(text) ?? [];
  const span = {
    from: localDay(parseTime(first, zone).from, zone),
    to: localDay(parseTime(last, zone).to - 1, zone) + 1,
  };
  if (span.to - span.from > MOST_DAYS)
    throw requestError('PERIOD_TOO_LONG', `"${text}" is longer than a hundred years`, {
      place: text,
      cure: 'ask for a shorter time',
    });
  if (span.to > span.from) return span;
  throw requestError('PERIOD_EMPTY', `"${text}" ends before it begins`, {
    place: text,
    cure: 'write 2025 or 2025-03..2026-02',
  });
}

/** Expected use by weather and workdays, and what was saved against it; without a fit every reason, and no number. */
export async function baselineAnswer(
  db: Kysely<Tables>,
  site: DirectorySite,
  facts: SiteFacts,
  query: BaselineQuery,
  now: number,
): Promise<BaselineAnswer> {
  const { carrier, institution } = query;
  refuseUnknown(site, institution);
  const zone = zoneOf(site.registry.site.zone);
  const today = localDay(now, zone);
  const base = ended(daySpanOf(query.period, zone), today);
  const reporting = query.reporting === undefined ? undefined : ended(daySpanOf(query.reporting, zone), today);
  const source = temperatureSource(query.series, facts);
  const read = async (span: DaySpan): Promise<Read> => {
    const [use, outdoors] = await Promise.all([
      dailyUse(db, site, institution, carrier, span),
      source ? outdoorDays(db, site, source, span) : [],
    ]);
    return { span, use, outdoors, days: daysOf(span, use, outdoors) };
  };
  const [before, after] = [await read(base), reporting && (await read(reporting))];
  const fitted = fitBaseline(before.days, base);
  const saved = fitted.ok && after ? savingsOf(fitted.value, after.days, after.span) : undefined;
  const missing: readonly Missing[] = [
    ...(source ? [] : [NO_SOURCE]),
    ...(fitted.ok ? [] : within('baseline', fitted.missing)),
    ...(saved && !saved.ok ? within('reporting', saved.missing) : []),
  ];
  const scale = perDisplayUnit(carrier);
  return {
    site: site.registry.site.id,
    institution: institution ?? null,
    carrier,
    unit: displayUnitOf(carrier),
    baseline: datesOf(base),
    reporting: reporting ? datesOf(reporting) : null,
    gates: gateResults(daysWithin(before.days, base), base).map((gate) => ({ ...gate })),
    model: fitted.ok ? modelAnswer(fitted.value, scale) : null,
    savings: saved?.ok ? savingsAnswer(saved.value, scale) : null,
    sources: sourcesOf(
      [before, ...(after ? [after] : [])],
      source && sourceAnswer(source, [...before.outdoors, ...(after?.outdoors ?? [])]),
    ),
    missing: missing.map(missingAnswer),
  };
}

interface Read {
  readonly span: DaySpan;
  readonly use: DailyUse;
  readonly outdoors: readonly OutdoorDay[];
  readonly days: readonly UseDay[];
}

function refuseUnknown({ registry }: DirectorySite, institution: string | undefined): void {
  if (institution === undefined || registry.institutions.some(({ id }) => id === institution)) return;
  throw requestError('SUBJECT_UNKNOWN', `there is no institution "${institution}"`, {
    place: institution,
    ...oneOf(registry.institutions.map(({ id }) => id)),
  });
}

/** Days to come are no days of a period. */
function ended({ from, to }: DaySpan, today: number): DaySpan {
  if (from < today) return { from, to: Math.min(to, today) };
  throw requestError('PERIOD_EMPTY', `no day of the period from ${formatDay(from)} has ended`, {
    place: formatDay(from),
    cure: 'choose a period that has begun',
  });
}

function daysOf({ from, to }: DaySpan, use: DailyUse, outdoors: readonly OutdoorDay[]): readonly UseDay[] {
  const warm = new Map(outdoors.map(({ day, millidegrees }) => [day, millidegrees / 1_000]));
  return Array.from({ length: to - from }, (_, i) => ({
    day: from + i,
    use: use.days.get(from + i),
    temperature: warm.get(from + i),
    workday: dayKindOf(from + i).works,
  }));
}

const datesOf = ({ from, to }: DaySpan) => ({ from: formatDay(from), to: formatDay(to) });

const within = (period: 'baseline' | 'reporting', missing: readonly Missing[]): readonly Missing[] =>
  missing.map((one) => ({ ...one, what: `${period}.${one.what}` }));

/** Base units in the unit that people read. */
function perDisplayUnit(carrier: Carrier): number {
  const { num, den } = unitFactor(displayUnitOf(carrier), carrier);
  return num / den;
}

const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;

function modelAnswer(baseline: Baseline, scale: number): NonNullable<BaselineAnswer['model']> {
  const { shape, quality } = baseline;
  const read = (value: number | undefined): number | null => (value === undefined ? null : rounded(value / scale));
  const { variance: _, ...said } = quality;
  return {
    heatingPoint: shape.heatingPoint ?? null,
    coolingPoint: shape.coolingPoint ?? null,
    base: rounded(baseline.base / scale),
    workdayStep: shape.workdays ? read(baseline.workdayStep) : null,
    heatingSlope: read(baseline.heatingSlope),
    coolingSlope: read(baseline.coolingSlope),
    quality: {
      ...said,
      rSquared: rounded(said.rSquared),
      adjustedRSquared: rounded(said.adjustedRSquared),
      cvRmse: rounded(said.cvRmse),
      nmbe: rounded(said.nmbe),
      autocorrelation: rounded(said.autocorrelation),
      effectiveDays: rounded(said.effectiveDays),
    },
  };
}

const savingsAnswer = (
  { expected, actual, saving, low, high, share, confidence, days, spanDays, beyond }: Savings,
  scale: number,
): NonNullable<BaselineAnswer['savings']> => ({
  expected: rounded(expected / scale),
  actual: rounded(actual / scale),
  saving: rounded(saving / scale),
  low: rounded(low / scale),
  high: rounded(high / scale),
  share: share === undefined ? null : rounded(share),
  confidence,
  days,
  spanDays,
  beyond,
});

function sourcesOf(
  reads: readonly Read[],
  temperature: NonNullable<BaselineAnswer['sources']['temperature']> | undefined,
): BaselineAnswer['sources'] {
  const days = reads.flatMap((read) => read.days);
  const unpublished = days.filter(({ day }) => !dayKindOf(day).published).map(({ day }) => civilOfDay(day).year);
  return {
    points: [...new Set(reads.flatMap(({ use }) => use.points))],
    leastDayCoverage: LEAST_DAY_COVERAGE,
    temperature: temperature ?? null,
    workdays: {
      calendar: 'chinese-days',
      yearsWithoutNotice: [...new Set(unpublished)],
    },
    model: 'CalTRACK 2.0; ASHRAE Guideline 14',
  };
}
