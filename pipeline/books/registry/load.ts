import type { Kysely, Selectable } from 'kysely';
import type { Dated, Device, Institution, LocalText, Mounting, Point, Premises, Register, Registry } from '#domain';
import type { Tables } from '../tables.ts';

type Db = Kysely<Tables>;
type Row<Name extends keyof Tables> = Selectable<Tables[Name]>;

/**
 * The registry of a site as the books hold it, ended things included; every list in the order of its ids, a device's
 * registers in the order of their ordinals (0, 1, 2 … without holes). Undefined: no such site.
 */
export async function loadRegistry(db: Db, site: string): Promise<Registry | undefined> {
  const head = await db.selectFrom('site').selectAll().where('id', '=', site).executeTakeFirst();
  if (!head) return undefined;
  const institutions = await db.selectFrom('institution').selectAll().where('site', '=', site).orderBy('id').execute();
  const headcounts = await db
    .selectFrom('headcount')
    .selectAll()
    .where('site', '=', site)
    .orderBy('from_day')
    .execute();
  const premises = await db.selectFrom('premises').selectAll().where('site', '=', site).orderBy('id').execute();
  const areas = await db.selectFrom('area').selectAll().where('site', '=', site).orderBy('from_day').execute();
  const devices = await db.selectFrom('device').selectAll().where('site', '=', site).orderBy('id').execute();
  const registers = await db
    .selectFrom('register')
    .innerJoin('device', 'device.key', 'register.device_key')
    .selectAll('register')
    .where('device.site', '=', site)
    .orderBy('ordinal')
    .execute();
  const points = await db.selectFrom('point').selectAll().where('site', '=', site).orderBy('id').execute();
  const allocations = await db
    .selectFrom('allocation')
    .selectAll()
    .where('site', '=', site)
    .orderBy('from_day')
    .execute();
  const mountings = await db.selectFrom('mounting').selectAll().where('site', '=', site).orderBy('id').execute();

  const headcountOf = Map.groupBy(headcounts, (row) => row.institution);
  const areaOf = Map.groupBy(areas, (row) => `${row.subject_kind} ${row.subject}`);
  const registersOf = Map.groupBy(registers, (row) => row.device_key);
  const allocationsOf = Map.groupBy(allocations, (row) => row.point);
  const areaSeries = (key: string): readonly Dated<number>[] =>
    (areaOf.get(key) ?? []).map((row) => ({ from: row.from_day, value: row.m2 }));

  return {
    site: {
      id: head.id,
      name: nameOf(head),
      zone: head.zone,
      slotMinutes: head.slot_minutes as Registry['site']['slotMinutes'], // applyRegistry writes no other
    },
    institutions: institutions.map((row): Institution => ({
      id: row.id,
      name: nameOf(row),
      headcount: (headcountOf.get(row.id) ?? []).map((h) => ({ from: h.from_day, value: h.value })),
      area: areaSeries(`institution ${row.id}`),
      ...given({ ended: row.ended }),
    })),
    premises: premises.map((row): Premises => ({
      id: row.id,
      name: nameOf(row),
      area: areaSeries(`premises ${row.id}`),
      ...given({ parent: row.parent, ended: row.ended }),
    })),
    devices: devices.map((row) => toDevice(row, registersOf.get(row.key) ?? [])),
    points: points.map((row) => toPoint(row, allocationsOf.get(row.id) ?? [])),
    mountings: mountings.map(toMounting),
  };
}

/** What a site's registry says of its meters, without what only figures need. */
export interface Meters {
  readonly version: number;
  readonly slotMinutes: number;
  readonly devices: readonly (Pick<Device, 'id'> & {
    /** The books' key. */
    readonly key: number;
    readonly registers: readonly (Register & { readonly ordinal: number })[];
  })[];
  readonly mountings: readonly Mounting[];
}

/** Of many sites at once, by their ids. */
export async function loadMeters(db: Db, sites: readonly string[]): Promise<ReadonlyMap<string, Meters>> {
  const heads = await db
    .selectFrom('site')
    .select(['id', 'registry_version', 'slot_minutes'])
    .where('id', 'in', sites)
    .execute();
  const registers = await db
    .selectFrom('register')
    .innerJoin('device', 'device.key', 'register.device_key')
    .selectAll('register')
    .select(['device.site', 'device.id as device'])
    .where('device.site', 'in', sites)
    .orderBy('register.device_key')
    .orderBy('register.ordinal')
    .execute();
  const mountings = await db.selectFrom('mounting').selectAll().where('site', 'in', sites).orderBy('id').execute();
  const registersOf = Map.groupBy(registers, (row) => row.site);
  const mountingsOf = Map.groupBy(mountings, (row) => row.site);
  return new Map(
    heads.map((head) => [
      head.id,
      {
        version: head.registry_version,
        slotMinutes: head.slot_minutes,
        devices: [...Map.groupBy(registersOf.get(head.id) ?? [], (row) => row.device)].map(([id, rows]) => ({
          id,
          key: rows[0]?.device_key ?? 0,
          registers: rows.map((row) => ({ ...toRegister(row), ordinal: row.ordinal })),
        })),
        mountings: (mountingsOf.get(head.id) ?? []).map(toMounting),
      },
    ]),
  );
}

const nameOf = (row: { readonly name_zh: string; readonly name_en: string }): LocalText => ({
  zh: row.name_zh,
  en: row.name_en,
});

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], null> };

/** Without what is null: the registry has no nulls. */
const given = <T extends Record<string, unknown>>(row: T): Given<T> =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Given<T>; // exactly the keys that are left

const toDevice = (row: Row<'device'>, registers: readonly Row<'register'>[]): Device => ({
  id: row.id,
  model: row.model,
  intervalMs: row.interval_ms,
  registers: registers.map(toRegister),
  ...given({ connection: row.connection, ended: row.ended }),
});

// kinds, carriers, roles and items are checked when the site file is read, and applyRegistry writes no others
const toRegister = (row: Row<'register'>): Register => ({
  name: row.name,
  kind: row.kind as Register['kind'],
  unit: row.unit,
  scale: { num: row.scale_num, den: row.scale_den },
  ...given({ carrier: row.carrier as Register['carrier'] | null, modulus: row.modulus }),
});

const toPoint = (row: Row<'point'>, allocations: readonly Row<'allocation'>[]): Point => ({
  id: row.id,
  name: nameOf(row),
  carrier: row.carrier as Point['carrier'],
  role: row.role as Point['role'],
  allocations: allocations.map((a) => ({ from: a.from_day, value: a.rule })),
  ...given({
    premises: row.premises,
    parent: row.parent,
    item: row.item as Point['item'] | null,
    terms: row.terms,
    ended: row.ended,
  }),
});

const toMounting = (row: Row<'mounting'>): Mounting => ({
  id: row.id,
  point: row.point,
  serial: row.serial,
  device: row.device,
  register: row.register,
  multiplier: { num: row.multiplier_num, den: row.multiplier_den },
  scale: { num: row.scale_num, den: row.scale_den },
  ...given({
    modulus: row.modulus,
    maxRate: row.max_rate,
    backlash: row.backlash,
    mountedAt: row.mounted_at,
    initial: row.initial,
    removedAt: row.removed_at,
    final: row.final,
  }),
});
