import type { Kysely } from 'kysely';
import {
  baseUnitOf,
  type Carrier,
  dayStart,
  decimalsOf,
  displayUnitOf,
  formatInstant,
  type Interval,
  invariantError,
  localDay,
  periodsOf,
  requestError,
  type Zone,
  zoneOf,
} from '#domain';
import type { UsageAnswer, UsageRow } from '../answers.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { Asked } from '../ledger/site-keeper.ts';
import type { UsageQuery } from '../service.ts';
import { evidenceOf, type EvidenceOutline } from './coverage.ts';
import { type Estimated, estimatesOf, loadSimilarDays } from './estimate.ts';
import { hourRows } from './hours.ts';
import { addInto, addSplit, NO_SPLIT, type RawRow, type SplitDay } from './split.ts';
import type { DaySource } from './source.ts';
import { borneMeters, metersBehind, type ResolvedSubject, resolveSubject, wholeOf } from './subject.ts';
import { partyTelling, type Telling, tellingOf } from './telling.ts';

/** Usage by hour, day, month or year (service.ts), and JudgedWindow.registryVersion of hours. Throws HOURS_NOT_ALLOCATED for parts of a day of a party. */
export async function usage(
  db: Kysely<Tables>,
  site: DirectorySite,
  source: DaySource,
  query: UsageQuery,
): Promise<Asked<UsageAnswer>> {
  if (query.interval.to <= query.interval.from)
    throw requestError('PERIOD_EMPTY', 'the period ends before it begins', { cure: 'give an end after the start' });
  const zone = zoneOf(site.registry.site.zone);
  const resolved = resolveSubject(site, query);
  const periods = periodsOf(query.by, query.interval, zone);
  const byDays = periods.every((p) => isMidnight(p.from, zone) && isMidnight(p.to, zone));
  if (!byDays) refuseHours(resolved, source);
  const isEstimated = byDays && resolved.party === undefined;
  const whole = wholeOf(periods, query.interval);
  const meters = resolved.mountings
    ? [{ mountings: resolved.mountings, until: Infinity }]
    : resolved.terms.flatMap(({ point }) => metersBehind(site, point));
  const borne = source.edition === 1 ? [] : borneMeters(site, resolved);
  const mountings = [
    ...new Set([...meters, ...borne.flatMap(({ dividers }) => dividers)].flatMap((of) => of.mountings)),
  ];
  const question = { site, source, resolved, periods, whole, mountings };
  const [{ rows: raw, outlines, registryVersion }, similar] = await Promise.all([
    byDays ? outlinedDays(question, zone) : outlinedHours(question, db),
    isEstimated ? loadSimilarDays(source, resolved, periods, zone) : [],
  ]);
  const evidence = evidenceOf(outlines, source.edition);
  const estimates = isEstimated
    ? estimatesOf(source, estimatedOf(site, source, resolved, evidence), similar, periods, zone)
    : [];
  const told =
    borne.length === 0
      ? tellingOf(evidence(meters), whole, source.now, site.slotMs)
      : partyTelling(
          borne.map(({ own, dividers, ...time }) => ({
            ...time,
            own: evidence([own]).flat(),
            dividers: evidence(dividers),
          })),
          evidence(meters),
          whole,
          source.now,
          site.slotMs,
        );
  const put = rowsOf(resolved.carrier, told, zone);
  const from = formatInstant(whole.from, zone);
  // periods follow one another, so that an end is the next beginning
  let begin = from;
  const rows = raw.map((row, i) => {
    const text = put(row, estimates[i] ?? null, begin);
    begin = text.to;
    return text;
  });
  const known = estimates.filter((e) => e !== null);
  const answer: UsageAnswer = {
    subject: resolved.subject,
    carrier: resolved.carrier,
    unit: baseUnitOf(resolved.carrier),
    displayUnit: displayUnitOf(resolved.carrier),
    zone: zone.name,
    by: query.by,
    version: source.version,
    rows,
    total: put(sumOf(raw, whole), known.length === 0 ? null : known.reduce((a, b) => a + b, 0), from),
  };
  return { answer, registryVersion };
}

/** A register is estimated until the last of its meters was removed. */
function estimatedOf(
  site: DirectorySite,
  { edition }: DaySource,
  { mountings, terms, subject }: ResolvedSubject,
  evidence: ReturnType<typeof evidenceOf>,
): readonly Estimated[] {
  if (edition === 1)
    return mountings
      ? mountings.map((id) => ({ ids: [id], sign: 1 }))
      : terms.map(({ point, sign }) => ({ ids: [point.id], sign }));
  if (!mountings)
    return terms.map(({ point, sign }) => ({
      ids: [point.id],
      sign,
      evidence: evidence(metersBehind(site, point)),
    }));
  const removed = site.registers.get(subject.id)?.mountings.map(({ removedAt }) => removedAt ?? Infinity) ?? [];
  const until = Math.max(...removed);
  return [{ ids: mountings, sign: 1, evidence: evidence([{ mountings, until }]) }];
}

