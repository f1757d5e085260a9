import type { CollectorPlan, DeviceModel, ModbusRegister } from '../../../collectors/contract.ts';

export const DEVICES = 100;
export const REGISTERS = 120;
export const SITE = 'bench';
/** Longer than any run: a reply that is late here is the machine's load, not a fault. */
const TIMEOUT_MS = 20_000;

/** A gauge is raw tenths of a volt, so its face value is a hundred times the word; a counter is whole litres. */
const GAUGE_FACE = 100;
export const isGauge = (address: number): boolean => address % 2 === 1 && address > 1;
export const faceOf = (address: number, word: number): number => (isGauge(address) ? word * GAUGE_FACE : word);

export const nameOf = (address: number): string => `r${String(address).padStart(3, '0')}`;

const registerOf = (address: number): ModbusRegister => {
  const place = { name: nameOf(address), fc: 3, address, type: 'u16', order: 'AB' } as const;
  return isGauge(address)
    ? { ...place, quantity: 'voltage.l1', kind: 'gauge', unit: 'V', scale: '0.1' }
    : { ...place, quantity: 'volume.forward', kind: 'counter', carrier: 'water', unit: 'L', scale: '1' };
};

/** One request of 120 words, 120 values. */
export const MODEL: DeviceModel = {
  protocol: 'modbus',
  id: 'bench-meter',
  vendor: 'Bench',
  model: 'Meter',
  source: { document: 'none: made for a bench', confidence: 'C' },
  maxWords: REGISTERS,
  registers: Array.from({ length: REGISTERS }, (_, address) => registerOf(address)),
};

export const unitOfDevice = (device: string): number => Number(device.slice(1));

/** Each device on a line of its own, under the unit 1 … 100. */
export const planOf = (ports: readonly number[], intervalMs: number): CollectorPlan => ({
  site: SITE,
  connections: ports.map((port, i) => ({
    kind: 'modbus-tcp',
    id: `line-${i + 1}`,
    host: '127.0.0.1',
    port,
    timeoutMs: TIMEOUT_MS,
    pauseMs: 0,
  })),
  devices: ports.map((_, i) => ({
    id: `d${i + 1}`,
    connection: `line-${i + 1}`,
    model: MODEL.id,
    intervalMs,
    unit: i + 1,
  })),
});
