import { type Kysely, sql } from 'kysely';
import {
  dayStart,
  firstDayOfMonth,
  formatInstant,
  formatMonth,
  type Interval,
  type Registry,
  requestError,
  UNALLOCATED,
  zoneOf,
} from '#domain';
import type { TraceAnswer } from '../answers.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { effectiveRegisters } from '../ledger/effective.ts';
import type { Claim, CloseAnswer } from '../service.ts';
import { canonicalJson, sha256 } from './canonical.ts';
import { type Edition, type EvidenceOutline, outlineWithin } from './coverage.ts';
import { type DaySource, liveSource, loadOutlines, type PartyDay, partySplitsOf, type PointDay } from './source.ts';
import { trace } from './trace.ts';

/** All that a closed month needs to be reproduced byte for byte (ledger.md, 8). */
export interface ClosedContent {
  readonly site: string;
  readonly month: string;
  readonly version: number;
  /** How coverage and estimates are told of it; absent: 1. */
  readonly edition?: Edition | undefined;
  readonly closedAt: number;
  readonly registry: Registry;
  /** Active events that the figures rest on. */
  readonly events: readonly number[];
  readonly points: readonly PointDay[];
  readonly parties: readonly PartyDay[];
  readonly mountings: readonly PointDay[];
  readonly outlines: readonly EvidenceOutline[];
  /** The tree under each point's month. */
  readonly traces: Readonly<Record<string, TraceAnswer>>;
  /** Catalogue rows that `judged` rests on, `<row>@<hash of its content>`; quantities need none. */
  readonly factors: readonly string[];
  /** Coal equivalent and carbon by institution, as they were issued; absent in closes of before there were rules. */
  readonly judged?: readonly ClosedFigure[] | undefined;
}

/** What was issued of an institution's month: changing a factor later leaves it as it is. */
export interface ClosedFigure {
  readonly institution: string;
  /** In the national survey's caliber; null where a factor or a fact was missing. */
  readonly kgce: number | null;
  /** JS/T 303-2026, location-based. */
  readonly kgCO2: number | null;
}

export interface ClosedJudgement {
  readonly factors: readonly string[];
  readonly figures: readonly ClosedFigure[];
}

type Db = Kysely<Tables>;

const intervalOf = (site: DirectorySite, month: number): Interval => {
  const zone = zoneOf(site.registry.site.zone);
  return { from: dayStart(firstDayOfMonth(month), zone), to: dayStart(firstDayOfMonth(month + 1), zone) };
};

/** Freezes a month under the next version. Throws MONTH_RUNNING for one that has not ended, CLOSE_UNCHANGED where nothing differs from the last version and that adds up. */
export async function closeMonth(
  db: Db,
  site: DirectorySite,
  month: number,
  claim: Claim,
  now: number,
  judgement: ClosedJudgement = { factors: [], figures: [] },
): Promise<CloseAnswer> {
  const id = site.registry.site.id;
  const interval = intervalOf(site, month);
  const name = formatMonth(month);
  if (interval.to > now)
    throw requestError('MONTH_RUNNING', `${name} has not ended`, { place: name, cure: 'close it after its last day' });
  const previous = await lastClose(db, id, month);
  const version = (previous?.version ?? 0) + 1;
  const content = await gather(db, site, month, interval, version, now, judgement);
  if (content.points.length === 0)
    throw requestError('MONTH_EMPTY', `${name} has no figures`, { place: name, cure: 'check the month and the site' });
  if (
    previous &&
    addsUp(previous.content) &&
    canonicalJson(figuresOf(site, previous.content, interval)) === canonicalJson(figuresOf(site, content, interval))
  ) {
    throw requestError('CLOSE_UNCHANGED', `${name} stands as in version ${previous.version}`, {
      place: name,
      cure: 'nothing to do',
    });
  }
  const text = canonicalJson(content);
  const row = { site: id, month, version, closed_at: now, by_name: claim.by, reason: claim.reason, hash: sha256(text) };
  await db
    .insertInto('closed_period')
    .values({ ...row, content: text })
    .execute();
  return answerOf(site, row);
}

