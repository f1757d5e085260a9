import { sql, type Transaction } from 'kysely';
import { type Finding, localDay, zoneOf } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { EffectiveMounting, EffectiveRegister } from '../ledger/effective.ts';
import { dayUsages, type DayUsage } from './days.ts';
import { type JudgedWindow, judgeWindow } from './window.ts';

type Tx = Transaction<Tables>;

/** Local days of a point whose usage may have changed. */
export type ChangedDays = Map<string, Set<number>>;

/** Recomputes what follows from a register's brackets from an instant on: findings, evidence, days of its mountings (ledger.md, 9). */
export async function settleRegister(
  tx: Tx,
  site: DirectorySite,
  register: EffectiveRegister,
  from: number,
  changed: ChangedDays,
): Promise<void> {
  for (const mounting of register.mountings) {
    if ((mounting.removedAt ?? Infinity) < from) continue;
    const window = await judgeWindow(tx, site, register, mounting, from);
    await writeFindings(tx, site, mounting, window);
    await writeEvidence(tx, site, mounting, window);
    const days = dayUsages(window.judged, window.completeFrom, site.slotMs, zoneOf(site.registry.site.zone));
    note(changed, mounting.point, await writeDays(tx, site, mounting, window, days));
  }
}

const note = (changed: ChangedDays, point: string, days: Iterable<number>): void => {
  const known = changed.get(point) ?? new Set();
  for (const day of days) known.add(day);
  changed.set(point, known);
};

const findingKey = (f: {
  kind: string;
  from: number;
  to: number;
  fromValue: number;
  toValue: number;
  explained?: boolean | undefined;
}): string => [f.kind, f.from, f.to, f.fromValue, f.toValue, f.explained ? 1 : 0].join('|');

async function writeFindings(
  tx: Tx,
  site: DirectorySite,
  mounting: EffectiveMounting,
  { judged, firstAt }: JudgedWindow,
): Promise<void> {
  let stored = tx
    .selectFrom('finding')
    .selectAll()
    .where('site', '=', site.registry.site.id)
    .where('mounting', '=', mounting.id);
  if (Number.isFinite(firstAt)) stored = stored.where('from_at', '>=', firstAt);
  const old = new Map(
    (await stored.execute()).map((r) => [
      findingKey({
        kind: r.kind,
        from: r.from_at,
        to: r.to_at,
        fromValue: r.from_value,
        toValue: r.to_value,
        explained: r.explained,
      }),
      r,
    ]),
  );
  const wanted = new Map(judged.findings.map((f) => [findingKey(f), f]));
  const gone = [...old].filter(([key]) => !wanted.has(key)).map(([, row]) => row);
  if (gone.length > 0) {
    await sql`delete from finding f using unnest(${gone.map((g) => g.kind)}::text[], ${gone.map((g) => g.from_at)}::int8[], ${gone.map((g) => g.to_at)}::int8[])
      as g(kind, from_at, to_at) where f.site = ${site.registry.site.id} and f.mounting = ${mounting.id}
      and f.kind = g.kind and f.from_at = g.from_at and f.to_at = g.to_at`.execute(tx);
  }
  const fresh = [...wanted].filter(([key]) => !old.has(key)).map(([, f]) => f);
  await insertFindings(tx, site.registry.site.id, fresh);
}

async function insertFindings(tx: Tx, site: string, findings: readonly Finding[]): Promise<void> {
  if (findings.length === 0) return;
  const column = <T>(pick: (f: Finding) => T): T[] => findings.map(pick);
  await sql`
    insert into finding (site, mounting, kind, from_at, to_at, device, register, from_value, to_value, explained)
    select ${site}, * from unnest(${column((f) => f.mounting)}::text[], ${column((f) => f.kind)}::text[], ${column((f) => f.from)}::int8[], ${column((f) => f.to)}::int8[],
      ${column((f) => f.device)}::text[], ${column((f) => f.register)}::text[], ${column((f) => f.fromValue)}::int8[], ${column((f) => f.toValue)}::int8[],
      ${column((f) => f.explained ?? false)}::bool[])`.execute(tx);
}

