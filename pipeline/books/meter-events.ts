import type { Kysely } from 'kysely';
import type { MeterEvent, MeterEventBody } from '#domain';
import type { Tables } from './tables.ts';

export const toEvent = (row: {
  id: number;
  site: string;
  state: string;
  body: MeterEventBody;
  by_name: string;
  reason: string;
  recorded_at: number;
  confirmed_by: string | null;
  confirmed_at: number | null;
  supersedes: number | null;
}): MeterEvent => ({
  id: row.id,
  site: row.site,
  // the table takes no other state
  state: row.state as MeterEvent['state'],
  body: row.body,
  by: row.by_name,
  reason: row.reason,
  recordedAt: row.recorded_at,
  confirmedBy: row.confirmed_by ?? undefined,
  confirmedAt: row.confirmed_at ?? undefined,
  supersedes: row.supersedes ?? undefined,
});

export const loadEventsOf = async (
  db: Kysely<Tables>,
  sites: readonly string[],
): Promise<ReadonlyMap<string, readonly MeterEvent[]>> =>
  Map.groupBy(
    (await db.selectFrom('meter_event').selectAll().where('site', 'in', sites).orderBy('id').execute()).map(toEvent),
    (event) => event.site,
  );

export const loadEvents = async (db: Kysely<Tables>, site: string): Promise<readonly MeterEvent[]> =>
  (await db.selectFrom('meter_event').selectAll().where('site', '=', site).orderBy('id').execute()).map(toEvent);
