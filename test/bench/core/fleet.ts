import { type Frame, HOUR, MINUTE } from '../../../pipeline/domain/index.ts';
import { type LogRecord, partitionOf } from '../../../pipeline/log/port.ts';

/** Devices of ten counters each; every value is a pure function of (seed, device, register, step), so that nothing sent has to be kept. */
export interface Fleet {
  readonly seed: number;
  readonly devices: number;
  readonly intervalMs: number;
  /** Epoch ms of the first step. */
  readonly begin: number;
  readonly steps: number;
  readonly partitions: number;
}

const DEVICES_PER_SITE = 1_000;
export const siteOf = (device: number): string => `bench-${Math.floor(device / DEVICES_PER_SITE)}`;
export const REGISTERS = 10;
/** A UTC midnight; local midnight (Asia/Shanghai) is at 16:00. */
const BEGIN = Date.UTC(2026, 2, 2);

/** A day of devices that send a frame every so many minutes. */
export const dayOf = (seed: number, devices: number, minutes: number, partitions: number): Fleet => ({
  seed,
  devices,
  intervalMs: minutes * MINUTE,
  begin: BEGIN,
  steps: (24 * HOUR) / (minutes * MINUTE),
  partitions,
});
const DEVICES_PER_SPOOL = 10;

export const readingsOf = (fleet: Fleet): number => fleet.devices * REGISTERS * fleet.steps;
/** Register-hours that readings touch. */
export const registerHoursOf = ({ devices, begin, steps, intervalMs }: Fleet): number =>
  devices * REGISTERS * (Math.floor((begin + (steps - 1) * intervalMs) / HOUR) - Math.floor(begin / HOUR) + 1);
export const deviceId = (device: number): string => `dev-${String(device).padStart(7, '0')}`;
export const registerName = (register: number): string => `e${register}`;

