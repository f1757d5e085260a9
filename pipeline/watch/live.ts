import { type Kysely, sql } from 'kysely';
import { formatInstant, type Registry, zoneOf } from '#domain';
import type { LiveAnswer } from '../answers.ts';
import { decodeBrackets, decodeGauges } from '../books/codec.ts';
import { partOf } from '../books/packed.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { holdsAt } from '../ledger/effective.ts';
import type { GaugePlace, OlderGauges } from './older-gauges.ts';

export interface LatestReading {
  readonly device: string;
  readonly register: string;
  readonly at: number;
  readonly value: number;
}

/** The latest reading of every register, from the newest packed rows of each device; of one that fell silent while others went on, from older ones. */
export async function latestReadings(
  db: Kysely<Tables>,
  site: DirectorySite,
  older: OlderGauges,
): Promise<readonly LatestReading[]> {
  const readings = new Map<string, LatestReading>();
  const note = (reading: LatestReading): void => {
    const key = `${reading.device}/${reading.register}`;
    const known = readings.get(key);
    if (!known || reading.at >= known.at) readings.set(key, reading);
  };
  for (const { device, names, day, payload } of await newestRows(db, site, 'bracket')) {
    for (const [ordinal, brackets] of decodeBrackets(day, payload)) {
      const last = brackets.at(-1)?.last;
      if (last) note({ device, register: names.get(ordinal) ?? '', at: last.at, value: last.value });
    }
  }
  for (const { device, names, day, payload } of await newestRows(db, site, 'gauge')) {
    for (const [ordinal, slots] of decodeGauges(day, payload)) {
      const last = slots.at(-1);
      if (last) note({ device, register: names.get(ordinal) ?? '', at: last.lastAt, value: last.last });
    }
  }
  const isMissing = ({ device, register }: RegisterName): boolean => !readings.has(`${device}/${register}`);
  for (const reading of await lastBelieved(db, site)) if (isMissing(reading)) note(reading);
  for (const reading of await lastOfGauges(gaugesOf(site).filter(isMissing), older)) note(reading);
  return [...readings.values()];
}

/** Of a register that fell silent while its device went on, the newest rows know nothing: its last believed reading. */
async function lastBelieved(db: Kysely<Tables>, site: DirectorySite): Promise<readonly LatestReading[]> {
  const evidence = await db
    .selectFrom('evidence')
    .select(['mounting', 'last_at', 'last_value'])
    .where('site', '=', site.registry.site.id)
    .orderBy('last_at', 'desc')
    .execute();
  const places = new Map([...site.registers.values()].flatMap((r) => r.mountings.map((m) => [m.id, m] as const)));
  return evidence.flatMap(({ mounting, last_at, last_value }) => {
    const place = places.get(mounting);
    return place ? [{ device: place.device, register: place.register, at: last_at, value: last_value }] : [];
  });
}

interface RegisterName {
  readonly device: string;
  readonly register: string;
}

type Gauge = RegisterName & GaugePlace;

const gaugesOf = (site: DirectorySite): readonly Gauge[] =>
  [...site.devices.values()].flatMap(({ id, key, registers }) =>
    [...registers.values()]
      .filter(({ kind }) => kind === 'gauge')
      .map(({ name, ordinal }) => ({ device: id, register: name, deviceKey: key, ordinal })),
  );

async function lastOfGauges(gauges: readonly Gauge[], older: OlderGauges): Promise<readonly LatestReading[]> {
  const slots = await older(gauges);
  return gauges.flatMap((gauge) => {
    const slot = slots.get(gauge);
    return slot ? [{ device: gauge.device, register: gauge.register, at: slot.lastAt, value: slot.last }] : [];
  });
}

interface NewestRow {
  readonly device: string;
  readonly names: ReadonlyMap<number, string>;
  readonly day: number;
  readonly payload: Buffer;
}

/** So many newest rows of a device; of all its parts where that is null. */
interface Place {
  readonly key: number;
  readonly part: number | null;
  readonly rows: number;
}

/** Of each device the rows of its two newest days: at midnight the new day may lack a register. Of gauges those of each part. */
async function newestRows(
  db: Kysely<Tables>,
  site: DirectorySite,
  table: 'bracket' | 'gauge',
): Promise<readonly NewestRow[]> {
  const devices = [...site.devices.values()];
  const places = devices.flatMap(({ key, registers }): readonly Place[] => {
    const all = [...registers.values()];
    if (table === 'bracket')
      return [{ key, part: null, rows: 2 * (1 + Math.max(0, ...all.map((r) => partOf(r.ordinal)))) }];
    const parts = new Set(all.filter((r) => r.kind === 'gauge').map((r) => partOf(r.ordinal)));
    return [...parts].map((part) => ({ key, part, rows: 2 }));
  });
  const { rows } = await sql<{ key: number; day: number; payload: Buffer }>`
    select d.key, t.day, t.payload
    from unnest(${places.map((p) => p.key)}::int4[], ${places.map((p) => p.part)}::int2[], ${places.map((p) => p.rows)}::int4[]) as d(key, part, rows)
    cross join lateral (
      select day, payload from ${sql.table(table)} where device_key = d.key and (d.part is null or part = d.part)
      order by day desc limit d.rows) t`.execute(db);
  const byKey = new Map(devices.map((d) => [d.key, d]));
  return rows.flatMap(({ key, day, payload }) => {
    const device = byKey.get(key);
    if (!device) return [];
    return [
      {
        device: device.id,
        names: new Map([...device.registers.values()].map((r) => [r.ordinal, r.name])),
        day,
        payload,
      },
    ];
  });
}

/** State by the age of the last reading against the device's interval: at most 2 intervals is live, at most 10 late. */
export function liveAnswers(site: DirectorySite, latest: readonly LatestReading[], now: number): readonly LiveAnswer[] {
  const zone = zoneOf(site.registry.site.zone);
  const byKey = new Map(latest.map((r) => [`${r.device}/${r.register}`, r]));
  return activeRegisters(site.registry).map(({ device, register, intervalMs }) => {
    const reading = byKey.get(`${device}/${register.name}`);
    const mounting = site.registers.get(`${device}/${register.name}`)?.mountings.find((m) => holdsAt(m, now));
    return {
      device,
      register: register.name,
      kind: register.kind,
      point: mounting?.point ?? null,
      serial: mounting?.serial ?? null,
      carrier: register.carrier ?? null,
      unit: register.unit,
      value: reading?.value ?? null,
      at: reading ? formatInstant(reading.at, zone) : null,
      state: stateOf(reading ? now - reading.at : undefined, intervalMs),
    };
  });
}

/** A meter read by hand has no interval: it is never late. */
function stateOf(age: number | undefined, intervalMs: number): LiveAnswer['state'] {
  if (age === undefined) return 'never';
  if (intervalMs === 0 || age <= 2 * intervalMs) return 'live';
  return age <= 10 * intervalMs ? 'late' : 'silent';
}

const activeRegisters = (registry: Registry) =>
  registry.devices
    .filter((d) => d.ended === undefined)
    .flatMap((d) => d.registers.map((register) => ({ device: d.id, register, intervalMs: d.intervalMs })));