interface Question {
  readonly site: DirectorySite;
  readonly source: DaySource;
  readonly resolved: ResolvedSubject;
  readonly periods: readonly Interval[];
  /** From the first to the last of them. */
  readonly whole: Interval;
  /** Whose evidence tells how well the periods are covered. */
  readonly mountings: readonly string[];
}

interface OutlinedRows {
  readonly rows: readonly RawRow[];
  readonly outlines: readonly EvidenceOutline[];
  readonly registryVersion: number | undefined;
}

async function outlinedDays(
  { source, resolved, periods, whole, mountings }: Question,
  zone: Zone,
): Promise<OutlinedRows> {
  const [rows, outlines] = await Promise.all([
    dayRows(source, resolved, periods, zone),
    source.outlines(mountings, whole),
  ]);
  return { rows, outlines, registryVersion: undefined };
}

/** What was judged for the rows tells its evidence itself; only meters of another time are looked up. */
async function outlinedHours(question: Question, db: Kysely<Tables>): Promise<OutlinedRows> {
  const { site, source, resolved, periods, whole, mountings } = question;
  const { rows, outlines, registryVersion } = await hourRows(db, site, resolved, periods);
  const others = mountings.filter((id) => !outlines.has(id));
  const more = others.length === 0 ? [] : await source.outlines(others, whole);
  return { rows, outlines: [...outlines.values(), ...more].filter((o) => o !== undefined), registryVersion };
}

function sumOf(rows: readonly RawRow[], whole: Interval): RawRow {
  let amount = 0;
  const split = { ...NO_SPLIT };
  for (const row of rows) {
    amount += row.amount;
    addInto(split, row.split);
  }
  return { ...whole, amount, split };
}

const isMidnight = (at: number, zone: Zone): boolean => dayStart(localDay(at, zone), zone) === at;

function refuseHours({ subject, party }: ResolvedSubject, source: DaySource): void {
  if (party !== undefined) {
    throw requestError('HOURS_NOT_ALLOCATED', 'usage is allocated to institutions per local day, not per hour', {
      place: subject.id,
      cure: 'ask by day, month or year with whole days, or ask for a point or the premises',
    });
  }
  if (source.version !== 'live')
    throw requestError('HOURS_NOT_CLOSED', 'a closed month keeps days, not hours', {
      cure: 'ask by day, month or year with whole days',
    });
}

async function dayRows(
  source: DaySource,
  resolved: ResolvedSubject,
  periods: readonly Interval[],
  zone: Zone,
): Promise<readonly RawRow[]> {
  const days = periods.map((p) => ({ from: localDay(p.from, zone), to: localDay(p.to, zone) }));
  const [fromDay, toDay] = [days[0]?.from ?? 0, days.at(-1)?.to ?? 0];
  source.holds(fromDay, toDay);
  const rows = periods.map((p) => ({ ...p, amount: 0, split: { ...NO_SPLIT } }));
  // periods follow one another: the row of a day is found by bisection
  const rowOfDay = (day: number): (typeof rows)[number] => {
    let [low, high] = [0, days.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (day >= (days[middle]?.to ?? 0)) low = middle + 1;
      else high = middle;
    }
    const row = day >= fromDay && day < toDay ? rows[low] : undefined;
    if (!row) throw invariantError('DAY_OUTSIDE', `day ${day} lies in no period`);
    return row;
  };
  for (const { amount, split, day } of await signedDays(source, resolved, fromDay, toDay)) {
    const row = rowOfDay(day);
    row.amount += amount;
    addInto(row.split, split);
  }
  return rows;
}

async function signedDays(
  source: DaySource,
  { mountings, terms, party, whole, carrier }: ResolvedSubject,
  fromDay: number,
  toDay: number,
): Promise<readonly SplitDay[]> {
  const points = terms.map((t) => t.point.id);
  if (party !== undefined)
    return whole
      ? source.partyTotals(party, carrier, points, fromDay, toDay)
      : source.partySplits(party, points, fromDay, toDay);
  const signs = new Map(terms.map((t) => [t.point.id, t.sign]));
  const days = mountings
    ? await source.mountingDays(mountings, fromDay, toDay)
    : await source.pointDays(points, fromDay, toDay);
  return days.map((d) => {
    const sign = signs.get(d.point) ?? 1;
    return { day: d.day, amount: sign * d.amount, split: addSplit(NO_SPLIT, d, sign) };
  });
}

/** Puts rows into words. */
function rowsOf(
  carrier: Carrier,
  told: Telling,
  zone: Zone,
): (row: RawRow, estimated: number | null, from: string) => UsageRow {
  const display = decimalsOf(displayUnitOf(carrier), carrier);
  return ({ from, to, amount, split }, estimated, text) => ({
    from: text,
    to: formatInstant(to, zone),
    amount,
    display: display(amount),
    split,
    estimated,
    ...told({ from, to }),
  });
}
