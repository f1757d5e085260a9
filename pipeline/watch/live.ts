import type { Kysely } from 'kysely';
import { formatInstant, type Registry, zoneOf } from '#domain';
import type { LiveAnswer } from '../answers.ts';
import { decodeBrackets, decodeGauges } from '../books/codec.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { holdsAt } from '../ledger/effective.ts';

export interface LatestReading {
  readonly device: string;
  readonly register: string;
  readonly at: number;
  readonly value: number;
}

/** The latest reading of every register, from the newest packed rows of each device. */
export async function latestReadings(db: Kysely<Tables>, site: DirectorySite): Promise<readonly LatestReading[]> {
  const readings = new Map<string, LatestReading>();
  const note = (reading: LatestReading): void => {
    const key = `${reading.device}/${reading.register}`;
    const known = readings.get(key);
    if (!known || reading.at >= known.at) readings.set(key, reading);
  };
  for (const device of site.devices.values()) {
    const names = new Map([...device.registers.values()].map((r) => [r.ordinal, r.name]));
    const newest = (table: 'bracket' | 'gauge') =>
      db
        .selectFrom(table)
        .select(['day', 'payload'])
        .where('device_key', '=', device.key)
        .orderBy('day', 'desc')
        .limit(2)
        .execute();
    for (const { day, payload } of await newest('bracket')) {
      for (const [ordinal, brackets] of decodeBrackets(day, payload)) {
        const last = brackets.at(-1)?.last;
        if (last) note({ device: device.id, register: names.get(ordinal) ?? '', at: last.at, value: last.value });
      }
    }
    for (const { day, payload } of await newest('gauge')) {
      for (const [ordinal, slots] of decodeGauges(day, payload)) {
        const last = slots.at(-1);
        if (last) note({ device: device.id, register: names.get(ordinal) ?? '', at: last.lastAt, value: last.last });
      }
    }
  }
  return [...readings.values()];
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
