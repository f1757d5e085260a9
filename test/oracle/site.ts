import type {
  EventBodyJson,
  EventJson,
  MountingJson,
  OracleInput,
  PointJson,
  RecordJson,
  RegistryJson,
} from './input.ts';

/** Small sites for the oracle's own tests: one device `d`, one counter `e`, one main point `p`. */
export const HOUR = 3_600_000;
export const T0 = Date.UTC(2026, 0, 5);
export const ONE = { num: 1, den: 1 };

const text = (id: string) => ({ zh: id, en: id });

export const point = (id: string, more: Partial<PointJson> = {}): PointJson => ({
  id,
  name: text(id),
  carrier: 'electricity',
  role: 'main',
  allocations: [],
  ...more,
});

export const mounting = (more: Partial<MountingJson> = {}): MountingJson => ({
  id: 'p/s1',
  point: 'p',
  serial: 's1',
  device: 'd',
  register: 'e',
  multiplier: ONE,
  scale: ONE,
  ...more,
});

export const institution = (id: string, headcount = 0, area = 0) => ({
  id,
  name: text(id),
  headcount: [{ from: 0, value: headcount }],
  area: [{ from: 0, value: area }],
});

export const registry = (more: Partial<RegistryJson> = {}): RegistryJson => ({
  site: { id: 'site', name: text('site'), zone: 'Asia/Shanghai', slotMinutes: 60 },
  institutions: [],
  premises: [],
  devices: [
    {
      id: 'd',
      model: 'manual',
      intervalMs: 60_000,
      registers: [
        { name: 'e', kind: 'counter', carrier: 'electricity', unit: 'Wh', scale: ONE },
        { name: 'g', kind: 'gauge', unit: 'mW', scale: ONE },
      ],
    },
  ],
  points: [point('p')],
  mountings: [mounting()],
  ...more,
});

export type Entry = readonly [name: string, value: number] | readonly [name: string, value: number, flags: string];

/** A record as a collector would append it a second later. */
export const record = (at: number, r: readonly Entry[], more: Record<string, unknown> = {}): RecordJson => ({
  appendedAt: at + 1000,
  value: JSON.stringify({ v: 1, src: '00000001', site: 'site', device: 'd', seq: 0, at, r, ...more }),
});

/** Readings of register `e`: hours since T0, and the face. */
export const faces = (...readings: readonly (readonly [hours: number, value: number])[]): RecordJson[] =>
  readings.map(([hours, value]) => record(T0 + hours * HOUR, [['e', value]]));

export const event = (body: EventBodyJson, more: Partial<EventJson> = {}): EventJson => ({
  id: 1,
  site: 'site',
  state: 'active',
  body,
  by: 'a',
  reason: 'test',
  recordedAt: T0,
  ...more,
});

export const input = (
  records: readonly RecordJson[],
  { events = [], registry: site = registry() }: Partial<OracleInput> = {},
): OracleInput => ({ registry: site, events, records });
