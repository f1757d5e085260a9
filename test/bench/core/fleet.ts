import { type Frame, HOUR, MINUTE, type Registry } from '../../../pipeline/domain/index.ts';
import { type LogRecord, partitionOf } from '../../../pipeline/log/port.ts';

/** Devices of ten counters each; every value is a pure function of (seed, device, register, step), so that nothing sent has to be kept. */
export interface Fleet {
  readonly seed: number;
  readonly devices: number;
  readonly intervalMs: number;
  readonly hours: number;
  readonly partitions: number;
}

export const SITE = 'bench';
export const REGISTERS = 10;
/** A UTC midnight; local midnight (Asia/Shanghai) is at 16:00. */
export const BEGIN = Date.UTC(2026, 2, 2);
const DEVICES_PER_SPOOL = 10;

export const stepsOf = ({ hours, intervalMs }: Fleet): number => (hours * HOUR) / intervalMs;
export const readingsOf = (fleet: Fleet): number => fleet.devices * REGISTERS * stepsOf(fleet);
export const deviceId = (device: number): string => `dev-${String(device).padStart(6, '0')}`;
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

export const atOf = (fleet: Fleet, step: number): number => BEGIN + step * fleet.intervalMs;

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
    site: SITE,
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

/** All that is sent, in the order in which it is sent. `told` counts what was out of the ordinary. */
export function* sending(fleet: Fleet, told: Told): Generator<Outgoing> {
  const late = new Map<number, number[]>();
  const lateSteps = Math.max(1, Math.round(LATE_MS / fleet.intervalMs));
  const steps = stepsOf(fleet);
  const encode = (device: number, step: number): Buffer => Buffer.from(JSON.stringify(frameOf(fleet, device, step)));
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

/** A point, a meter and a rating for each register; each institution has the devices of one spool. */
export function registryOf(fleet: Fleet): Registry {
  const one = { num: 1, den: 1 };
  const named = (id: string) => ({ zh: id, en: id });
  const devices = Array.from({ length: fleet.devices }, (_, d) => d);
  const registers = Array.from({ length: REGISTERS }, (_, r) => registerName(r));
  const institutionOf = (device: number): string => `i${Math.floor(device / DEVICES_PER_SPOOL)}`;
  return {
    site: { id: SITE, name: named(SITE), zone: 'Asia/Shanghai', slotMinutes: 60 },
    institutions: [...new Set(devices.map(institutionOf))].map((id) => ({
      id,
      name: named(id),
      headcount: [],
      area: [],
    })),
    premises: [],
    devices: devices.map((d) => ({
      id: deviceId(d),
      model: 'manual',
      intervalMs: fleet.intervalMs,
      registers: registers.map((name) => ({
        name,
        kind: 'counter' as const,
        carrier: 'electricity' as const,
        unit: 'Wh',
        scale: one,
      })),
    })),
    points: devices.flatMap((d) =>
      registers.map((name) => ({
        id: pointId(d, name),
        name: named(pointId(d, name)),
        carrier: 'electricity' as const,
        role: 'main' as const,
        allocations: [
          { from: 0, value: { basis: 'fixed' as const, shares: [{ institution: institutionOf(d), share: one }] } },
        ],
      })),
    ),
    mountings: devices.flatMap((d) =>
      registers.map((name) => ({
        id: `${pointId(d, name)}/s1`,
        point: pointId(d, name),
        serial: 's1',
        device: deviceId(d),
        register: name,
        multiplier: one,
        scale: one,
        maxRate: 1_000_000,
      })),
    ),
  };
}

export const pointId = (device: number, register: string): string => `p-${device}-${register}`;

export const minutes = (value: number): number => value * MINUTE;
