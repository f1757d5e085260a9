import type { Kysely } from 'kysely';
import {
  dayStart,
  EXCLUDED_USES,
  type ExcludedFacts,
  firstDayOfMonth,
  formatDay,
  type Institution,
  type InstitutionFacts,
  oneOf,
  type Point,
  requestError,
  type SiteFacts,
  type Use,
  zoneOf,
} from '#domain';
import type { Missing, PeriodFacts, Profile } from '../../rules/contract.ts';
import { isSilent } from '../../rules/evidence.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { coverageOf, evidenceOf } from '../rollup/coverage.ts';
import { bears, indexOf } from '../rollup/site-index.ts';
import { loadOutlines } from '../rollup/source.ts';
import { borneMeters, metersBehind } from '../rollup/subject.ts';
import { dividedShare } from '../rollup/telling.ts';
import { busyMonths, type MonthSpan, monthsOf, partyMonths, spansWithoutRows, sumOf } from './amounts.ts';
import { manualQuantities } from './by-hand.ts';
import { denominatorsOf } from './denominators.ts';
import {
  isMetered,
  meteredQuantities,
  type Metering,
  type SilentCarrier,
  silentCarriers,
  silentMissing,
  unattributedOf,
} from './metered.ts';
import { type HeldQuantity, heldQuantities } from './quantities.ts';
import { usePartsOf } from './uses.ts';

/** What an institution's periods are made of, read once: facts of any span of whole months inside it follow without the books. */
export interface InstitutionBook {
  readonly institution: Institution;
  readonly profile: Profile;
  readonly facts: InstitutionFacts | undefined;
  readonly held: readonly HeldQuantity[];
  /** Facts of a span, and what they leave open. */
  readonly period: (span: MonthSpan) => BookPeriod;
}

export interface BookPeriod {
  readonly facts: PeriodFacts;
  readonly missing: readonly Missing[];
  /** Quantities that are in no figure and hinder none: paper, food waste. */
  readonly beside: readonly Missing[];
  /** In no quantity; told in `missing` as well. */
  readonly silent: readonly SilentCarrier[];
}

