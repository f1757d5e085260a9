import { type Kysely, sql } from 'kysely';
import type { Dated, Registry } from '#domain';
import type { Tables } from '../tables.ts';
import { raiseRegistryEdition } from './edition.ts';

type Row = Readonly<Record<string, unknown>>;

/** Writes the rows in which two registries differ and raises the registry's version by one. */
export async function writeRegistry(tx: Kysely<Tables>, old: Registry | undefined, next: Registry): Promise<void> {
  const { id, name, zone, slotMinutes } = next.site;
  const head = { name_zh: name.zh, name_en: name.en, zone, slot_minutes: slotMinutes };
  await tx
    .insertInto('site')
    .values({ id, ...head, registry_version: 1 })
    .onConflict((c) =>
      c.column('id').doUpdateSet((eb) => ({ ...head, registry_version: eb('site.registry_version', '+', 1) })),
    )
    .execute();
  await raiseRegistryEdition(tx);
  for (const { table, key, rows } of TABLES) await sync(tx, table, key, old ? rows(old) : [], rows(next));
  const devices = await tx.selectFrom('device').select(['key', 'id']).where('site', '=', id).execute();
  const keys = new Map(devices.map((d) => [d.id, d.key]));
  const registers = (r: Registry): readonly Row[] => r.devices.flatMap((d) => registerRows(keys.get(d.id), d));
  await sync(tx, 'register', ['device_key', 'ordinal'], old ? registers(old) : [], registers(next));
}

interface TableRows {
  readonly table: keyof Tables;
  readonly key: readonly string[];
  readonly rows: (registry: Registry) => readonly Row[];
}

const series = <V>(list: readonly Dated<V>[], row: (entry: Dated<V>) => Row): readonly Row[] => list.map(row);

const areaRows = (
  site: string,
  kind: string,
  owner: { readonly id: string; readonly area: readonly Dated<number>[] },
): readonly Row[] =>
  series(owner.area, (a) => ({ site, subject_kind: kind, subject: owner.id, from_day: a.from, m2: a.value }));

/** In the order of their references. */
const TABLES: readonly TableRows[] = [
  {
    table: 'institution',
    key: ['site', 'id'],
    rows: ({ site, institutions }) =>
      institutions.map((i) => ({
        site: site.id,
        id: i.id,
        name_zh: i.name.zh,
        name_en: i.name.en,
        ended: i.ended ?? null,
      })),
  },
  {
    table: 'headcount',
    key: ['site', 'institution', 'from_day'],
    rows: ({ site, institutions }) =>
      institutions.flatMap((i) =>
        series(i.headcount, (h) => ({ site: site.id, institution: i.id, from_day: h.from, value: h.value })),
      ),
  },
  {
    table: 'premises',
    key: ['site', 'id'],
    rows: ({ site, premises }) =>
      premises.map((p) => ({
        site: site.id,
        id: p.id,
        name_zh: p.name.zh,
        name_en: p.name.en,
        parent: p.parent ?? null,
        ended: p.ended ?? null,
      })),
  },
  {
    table: 'area',
    key: ['site', 'subject_kind', 'subject', 'from_day'],
    rows: ({ site, institutions, premises }) => [
      ...institutions.flatMap((i) => areaRows(site.id, 'institution', i)),
      ...premises.flatMap((p) => areaRows(site.id, 'premises', p)),
    ],
  },
  {
    table: 'device',
    key: ['site', 'id'],
    rows: ({ site, devices }) =>
      devices.map((d) => ({
        site: site.id,
        id: d.id,
        model: d.model,
        connection: d.connection ?? null,
        interval_ms: d.intervalMs,
        ended: d.ended ?? null,
      })),
  },
  {
    table: 'point',
    key: ['site', 'id'],
    rows: ({ site, points }) =>
      points.map((p) => ({
        site: site.id,
        id: p.id,
        name_zh: p.name.zh,
        name_en: p.name.en,
        carrier: p.carrier,
        premises: p.premises ?? null,
        role: p.role,
        parent: p.parent ?? null,
        item: p.item ?? null,
        terms: p.terms ?? null,
        ended: p.ended ?? null,
      })),
  },
  {
    table: 'mounting',
    key: ['site', 'id'],
    rows: ({ site, mountings }) =>
      mountings.map((m) => ({
        site: site.id,
        id: m.id,
        point: m.point,
        serial: m.serial,
        device: m.device,
        register: m.register,
        multiplier_num: m.multiplier.num,
        multiplier_den: m.multiplier.den,
        scale_num: m.scale.num,
        scale_den: m.scale.den,
        modulus: m.modulus ?? null,
        max_rate: m.maxRate ?? null,
        backlash: m.backlash ?? null,
        mounted_at: m.mountedAt ?? null,
        initial: m.initial ?? null,
        removed_at: m.removedAt ?? null,
        final: m.final ?? null,
      })),
  },
  {
    table: 'allocation',
    key: ['site', 'point', 'from_day'],
    rows: ({ site, points }) =>
      points.flatMap((p) =>
        series(p.allocations, (a) => ({ site: site.id, point: p.id, from_day: a.from, rule: a.value })),
      ),
  },
];

const registerRows = (key: number | undefined, device: Registry['devices'][number]): readonly Row[] =>
  device.registers.map((r, ordinal) => ({
    device_key: key,
    ordinal,
    name: r.name,
    kind: r.kind,
    carrier: r.carrier ?? null,
    unit: r.unit,
    scale_num: r.scale.num,
    scale_den: r.scale.den,
    modulus: r.modulus ?? null,
  }));

/** Inserts and updates rows that are new or different, deletes those that are no more; all in two statements. */
async function sync(
  tx: Kysely<Tables>,
  table: string,
  key: readonly string[],
  old: readonly Row[],
  next: readonly Row[],
): Promise<void> {
  const nameOf = (row: Row): string => JSON.stringify(key.map((k) => row[k]));
  const before = new Map(old.map((row) => [nameOf(row), JSON.stringify(row)]));
  const changed = next.filter((row) => before.get(nameOf(row)) !== JSON.stringify(row));
  const kept = new Set(next.map(nameOf));
  const gone = old.filter((row) => !kept.has(nameOf(row)));
  // the row type by way of the table: `null::point` would be PostgreSQL's own type of that name
  const records = (rows: readonly Row[]) =>
    sql`jsonb_populate_recordset((select t from ${sql.table(table)} t limit 0), ${JSON.stringify(rows)}::jsonb)`;
  const [first] = changed;
  if (first) {
    const columns = Object.keys(first);
    const list = sql.join(columns.map((c) => sql.ref(c)));
    const updates = columns.filter((c) => !key.includes(c)).map((c) => sql`${sql.ref(c)} = excluded.${sql.ref(c)}`);
    await sql`
      insert into ${sql.table(table)} (${list}) select ${list} from ${records(changed)}
      on conflict (${sql.join(key.map((k) => sql.ref(k)))}) do update set ${sql.join(updates)}`.execute(tx);
  }
  if (gone.length > 0) {
    const keys = sql.join(key.map((k) => sql.ref(k)));
    await sql`delete from ${sql.table(table)} where (${keys}) in (select ${keys} from ${records(gone)})`.execute(tx);
  }
}