const figuresOf = (
  { slotMs }: DirectorySite,
  { registry, points, parties, mountings, outlines, judged = [] }: ClosedContent,
  month: Interval,
) => ({
  totals: totalsOf(registry, new Set(points.map(({ point }) => point))),
  points,
  parties,
  mountings,
  outlines: outlines.map((outline) => outlineWithin(outline, month, slotMs)),
  judged,
});

/** What the points that have figures are added up to. */
const totalsOf = ({ points, premises }: Registry, counted: ReadonlySet<string>) => {
  const housesOf = (id: string | undefined): readonly string[] =>
    id === undefined ? [] : [id, ...housesOf(premises.find((p) => p.id === id)?.parent)];
  return points
    .filter(({ id }) => counted.has(id))
    .map(({ id, carrier, role, parent = '', item = '', premises: house }) => [
      id,
      carrier,
      role,
      parent,
      item,
      ...housesOf(house),
    ]);
};

/** Whether each trace comes to the point's days: not in every version of before TOTALS_BEHIND, which readings could overtake while it was made. */
function addsUp({ points, traces }: ClosedContent): boolean {
  const sums = new Map<string, number>();
  for (const { point, amount } of points) sums.set(point, (sums.get(point) ?? 0) + amount);
  return Object.entries(traces).every(([point, { root }]) => root.amount === (sums.get(point) ?? 0));
}

async function gather(
  db: Db,
  site: DirectorySite,
  month: number,
  interval: Interval,
  version: number,
  now: number,
  { factors, figures }: ClosedJudgement,
): Promise<ClosedContent> {
  const { registry } = site;
  const source = liveSource(db, registry, now);
  const [from, to] = [firstDayOfMonth(month), firstDayOfMonth(month + 1)];
  const points = registry.points.map((p) => p.id);
  const mountings = [...site.registers.values()].flatMap((r) => r.mountings.map((m) => m.id));
  const parties = await Promise.all(
    [...registry.institutions.map((i) => i.id), UNALLOCATED].map((party) => source.partyDays(party, points, from, to)),
  );
  const traces = new Map<string, TraceAnswer>();
  for (const point of points) {
    traces.set(
      point,
      await trace(db, site, source, {
        site: registry.site.id,
        subject: { kind: 'point', id: point },
        interval,
        by: 'month',
      }),
    );
  }
  return {
    site: registry.site.id,
    month: formatMonth(month),
    version,
    edition: source.edition,
    closedAt: now,
    registry,
    events: site.events.filter((e) => e.state === 'active').map((e) => e.id),
    points: await source.pointDays(points, from, to),
    parties: parties.flat(),
    mountings: await source.mountingDays(mountings, from, to),
    outlines: await loadOutlines(db, registry.site.id, mountings, interval),
    traces: Object.fromEntries(traces),
    factors,
    judged: figures,
  };
}

export interface StoredClose {
  readonly version: number;
  readonly hash: string;
  readonly content: ClosedContent;
}

/** The last close of a month, or the one of a version. */
export async function lastClose(
  db: Db,
  site: string,
  month: number,
  version?: number,
): Promise<StoredClose | undefined> {
  let query = db
    .selectFrom('closed_period')
    .select(['version', 'hash', 'content'])
    .where('site', '=', site)
    .where('month', '=', month);
  if (version !== undefined) query = query.where('version', '=', version);
  const row = await query.orderBy('version', 'desc').limit(1).executeTakeFirst();
  // written by closeMonth only; the hash is checked where it is read as of a version
  return row && { version: row.version, hash: row.hash, content: row.content as ClosedContent };
}

/** The last version of each closed month, with the rows it rests on. */
export async function lastCloses(
  db: Db,
  site: string,
): Promise<readonly { readonly month: number; readonly version: number; readonly factors: readonly string[] }[]> {
  const { rows } = await sql<{ month: number; version: number; factors: string[] }>`
    select distinct on (month) month, version, content -> 'factors' as factors from closed_period
    where site = ${site} order by month, version desc`.execute(db);
  return rows;
}

