import type { CollectorPlan, DeviceModel, OpcUaConnection } from '../../../collectors/contract.ts';

export const SITE = 'bench';
export const URI = 'urn:civicmeter:bench';
export const REGISTERS = 100;
/** Each node changes once in this time, which is the interval of the devices as well. */
export const TICK_MS = 1_000;
/** When in each second: well before the collectors read, which is within its first tenth. */
export const TICK_PHASE_MS = 700;

export const nameOf = (register: number): string => `r${String(register).padStart(3, '0')}`;
export const deviceOf = (device: number): string => `d${device}`;

/** The value of a node at a tick, whole, of 31 bits: what no other node has at that time but by chance. BenchServer.java has the same. */
export function valueOf(seed: number, place: number, tick: number): number {
  let hash = (seed + Math.imul(place, 0x9e3779b1) + Math.imul(tick, 0x85ebca77)) | 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 1;
}

/** Ticks are counted from the epoch; a value's source time says which one it is of. */
export const timeOfTick = (tick: number): number => tick * TICK_MS + TICK_PHASE_MS;
export const tickAt = (time: number): number => Math.floor((time - TICK_PHASE_MS) / TICK_MS);

export const MODEL: DeviceModel = {
  protocol: 'opcua',
  id: 'bench-feeder',
  vendor: 'Bench',
  model: 'Feeder',
  source: { document: 'none: made for a bench', confidence: 'C' },
  registers: Array.from({ length: REGISTERS }, (_, register) => ({
    name: nameOf(register),
    quantity: 'volume.forward',
    kind: 'counter',
    carrier: 'water',
    unit: 'L',
    scale: '1',
    path: nameOf(register),
  })),
};

export const planOf = (endpoint: string, security: OpcUaConnection['security'], devices: number): CollectorPlan => ({
  site: SITE,
  connections: [{ kind: 'opcua', id: 'server', endpoint, security, timeoutMs: 20_000 }],
  devices: Array.from({ length: devices }, (_, device) => ({
    id: deviceOf(device),
    connection: 'server',
    model: MODEL.id,
    intervalMs: TICK_MS,
    namespace: URI,
    nodePrefix: `${device}.`,
  })),
});
