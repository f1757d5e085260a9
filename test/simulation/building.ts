import type { CollectorPlan, DeviceModel, ModbusRegister } from '../../collectors/contract.ts';
import type { OpenTransport, ReadResult } from '../../collectors/modbus/transport.ts';
import { type Registry } from '../../pipeline/domain/index.ts';
import { type Directory, type RegisterRow, siteOf } from '../../pipeline/ledger/directory.ts';
import type { Faults } from './faults.ts';
import type { Process, VirtualTime } from './time.ts';

export const SITE = 'simulated';
export const START = Date.UTC(2026, 2, 2);
export const METERS = 50;
const LINES = 1;
const INTERVAL_MS = 60 * 60_000;
const TIMEOUT_MS = 1_000;
const ONE = { num: 1, den: 1 } as const;

const text = (id: string) => ({ zh: id, en: id });
const deviceOf = (i: number): string => `meter-${i}`;

const register = (more: Partial<ModbusRegister>): ModbusRegister => ({
  name: 'e',
  quantity: 'volume.forward',
  kind: 'counter',
  carrier: 'water',
  unit: 'L',
  scale: '1',
  fc: 3,
  address: 0,
  type: 'u32',
  order: 'ABCD',
  ...more,
});

const MODEL: DeviceModel = {
  protocol: 'modbus',
  id: 'simulated-meter',
  vendor: 'Simulation',
  model: 'Meter',
  source: { document: 'made for the simulation', confidence: 'C' },
  maxWords: 60,
  registers: [
    register({}),
    register({ name: 'p', quantity: 'power.active.total', kind: 'gauge', carrier: undefined, unit: 'kW', address: 2 }),
  ],
};

export const MODELS: ReadonlyMap<string, DeviceModel> = new Map([[MODEL.id, MODEL]]);

/** The meters of one gateway: every second one, on lines of their own. */
export const planOf = (gateway: number, gateways: number): CollectorPlan => ({
  site: SITE,
  connections: Array.from({ length: LINES }, (_, line) => ({
    kind: 'modbus-tcp' as const,
    id: `line-${line}`,
    host: `line-${line}`,
    port: 502,
    timeoutMs: TIMEOUT_MS,
    pauseMs: 0,
  })),
  devices: Array.from({ length: METERS }, (_, i) => i)
    .filter((i) => i % gateways === gateway)
    .map((i, nth) => ({
      id: deviceOf(i),
      connection: `line-${nth % LINES}`,
      model: MODEL.id,
      intervalMs: INTERVAL_MS,
      unit: i + 1,
    })),
});

export const REGISTRY: Registry = {
  site: { id: SITE, name: text(SITE), zone: 'Asia/Shanghai', slotMinutes: 60 },
  institutions: [],
  premises: [],
  devices: Array.from({ length: METERS }, (_, i) => ({
    id: deviceOf(i),
    model: MODEL.id,
    intervalMs: INTERVAL_MS,
    registers: [
      { name: 'e', kind: 'counter' as const, carrier: 'water' as const, unit: 'mL', scale: ONE },
      { name: 'p', kind: 'gauge' as const, unit: 'mW', scale: ONE },
    ],
  })),
  points: Array.from({ length: METERS }, (_, i) => ({
    id: `p${i}`,
    name: text(`p${i}`),
    carrier: 'water' as const,
    role: 'main' as const,
    allocations: [],
  })),
  mountings: Array.from({ length: METERS }, (_, i) => ({
    id: `p${i}/s`,
    point: `p${i}`,
    serial: 's',
    device: deviceOf(i),
    register: 'e',
    multiplier: ONE,
    scale: ONE,
  })),
};

const ROWS: readonly RegisterRow[] = REGISTRY.devices.flatMap(({ id, registers }, i) =>
  registers.map(({ name, kind }, ordinal) => ({ key: i + 1, device: id, name, ordinal, kind, modulus: null })),
);

const FIRST = siteOf(REGISTRY, 1, [], ROWS);

export const directoryAt = (version: number): Directory => {
  const site = { ...FIRST, version };
  return {
    edition: version,
    sites: new Map([[SITE, site]]),
    byKey: new Map([...site.devices.values()].map((device) => [device.key, device])),
  };
};

/** What unit `unit` shows at an instant: a count that only grows, at its own rate. */
const faceAt = (unit: number, at: number): number => (Math.floor(at / 1_000) * (unit + 3)) % 2 ** 32;

/** The meters of a line in virtual time, and what goes wrong on it. */
export const lineOf =
  (time: VirtualTime, process: Process, faults: Faults): OpenTransport =>
  async () => {
    if (faults.strikes('lineRefused', 0.05)) throw new Error('connection refused');
    await process.clock.sleep(5);
    let open = true;
    return {
      isOpen: () => open,
      close: () => {
        open = false;
      },
      read: async ({ unit, address, words }): Promise<ReadResult> => {
        if (faults.strikes('unitSilent', 0.01)) {
          await process.clock.sleep(TIMEOUT_MS);
          return { ok: false, fault: { kind: 'timeout' } };
        }
        if (faults.strikes('lineCut', 0.005)) {
          open = false;
          return { ok: false, fault: { kind: 'closed', detail: 'cut' } };
        }
        await process.clock.sleep(20);
        if (words > 2 && faults.strikes('rangeRefused', 0.0002))
          return { ok: false, fault: { kind: 'exception', code: 2 } };
        if (faults.strikes('unitBusy', 0.005)) return { ok: false, fault: { kind: 'exception', code: 6 } };
        const face = faceAt(unit, time.now());
        return { ok: true, words: [face >>> 16, face & 0xffff, 0, unit].slice(address, address + words) };
      },
    };
  };