/** Reads what the spans of an institution need. Throws SUBJECT_UNKNOWN. */
export async function institutionBook(
  db: Kysely<Tables>,
  site: DirectorySite,
  facts: SiteFacts,
  id: string,
  whole: MonthSpan,
): Promise<InstitutionBook> {
  const { registry } = site;
  const institution = registry.institutions.find((one) => one.id === id);
  if (!institution)
    throw requestError('SUBJECT_UNKNOWN', `there is no institution "${id}"`, {
      place: id,
      ...oneOf(registry.institutions.map((i) => i.id)),
    });
  const zone = zoneOf(registry.site.zone);
  const [fromDay, toDay] = [firstDayOfMonth(whole.from), firstDayOfMonth(whole.to)];
  const { parts, adrift, unnamed } = usePartsOf(site, facts);
  const behind = new Map(registry.points.map((p) => [p.id, metersBehind(site, p)]));
  const interval = { from: dayStart(fromDay, zone), to: dayStart(toDay, zone) };
  const mountings = [...new Set([...behind.values()].flat().flatMap((of) => of.mountings))];
  const [amounts, outlines, held] = await Promise.all([
    partyMonths(db, registry.site.id, id, whole.from, whole.to),
    mountings.length === 0 ? [] : loadOutlines(db, registry.site.id, mountings, interval),
    heldQuantities(db, registry.site.id, id, whole.from, whole.to),
  ]);
  const evidence = evidenceOf(outlines);
  const dividing = new Map(
    registry.points.map((point) => [
      point.id,
      borneMeters(site, { party: id, terms: [{ point }] }).map(({ from, to, dividers }) => ({
        from,
        to,
        dividers: evidence(dividers),
      })),
    ]),
  );
  const own = facts.institutions.find((one) => one.id === id);
  const profile = profileOf(id, own);
  const borne = new Set(indexOf(site).borne.get(id));
  const unbooked = [...borne].flatMap(({ id: point }) =>
    spansWithoutRows(amounts, point, whole).map((span) => ({ ...span, point })),
  );
  const busy = await busyMonths(db, registry.site.id, unbooked);
  /** Nothing was counted in the span: then the placing of what a gap hides is no question. A formula's terms may only cancel out. */
  const isIdle = ({ id: point, role }: Point, span: MonthSpan): boolean =>
    role !== 'formula' &&
    sumOf(amounts, point, span.from, span.to) === undefined &&
    !monthsOf(span).some((month) => busy.get(point)?.has(month));
  const coverage = (points: readonly Point[], span: MonthSpan): number => {
    const period = { from: dayStart(firstDayOfMonth(span.from), zone), to: dayStart(firstDayOfMonth(span.to), zone) };
    // counted against the whole period, also what has not come: a verdict needs nine tenths of the year
    const shares = points.flatMap((point) => {
      const isUnused = isIdle(point, span);
      const divided = isUnused ? 1 : dividedShare(dividing.get(point.id) ?? [], period, site.slotMs);
      return evidence(behind.get(point.id) ?? []).map((of) => {
        const one = isUnused ? of.map((outline) => ({ ...outline, gaps: [] })) : of;
        return Math.min(divided, coverageOf([one], period, period.to, site.slotMs));
      });
    });
    return shares.length === 0 ? 0 : shares.reduce((a, b) => a + b, 0) / shares.length;
  };
  /** Bears a part of a point whose meters had spoken by the end of the span: without amounts there its use is 0, or not known. */
  const spoken = (point: Point, span: MonthSpan): boolean => {
    const days = { from: firstDayOfMonth(span.from), to: firstDayOfMonth(span.to) };
    if (!borne.has(point) || !bears(site, id, point, days)) return false;
    const end = dayStart(days.to, zone);
    return evidence(behind.get(point.id) ?? []).some((of) => of.some((one) => one.evidence.from < end));
  };
  const gone = (point: Point, span: MonthSpan): boolean =>
    (behind.get(point.id) ?? []).every(({ until }) => until <= dayStart(firstDayOfMonth(span.from), zone));
  const metering: Metering = { parts, amounts, coverage, spoken, gone };
  const standing = [...adrift.map(adriftMissing), ...unnamed.map(unnamedMissing)];
  return {
    institution,
    profile,
    facts: own,
    held,
    period: (span) => {
      const [from, to] = [firstDayOfMonth(span.from), firstDayOfMonth(span.to)];
      const manual = manualQuantities(held, span, isMetered(metering));
      const metered = meteredQuantities(metering, span);
      const silent = silentCarriers(metering, span, metered);
      const quantities = [...metered, ...manual.quantities];
      const told = quantities.filter((quantity) => quantity.carrier !== 'water' && !isSilent(quantity));
      const uses = new Set<Use>(told.map(({ use }) => (use === 'data-centre-it' ? 'data-centre' : use)));
      const untold = (own?.excluded ?? []).filter(({ use }) => !uses.has(use));
      const out = EXCLUDED_USES.filter((use) => uses.has(use)).flatMap((use): readonly ExcludedFacts[] => {
        const known = (own?.excluded ?? []).filter((one) => one.use === use);
        return known.length > 0 ? known : [{ use, area: [], persons: [] }];
      });
      const denominators = denominatorsOf(institution, own, out, from, to, span);
      return {
        facts: {
          profile,
          from: formatDay(from),
          to: formatDay(to),
          quantities,
          denominators: denominators.reduced,
          ...(denominators.survey && { surveyDenominators: denominators.survey }),
          ...unattributedOf(registry.points, metering, span),
        },
        missing: [
          ...silent.map(silentMissing),
          ...denominators.missing,
          ...untold.map(untoldMissing),
          ...standing,
          ...manual.missing,
        ],
        beside: manual.beside,
        silent,
      };
    },
  };
}

const profileOf = (institution: string, facts: InstitutionFacts | undefined): Profile => ({
  institution,
  type: facts?.type,
  // a hospital's table goes by its grade
  level: facts?.type === 'hospital' ? (facts.grade ?? facts.level) : facts?.level,
  division: facts?.division,
  heating: facts?.heating,
  class: facts?.class,
  hoursPerYear: facts?.hoursPerYear,
});

/** A standard takes area and persons out together with the energy (DB37/T 2672-2019), or not at all. */
const untoldMissing = ({ use }: ExcludedFacts): Missing => ({
  what: `excluded.${use}`,
  reason: `QUANTITY_MISSING: no energy of ${use} is told apart, so its area and persons are not taken out`,
  cure: {
    zh: `计量或录入该用途的用能（用途写 ${use}）`,
    en: `meter its energy or enter it by hand, with the use ${use}`,
  },
});

const adriftMissing = ({ id }: Point): Missing => ({
  what: `point.${id}`,
  reason: `USE_ADRIFT: ${id} has a use and lies below no counted point, so it is not taken out of the total`,
  cure: { zh: `给 ${id} 写上 parent`, en: `give ${id} a parent in the site file` },
});

const unnamedMissing = ({ id }: Point): Missing => ({
  what: `point.${id}`,
  reason: `USE_UNKNOWN: ${id} generates and has no use, so it is counted as bought electricity`,
  cure: { zh: `在基础信息文件中给 ${id} 写上 use`, en: `give ${id} a use in the facts file, such as pv-self-used` },
});