/** 32 bits of (a, b, c), well mixed. */
function mix(a: number, b: number, c: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35) ^ Math.imul(c + 1, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Face value in Wh: rises by 1 to twice the register's rate at every step. */
export function valueOf(seed: number, device: number, register: number, step: number): number {
  const rate = 20 + (mix(seed, device, register) % 500);
  const base = mix(seed + 1, device, register) % 100_000_000;
  return base + step * rate + (mix(seed + device, register, step) % rate);
}

export const atOf = (fleet: Fleet, step: number): number => fleet.begin + step * fleet.intervalMs;

/** Frames beside the ordinary ones, drawn with the seed: sent twice, hours late, or to be refused. */
export interface Mischief {
  readonly twice: number;
  readonly late: number;
  /** Records that are no frame. */
  readonly poison: number;
  /** Frames whose first entry names a register that nobody knows. */
  readonly unknown: number;
}

const ONE_IN = 1_000;
/** Steps that a late frame is late. */
const LATE_MS = 3 * HOUR;

export function frameOf(fleet: Fleet, device: number, step: number): Frame {
  const r = Array.from(
    { length: REGISTERS },
    (_, register) => [registerName(register), valueOf(fleet.seed, device, register, step)] as const,
  );
  const spool = Math.floor(device / DEVICES_PER_SPOOL);
  return {
    v: 1,
    src: (0x10000000 + spool).toString(16),
    site: siteOf(device),
    device: deviceId(device),
    seq: step * DEVICES_PER_SPOOL + (device % DEVICES_PER_SPOOL),
    at: atOf(fleet, step),
    r,
  };
}

export interface Outgoing {
  readonly device: string;
  readonly value: Uint8Array;
  /** When the log would take it, were it on time. */
  readonly appendedAt: number;
}

const POISON = Buffer.from('{"v":1,"src":"not a frame');

/** Counts as it goes. */
export type Told = { -readonly [K in keyof Mischief]: number } & {
  /** Records that are no frame are left out, for a reader who would stop at them. */
  readonly withoutPoison?: boolean;
};

/** As a spool writes it. */
export const encodeFrameOf = (fleet: Fleet, device: number, step: number): Buffer =>
  Buffer.from(JSON.stringify(frameOf(fleet, device, step)));

/** All that is sent, in the order in which it is sent. `told` counts what was out of the ordinary. */
export function* sending(fleet: Fleet, told: Told): Generator<Outgoing> {
  const late = new Map<number, number[]>();
  const lateSteps = Math.max(1, Math.round(LATE_MS / fleet.intervalMs));
  const { steps } = fleet;
  const encode = (device: number, step: number): Buffer => encodeFrameOf(fleet, device, step);
  for (let step = 0; step < steps; step++) {
    const appendedAt = atOf(fleet, step) + 800;
    for (let device = 0; device < fleet.devices; device++) {
      const id = deviceId(device);
      const draw = mix(fleet.seed + 7, device, step) % (4 * ONE_IN);
      if (draw === 0 && step + lateSteps < steps) {
        told.late += 1;
        late.set(step + lateSteps, [...(late.get(step + lateSteps) ?? []), device]);
        continue;
      }
      const value = encode(device, step);
      yield { device: id, value, appendedAt };
      if (draw === 1) {
        told.twice += 1;
        yield { device: id, value, appendedAt };
      }
      if (draw === 2 && !told.withoutPoison) {
        told.poison += 1;
        yield { device: id, value: POISON, appendedAt };
      }
      if (draw === 3) {
        told.unknown += 1;
        const frame = frameOf(fleet, device, step);
        const odd = { ...frame, src: `f${frame.src.slice(1)}`, seq: told.unknown, r: [['x9', 1], ...frame.r] };
        yield { device: id, value: Buffer.from(JSON.stringify(odd)), appendedAt };
      }
    }
    for (const device of late.get(step) ?? [])
      yield { device: deviceId(device), value: encode(device, step - lateSteps), appendedAt };
    late.delete(step);
  }
}

export const noMischief = (): Told => ({
  twice: 0,
  late: 0,
  poison: 0,
  unknown: 0,
});

/** What a consumer of a broker gets at once of a partition. */
const BATCH_BYTES = 1024 * 1024;

/** The log's records in memory, in batches as a broker hands them over: values are views into one buffer per batch. */
export function inBatches(fleet: Fleet, told: Told): readonly LogRecord[][] {
  const batches: LogRecord[][] = [];
  const open = Array.from({ length: fleet.partitions }, () => ({ offset: 0, bytes: 0, items: [] as Outgoing[] }));
  const partitions = new Map<string, number>();
  const flush = (partition: number): void => {
    const { items, offset } = open[partition] ?? { items: [], offset: 0 };
    const buffer = Buffer.allocUnsafeSlow(items.reduce((sum, { value }) => sum + value.length, 0));
    let at = 0;
    batches.push(
      items.map(({ value, appendedAt }, i) => {
        buffer.set(value, at);
        at += value.length;
        return { partition, offset: offset + i, appendedAt, value: buffer.subarray(at - value.length, at) };
      }),
    );
    open[partition] = { offset: offset + items.length, bytes: 0, items: [] };
  };
  for (const item of sending(fleet, told)) {
    let partition = partitions.get(item.device);
    if (partition === undefined) partitions.set(item.device, (partition = partitionOf(item.device, fleet.partitions)));
    const target = open[partition];
    if (!target) continue;
    target.items.push(item);
    target.bytes += item.value.length;
    if (target.bytes >= BATCH_BYTES) flush(partition);
  }
  open.forEach(({ items }, partition) => items.length > 0 && flush(partition));
  return batches;
}

export const pointId = (device: number, register: string): string => `p-${device}-${register}`;

/** A point, a meter and a rating for each register; each institution has the devices of one spool. Rows as the registry writes them, made by the database itself. */
export const PLANTING = planting(DEVICES_PER_SITE, DEVICES_PER_SPOOL);

/** $1: devices, $2: interval, ms. */
export function planting(perSite: number, perInstitution: number): readonly string[] {
  return [
    `insert into site (id, name_zh, name_en, zone, slot_minutes, registry_version)
   select 'bench-' || s, 'bench', 'bench', 'Asia/Shanghai', 60, 1 from generate_series(0, ($1::int4 - 1) / ${perSite}) s`,
    `insert into institution (site, id, name_zh, name_en)
   select 'bench-' || i * ${perInstitution} / ${perSite}, 'i' || i, 'i', 'i' from generate_series(0, ($1::int4 - 1) / ${perInstitution}) i`,
    `insert into device (site, id, model, interval_ms)
   select 'bench-' || d / ${perSite}, 'dev-' || lpad(d::text, 7, '0'), 'manual', $2::int8 from generate_series(0, $1::int4 - 1) d`,
    `insert into register (device_key, ordinal, name, kind, carrier, unit, scale_num, scale_den)
   select key, r, 'e' || r, 'counter', 'electricity', 'Wh', 1, 1 from device, generate_series(0, ${REGISTERS} - 1) r`,
    `insert into point (site, id, name_zh, name_en, carrier, role)
   select site, 'p-' || ltrim(substr(id, 5), '0') || case when id ~ '-0+$' then '0' else '' end || '-e' || r, 'p', 'p', 'electricity', 'main'
   from device, generate_series(0, ${REGISTERS} - 1) r`,
    `insert into mounting (site, id, point, serial, device, register, multiplier_num, multiplier_den, scale_num, scale_den, max_rate)
   select p.site, p.id || '/s1', p.id, 's1', 'dev-' || lpad(split_part(p.id, '-', 2), 7, '0'), split_part(p.id, '-', 3), 1, 1, 1, 1, 1000000 from point p`,
    `insert into allocation (site, point, from_day, rule)
   select site, id, 0, jsonb_build_object('basis', 'fixed', 'shares', jsonb_build_array(jsonb_build_object(
     'institution', 'i' || split_part(id, '-', 2)::int4 / ${perInstitution}, 'share', jsonb_build_object('num', 1, 'den', 1)))) from point`,
    'analyze',
  ];
}