async function writeEvidence(
  tx: Tx,
  site: DirectorySite,
  mounting: EffectiveMounting,
  { judged, firstAt }: JudgedWindow,
): Promise<void> {
  const { evidence } = judged;
  const where = { site: site.registry.site.id, mounting: mounting.id };
  if (!evidence) {
    await tx.deleteFrom('evidence').where('site', '=', where.site).where('mounting', '=', where.mounting).execute();
    return;
  }
  const first = { first_at: evidence.firstAt, first_value: evidence.firstValue };
  const last = { last_at: evidence.lastAt, last_value: evidence.lastValue };
  await tx
    .insertInto('evidence')
    .values({ ...where, ...first, ...last })
    .onConflict((c) =>
      c.columns(['site', 'mounting']).doUpdateSet(Number.isFinite(firstAt) ? last : { ...first, ...last }),
    )
    .execute();
}

/** Answers the days that differ from what stood there. */
async function writeDays(
  tx: Tx,
  site: DirectorySite,
  mounting: EffectiveMounting,
  { completeFrom }: JudgedWindow,
  days: readonly DayUsage[],
): Promise<readonly number[]> {
  const where = { site: site.registry.site.id, mounting: mounting.id };
  let stored = tx
    .selectFrom('mounting_day')
    .selectAll()
    .where('site', '=', where.site)
    .where('mounting', '=', where.mounting);
  if (Number.isFinite(completeFrom)) stored = stored.where('day', '>=', completeFrom);
  const old = new Map((await stored.execute()).map((r) => [r.day, r]));
  const differs = (d: DayUsage): boolean => {
    const o = old.get(d.day);
    return (
      !o ||
      o.amount !== d.amount ||
      o.measured !== d.measured ||
      o.interpolated !== d.interpolated ||
      o.disputed !== d.disputed
    );
  };
  const fresh = days.filter(differs);
  const wanted = new Set(days.map((d) => d.day));
  const gone = [...old.keys()].filter((day) => !wanted.has(day));
  if (gone.length > 0) {
    await tx
      .deleteFrom('mounting_day')
      .where('site', '=', where.site)
      .where('mounting', '=', where.mounting)
      .where('day', 'in', gone)
      .execute();
  }
  if (fresh.length > 0) {
    const column = (pick: (d: DayUsage) => number): number[] => fresh.map(pick);
    await sql`
      insert into mounting_day (site, mounting, day, amount, measured, interpolated, disputed)
      select ${where.site}, ${where.mounting}, * from unnest(${column((d) => d.day)}::int4[], ${column((d) => d.amount)}::int8[], ${column((d) => d.measured)}::int8[],
        ${column((d) => d.interpolated)}::int8[], ${column((d) => d.disputed)}::int8[])
      on conflict (site, mounting, day) do update set amount = excluded.amount, measured = excluded.measured,
        interpolated = excluded.interpolated, disputed = excluded.disputed`.execute(tx);
  }
  return [...fresh.map((d) => d.day), ...gone];
}

/** Forgets mountings that events no longer make; the days they had count as changed. */
export async function forgetVanished(tx: Tx, site: DirectorySite, changed: ChangedDays): Promise<void> {
  const known = [...site.registers.values()].flatMap((r) => r.mountings.map((m) => m.id));
  const id = site.registry.site.id;
  const { rows } = await sql<{ mounting: string; day: number }>`
    delete from mounting_day where site = ${id} and not (mounting = any(${known}::text[])) returning mounting, day`.execute(
    tx,
  );
  for (const { mounting, day } of rows) note(changed, mounting.slice(0, mounting.indexOf('/')), [day]);
  await sql`delete from finding where site = ${id} and not (mounting = any(${known}::text[]))`.execute(tx);
  await sql`delete from evidence where site = ${id} and not (mounting = any(${known}::text[]))`.execute(tx);
}

/** First local day on which something that happened at `at` can show. */
export const dayOf = (site: DirectorySite, at: number): number => localDay(at, zoneOf(site.registry.site.zone));
