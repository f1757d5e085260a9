import type { Kysely } from 'kysely';
import { type Carrier, firstDayOfMonth, formatInstant, formatMonth, type Registry, UNALLOCATED, zoneOf } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { AdjustmentAnswer } from '../service.ts';
import { canonicalJson } from './canonical.ts';
import { lastClose, type StoredClose } from './close.ts';
import { liveSource, type PartyDay, type PointDay } from './source.ts';

type Db = Kysely<Tables>;

/**
 * What the books say now against the last version of each closed month: an issued figure is never changed, it is adjusted (ledger.md, 8). Derived, so
 * that it is the same whatever order the data came in.
 */
export async function listAdjustments(
  db: Db,
  site: DirectorySite,
  now: number,
  only?: number,
): Promise<readonly AdjustmentAnswer[]> {
  const id = site.registry.site.id;
  const months = await db
    .selectFrom('closed_period')
    .select('month')
    .distinct()
    .where('site', '=', id)
    .orderBy('month')
    .execute();
  const answers: AdjustmentAnswer[] = [];
  for (const { month } of months) {
    if (only !== undefined && month !== only) continue;
    const close = await lastClose(db, id, month);
    if (close) answers.push(...(await adjustmentsOf(db, site, month, close, now)));
  }
  return answers;
}

async function adjustmentsOf(
  db: Db,
  site: DirectorySite,
  month: number,
  { version, content }: StoredClose,
  now: number,
): Promise<readonly AdjustmentAnswer[]> {
  const live = liveSource(db, site.registry, now);
  const [from, to] = [firstDayOfMonth(month), firstDayOfMonth(month + 1)];
  const points = [...new Set([...site.registry.points, ...content.registry.points].map((p) => p.id))];
  const parties = [
    ...new Set([...site.registry.institutions, ...content.registry.institutions].map((i) => i.id)),
    UNALLOCATED,
  ];
  const carriers = new Map<string, Carrier>(
    [...content.registry.points, ...site.registry.points].map((p) => [p.id, p.carrier]),
  );
  const sums = (rows: readonly { readonly key: string; readonly amount: number }[]): ReadonlyMap<string, number> => {
    const totals = new Map<string, number>();
    for (const { key, amount } of rows) totals.set(key, (totals.get(key) ?? 0) + amount);
    return totals;
  };
  const keyOf = (d: PartyDay): string => `${d.party}|${carriers.get(d.point) ?? ''}|party`;
  const pointKey = (d: PointDay): string => `${d.point}|${carriers.get(d.point) ?? ''}|point`;
  const nowParties = (await Promise.all(parties.map((p) => live.partyDays(p, points, from, to)))).flat();
  const old = sums([
    ...content.points.map((d) => ({ key: pointKey(d), amount: d.amount })),
    ...content.parties.filter(counts(content.registry)).map((d) => ({ key: keyOf(d), amount: d.amount })),
  ]);
  const fresh = sums([
    ...(await live.pointDays(points, from, to)).map((d) => ({ key: pointKey(d), amount: d.amount })),
    ...nowParties.filter(counts(site.registry)).map((d) => ({ key: keyOf(d), amount: d.amount })),
  ]);
  const changed = [...new Set([...old.keys(), ...fresh.keys()])]
    .toSorted()
    .filter((key) => (old.get(key) ?? 0) !== (fresh.get(key) ?? 0));
  if (changed.length === 0) return [];
  const after = site.events.filter(
    (e) => e.state === 'active' && (e.confirmedAt ?? e.recordedAt) > content.closedAt && !content.events.includes(e.id),
  );
  const reason = [
    ...(after.length === 0 ? [] : [`events ${after.map((e) => e.id).join(', ')}`]),
    ...(canonicalJson(site.registry) === canonicalJson(content.registry) ? [] : ['changes of the registry']),
    'readings after the close',
  ].join(' or ');
  const at = formatInstant(now, zoneOf(site.registry.site.zone));
  return changed.map((key) => {
    const [before, then] = [old.get(key) ?? 0, fresh.get(key) ?? 0];
    const [subject = '', carrier = ''] = key.split('|');
    return {
      month: formatMonth(month),
      version,
      subject,
      carrier: carrier as Carrier, // keys are made above from carriers of points
      old: before,
      new: then,
      difference: then - before,
      reason,
      at,
    };
  });
}

/** Parts of points that count into an institution's total. */
const counts =
  (registry: Registry) =>
  (d: PartyDay): boolean =>
    ['main', 'generation', 'export'].includes(registry.points.find((p) => p.id === d.point)?.role ?? '');
