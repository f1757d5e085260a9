import type { Kysely } from 'kysely';
import {
  type Carrier,
  dayStart,
  type ExcludedFacts,
  firstDayOfMonth,
  formatDay,
  formatMonth,
  type Institution,
  type InstitutionFacts,
  isCarrier,
  type Point,
  quantityDisplay,
  quantityDisplayUnit,
  type QuantityKind,
  requestError,
  type SiteFacts,
  type Use,
  zoneOf,
} from '#domain';
import type { Missing, PeriodFacts, Profile, Quantity } from '../../rules/contract.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { coverageOf, evidenceOf } from '../rollup/coverage.ts';
import { bears, indexOf } from '../rollup/site-index.ts';
import { loadOutlines } from '../rollup/source.ts';
import { metersBehind } from '../rollup/subject.ts';
import { type MonthAmounts, partyMonths, sumOf } from './amounts.ts';
import { denominatorsOf } from './denominators.ts';
import { type HeldQuantity, heldQuantities } from './quantities.ts';
import { type UsePart, usePartsOf } from './uses.ts';

/** Months since year 0, `from` included, `to` not. */
export interface MonthSpan {
  readonly from: number;
  readonly to: number;
}

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
      cure: `known: ${registry.institutions
        .slice(0, 12)
        .map((i) => i.id)
        .join(', ')}`,
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
  const own = facts.institutions.find((one) => one.id === id);
  const profile = profileOf(id, own);
  const coverage = (points: readonly Point[], span: MonthSpan): number => {
    const period = { from: dayStart(firstDayOfMonth(span.from), zone), to: dayStart(firstDayOfMonth(span.to), zone) };
    // counted against the whole period, also what has not come: a verdict needs nine tenths of the year
    const meters = points.flatMap((point) => behind.get(point.id) ?? []);
    return coverageOf(evidence(meters), period, period.to, site.slotMs);
  };
  const borne = new Set(indexOf(site).borne.get(id));
  /** Bears a part of a point whose meters had spoken by the end of the span: without amounts there its use is 0, or not known. */
  const spoken = (point: Point, span: MonthSpan): boolean => {
    const days = { from: firstDayOfMonth(span.from), to: firstDayOfMonth(span.to) };
    if (!borne.has(point) || !bears(site, id, point, days)) return false;
    const end = dayStart(days.to, zone);
    return evidence(behind.get(point.id) ?? []).some((of) => of.some((one) => one.evidence.from < end));
  };
  const standing = [...adrift.map(adriftMissing), ...unnamed.map(unnamedMissing)];
  return {
    institution,
    profile,
    facts: own,
    held,
    period: (span) => {
      const [from, to] = [firstDayOfMonth(span.from), firstDayOfMonth(span.to)];
      const manual = manualQuantities(held, span);
      const quantities = [...meteredQuantities(parts, amounts, span, coverage, spoken), ...manual.quantities];
      const uses = new Set<Use>(quantities.map(({ use }) => (use === 'data-centre-it' ? 'data-centre' : use)));
      const { out = [], untold = [] } = Object.groupBy(own?.excluded ?? [], ({ use }) =>
        uses.has(use) ? 'out' : 'untold',
      );
      const denominators = denominatorsOf(institution, own && { ...own, excluded: out }, from, to, span);
      return {
        facts: {
          profile,
          from: formatDay(from),
          to: formatDay(to),
          quantities,
          denominators: denominators.reduced,
          ...(denominators.survey && { surveyDenominators: denominators.survey }),
          ...unattributedOf(registry.points, amounts, span),
        },
        missing: [...denominators.missing, ...untold.map(untoldMissing), ...standing, ...manual.missing],
        beside: manual.beside,
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

interface Bucket {
  readonly carrier: Carrier;
  readonly use: Use;
  amount: number;
  readonly points: Point[];
  /** Sub-meters whose use was taken out: what they miss stays in the amount. */
  readonly taken: Point[];
}

function meteredQuantities(
  parts: readonly UsePart[],
  amounts: MonthAmounts,
  span: MonthSpan,
  coverage: (points: readonly Point[], span: MonthSpan) => number,
  spoken: (point: Point, span: MonthSpan) => boolean,
): readonly Quantity[] {
  const buckets = new Map<string, Bucket>();
  const sum = ({ id }: Point): number | undefined => sumOf(amounts, id, span.from, span.to);
  const known = new Set(parts.filter(({ point }) => sum(point) !== undefined).map(({ carrier }) => carrier));
  // a point of which no day has an amount used nothing, or is silent: then it lessens the evidence of the others, and alone is no figure
  const isIdle = (point: Point): boolean =>
    spoken(point, span) && (known.has(point.carrier) || coverage([point], span) > 0);
  for (const { point, carrier, use, root, without } of parts) {
    const [own, taken] = [sum(point), without.filter((q) => sum(q) !== undefined)];
    // what the institution bears of a sub-meter is in its total only with the counted point above it
    if (sum(root) === undefined && !(point === root && isIdle(point))) continue;
    if (own === undefined && point !== root && taken.length === 0) continue;
    const bucket = buckets.get(`${carrier} ${use}`) ?? { carrier, use, amount: 0, points: [], taken: [] };
    bucket.amount += taken.reduce((rest, q) => rest - (sum(q) ?? 0), own ?? 0);
    bucket.points.push(point);
    bucket.taken.push(...taken);
    buckets.set(`${carrier} ${use}`, bucket);
  }
  return [...buckets.values()].map(({ carrier, use, amount, points, taken }) => ({
    carrier,
    use,
    amount,
    coverage: Math.min(coverage(points, span), taken.length === 0 ? 1 : coverage(taken, span)),
    quality: 'metered' as const,
  }));
}

/** Documents cover the days of their months. What is no carrier (paper, food waste, heat by area) is named, not converted. */
function manualQuantities(
  held: readonly HeldQuantity[],
  span: MonthSpan,
): { readonly quantities: readonly Quantity[] } & Pick<BookPeriod, 'missing' | 'beside'> {
  const inside = held.filter(({ month }) => month >= span.from && month < span.to);
  const days = (month: number): number => firstDayOfMonth(month + 1) - firstDayOfMonth(month);
  const whole = firstDayOfMonth(span.to) - firstDayOfMonth(span.from);
  const groups = Map.groupBy(inside, ({ kind, use }) => `${kind} ${use}`);
  const quantities = [...groups.values()].flatMap((rows): Quantity[] => {
    const [first] = rows;
    if (!first || !isCarrier(first.kind)) return [];
    return [
      {
        carrier: first.kind,
        use: first.use,
        amount: rows.reduce((sum, { amount }) => sum + amount, 0),
        coverage: Math.min(1, rows.reduce((sum, { month }) => sum + days(month), 0) / whole),
        quality: 'manual',
      },
    ];
  });
  const untold = [...groups.values()].flatMap((rows) => {
    const [first] = rows;
    return first && !isCarrier(first.kind) ? [unconverted(first.kind, rows)] : [];
  });
  const isHeat = ({ what }: Missing): boolean => what === 'quantity.heat';
  return { quantities, missing: untold.filter(isHeat), beside: untold.filter((one) => !isHeat(one)) };
}

/** What no sourced factor turns into coal or carbon is named with its amount, and is in no total. */
function unconverted(kind: Exclude<QuantityKind, Carrier>, rows: readonly HeldQuantity[]): Missing {
  const months = [...new Set(rows.map(({ month }) => formatMonth(month)))].join(', ');
  const amount = rows.reduce((sum, row) => sum + row.amount, 0);
  if (kind === 'heat-by-area')
    return {
      what: 'quantity.heat',
      reason: `HEAT_BY_AREA: heat of ${months} is billed by area; no sourced factor turns m² into heat`,
      cure: {
        zh: '向供热单位索取供热量（GJ），作为“热”录入',
        en: 'ask the supplier for the heat in GJ and enter it as heat',
      },
    };
  return {
    what: `quantity.${kind}`,
    reason: `FACTOR_MISSING: ${quantityDisplay(amount, kind)} ${quantityDisplayUnit(kind)} of ${kind} in ${months} are kept; no sourced factor of coal or carbon, so they are in no total`,
    cure: {
      zh: '无需处理；如有出处明确的系数，请补入目录',
      en: 'nothing to do; where there is a sourced factor, add it to the catalogue',
    },
  };
}

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

/** Electricity that entered, and of it what no sub-meter right below the entry measures (ledger.md, 7). */
function unattributedOf(
  points: readonly Point[],
  amounts: MonthAmounts,
  { from, to }: MonthSpan,
): Pick<PeriodFacts, 'unattributed'> {
  const mains = points.filter((p) => p.role === 'main' && p.carrier === 'electricity');
  const ids = new Set(mains.map((p) => p.id));
  const subs = points.filter((p) => p.role === 'sub' && p.parent !== undefined && ids.has(p.parent));
  const total = (list: readonly Point[]): number =>
    list.reduce((sum, { id }) => sum + (sumOf(amounts, id, from, to) ?? 0), 0);
  if (subs.length === 0 || mains.every(({ id }) => sumOf(amounts, id, from, to) === undefined)) return {};
  const of = total(mains);
  return { unattributed: { amount: of - total(subs), of } };
}
