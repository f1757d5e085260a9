import { dayNumber, localDate } from './calendar.ts';
import { institutionsOf, pointsOf } from './world/parties.ts';
import { meterOf } from './world/meters.ts';
import { randomOf } from './world/random.ts';
import { recordsOf } from './world/records.ts';
import type { Random } from './world/random.ts';
import type { Meter } from './world/meters.ts';
import type { Period } from './world/turns.ts';
import type { DeviceJson, EventBodyJson, EventJson, OracleInput, RecordJson, RegisterJson } from './input.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const SITE = 'site-w';

/** Around the days on which the clock changes in London, and a plain week. */
const STARTS = [Date.UTC(2026, 2, 27, 20), Date.UTC(2025, 9, 24, 21, 30), Date.UTC(2026, 1, 26, 15, 59)] as const;

const pollsOf = (random: Random, period: Period): number[] => {
  const interval = random.pick([7, 15, 15, 30, 60, 60, 61, 360, 720]) * MINUTE;
  const jitter = random.pick([0, 0, 20_000]);
  const count = Math.floor((period.end - period.start) / interval);
  const polls = Array.from({ length: count }, (_, i) => period.start + i * interval + random.int(0, jitter));
  return polls.length === 0 ? [period.start] : polls;
};

interface Built {
  readonly device: DeviceJson;
  readonly meters: readonly Meter[];
  readonly points: readonly string[];
  readonly records: readonly RecordJson[];
}

const deviceOf = (random: Random, period: Period, i: number): Built => {
  const id = `dev-${i}`;
  const polls = pollsOf(random, period);
  const places = Array.from({ length: random.int(1, 2) }, (_, k) => ({
    point: `p-${i}${k}`,
    device: id,
    register: `e${k}`,
  }));
  const meters = places.map((place) => meterOf(random, period, polls, place));
  const gauges: RegisterJson[] = random.chance(0.5)
    ? [{ name: 'p', kind: 'gauge', unit: 'mW', scale: { num: 1, den: 1 } }]
    : [];
  const counters = new Map(meters.flatMap((meter) => [...meter.faces]));
  const registers = [...meters.flatMap((meter) => meter.registers), ...gauges];
  const device = { id, model: 'manual', intervalMs: MINUTE, registers };
  const records = recordsOf(random, { site: SITE, device: id, polls, counters, gauges: gauges.map((g) => g.name) });
  return { device, meters, points: places.map((place) => place.point), records };
};

/** Most are in force; a proposal and what was superseded must not matter. */
const eventsOf = (random: Random, bodies: readonly EventBodyJson[], recordedAt: number): EventJson[] =>
  bodies.flatMap((body, i): EventJson[] => {
    const common = {
      site: SITE,
      body,
      by: 'wang',
      reason: 'seen on site',
      recordedAt,
      confirmedBy: 'li',
      confirmedAt: recordedAt,
    };
    const state = random.pick(['active', 'active', 'active', 'active', 'proposed'] as const);
    const event: EventJson = { ...common, id: 2 * i + 2, state };
    return random.chance(0.15) ? [{ ...common, id: 2 * i + 1, state: 'superseded' }, event] : [event];
  });

/** Without what is not said: a JSON round trip. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value));

export interface WorldOptions {
  readonly zone?: string;
  readonly slotMinutes?: 15 | 30 | 60;
  readonly days?: number;
}

/** A random site with its meters, its events and a log in the order in which things happened. */
export const worldOf = (seed: number, options: WorldOptions = {}): OracleInput => {
  const random = randomOf(seed);
  const zone = options.zone ?? random.pick(['Asia/Shanghai', 'Europe/London']);
  const slotMinutes = options.slotMinutes ?? random.pick([15, 30, 60, 60] as const);
  const days = options.days ?? random.int(2, 4);
  const start = random.pick(STARTS) + random.pick([0, 0, 12_345]);
  const period: Period = { start, end: start + days * DAY, slotMs: slotMinutes * MINUTE };
  const built = Array.from({ length: random.int(1, 3) }, (_, i) => deviceOf(random, period, i));
  const firstDay = dayNumber(localDate(zone, start));
  const institutions = institutionsOf(random, firstDay, days);
  const meters = built.flatMap((device) => device.meters);
  return plain({
    registry: {
      site: { id: SITE, name: { zh: '站', en: 'site' }, zone, slotMinutes },
      institutions,
      premises: [],
      devices: built.map((device) => device.device),
      points: pointsOf(
        random,
        built.flatMap((device) => device.points),
        institutions,
        firstDay,
      ),
      mountings: meters.flatMap((meter) => meter.mountings),
    },
    events: eventsOf(
      random,
      meters.flatMap((meter) => meter.events),
      period.end,
    ),
    records: built.flatMap((device) => device.records).toSorted((a, b) => a.appendedAt - b.appendedAt),
  });
};

/**
 * The same log as a bad network would deliver it: 5 % of the records twice, 10 % late by up to 40 days, and then in any
 * order at all (even seeds) or by the time of arrival (odd seeds). Only the counts of a dump may change.
 */
export const disturbed = (world: OracleInput, seed: number): OracleInput => {
  const random = randomOf(seed);
  const late = (record: RecordJson): RecordJson =>
    random.chance(0.1) ? { ...record, appendedAt: record.appendedAt + random.int(1, 40 * DAY) } : record;
  const delivered = world.records.flatMap((record) =>
    random.chance(0.05) ? [late(record), late(record)] : [late(record)],
  );
  const records =
    seed % 2 === 0 ? random.shuffled(delivered) : delivered.toSorted((a, b) => a.appendedAt - b.appendedAt);
  return { ...world, records };
};