/** Reads `2026-03#2`. Throws VERSION_UNKNOWN, VERSION_ALTERED where the stored content does not have its hash. */
export async function closedVersion(db: Db, site: string, text: string): Promise<ClosedContent> {
  const match = /^(\d{4})-(\d{2})#(\d{1,9})$/.exec(text);
  const month = match ? Number(match[1]) * 12 + Number(match[2]) - 1 : NaN;
  const stored = match ? await lastClose(db, site, month, Number(match[3])) : undefined;
  if (!stored)
    throw requestError('VERSION_UNKNOWN', `there is no closed version "${text}"`, {
      place: text,
      cure: 'write month#version, such as 2026-03#1; `close` without a month lists them',
    });
  if (sha256(canonicalJson(stored.content)) !== stored.hash) {
    throw requestError(
      'VERSION_ALTERED',
      `the stored figures of ${text} do not have the hash ${stored.hash.slice(0, 12)}…`,
      { place: text, cure: 'restore the books from a backup' },
    );
  }
  return stored.content;
}

/** The site as the closed version knew it: its registry, and the meters that the events of then had made. */
export function closedSite(site: DirectorySite, { registry, events }: ClosedContent): DirectorySite {
  const known = site.events.filter((e) => events.includes(e.id)).map((e) => ({ ...e, state: 'active' as const }));
  return { ...site, registry, events: known, registers: effectiveRegisters(registry, known) };
}

/** Day figures as of a closed version; periods outside its month are refused. */
export function closedSource(content: ClosedContent): DaySource {
  const [year, month] = content.month.split('-').map(Number);
  const index = (year ?? 0) * 12 + (month ?? 1) - 1;
  const [first, last] = [firstDayOfMonth(index), firstDayOfMonth(index + 1)];
  const holds = (fromDay: number, toDay: number): void => {
    if (fromDay < first || toDay > last)
      throw requestError('OUTSIDE_VERSION', `the version holds ${content.month} only`, {
        place: content.month,
        cure: 'ask for days of that month',
      });
  };
  const wanted = (ids: readonly string[], id: string, day: number, fromDay: number, toDay: number): boolean =>
    ids.includes(id) && fromDay <= day && day < toDay;
  const pointDays = (points: readonly string[], fromDay: number, toDay: number): readonly PointDay[] =>
    content.points.filter((d) => wanted(points, d.point, d.day, fromDay, toDay));
  const partyDays = (party: string, points: readonly string[], fromDay: number, toDay: number): readonly PartyDay[] =>
    content.parties.filter((d) => d.party === party && wanted(points, d.point, d.day, fromDay, toDay));
  const partySplits: DaySource['partySplits'] = async (party, ...asked) =>
    partySplitsOf(partyDays(party, ...asked), pointDays(...asked));
  return {
    version: `${content.month}#${content.version}`,
    edition: content.edition ?? 1,
    registry: content.registry,
    now: content.closedAt,
    holds,
    pointDays: async (...asked) => pointDays(...asked),
    partyDays: async (...asked) => partyDays(...asked),
    partySplits,
    partyTotals: async (party, _carrier, ...asked) => partySplits(party, ...asked),
    mountingDays: async (mountings, fromDay, toDay) =>
      content.mountings.filter((d) => wanted(mountings, d.point, d.day, fromDay, toDay)),
    outlines: async (mountings) => content.outlines.filter((o) => mountings.includes(o.mounting)),
  };
}

const answerOf = (
  site: DirectorySite,
  row: {
    readonly month: number;
    readonly version: number;
    readonly closed_at: number;
    readonly by_name: string;
    readonly reason: string;
    readonly hash: string;
  },
): CloseAnswer => ({
  site: site.registry.site.id,
  month: formatMonth(row.month),
  version: row.version,
  closedAt: formatInstant(row.closed_at, zoneOf(site.registry.site.zone)),
  by: row.by_name,
  reason: row.reason,
  hash: row.hash,
});

export async function listCloses(db: Db, site: DirectorySite): Promise<readonly CloseAnswer[]> {
  const rows = await db
    .selectFrom('closed_period')
    .select(['month', 'version', 'closed_at', 'by_name', 'reason', 'hash'])
    .where('site', '=', site.registry.site.id)
    .orderBy('month')
    .orderBy('version')
    .execute();
  return rows.map((row) => answerOf(site, row));
}
