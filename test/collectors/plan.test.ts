import { expect, test } from 'vitest';
import type { CollectorPlan, ConnectedDevice } from '../../collectors/contract.ts';
import { loadModels } from '../../collectors/devices/index.ts';
import { planMistakes } from '../../collectors/plan.ts';

const models = loadModels();
const PLAN: CollectorPlan = {
  site: 'site-1',
  connections: [
    { kind: 'modbus-tcp', id: 'line-1', host: '10.0.0.5', port: 502, timeoutMs: 1_000, pauseMs: 20 },
    { kind: 'opcua', id: 'server-1', endpoint: 'opc.tcp://10.0.0.6:4840', security: 'none', timeoutMs: 5_000 },
  ],
  devices: [
    { id: 'm1', connection: 'line-1', model: 'schneider-iem3000', intervalMs: 60_000, unit: 1 },
    { id: 'm2', connection: 'line-1', model: 'schneider-iem3000', intervalMs: 60_000, unit: 255 },
    {
      id: 'm3',
      connection: 'server-1',
      model: 'opcua-ecm-e3',
      intervalMs: 60_000,
      namespace: 'urn:x',
      nodePrefix: 'A.',
    },
    {
      id: 'm4',
      connection: 'server-1',
      model: 'opcua-ecm-e3',
      intervalMs: 60_000,
      namespace: 'urn:x',
      nodePrefix: 'B.',
    },
  ],
};

const withDevice = (index: number, change: Partial<ConnectedDevice>): CollectorPlan => ({
  ...PLAN,
  devices: PLAN.devices.map((device, i) => (i === index ? { ...device, ...change } : device)),
});

test('a right plan has no mistakes', () => {
  expect(planMistakes(PLAN, models)).toEqual([]);
});

test.each<[string, CollectorPlan, string, string, string]>([
  ['an unknown model', withDevice(0, { model: 'acme-1' }), 'm1', 'no device model "acme-1"', 'schneider-iem3000'],
  ['a model of another protocol', withDevice(0, { model: 'opcua-ecm-e3' }), 'm1', 'is read over opcua', 'siemens-pac'],
  ['an unknown connection', withDevice(0, { connection: 'line-9' }), 'm1', 'no connection "line-9"', 'line-1'],
  ['no unit', withDevice(0, { unit: undefined }), 'm1', 'no unit id', '1 to 247'],
  ['a unit out of range', withDevice(0, { unit: 248 }), 'm1', '248 is out of range', '1 to 247'],
  ['a unit that is no whole number', withDevice(0, { unit: 1.5 }), 'm1', '1.5 is out of range', '1 to 247'],
  [
    'a unit of Modbus TCP on a serial line',
    {
      ...PLAN,
      connections: [
        {
          kind: 'modbus-rtu',
          id: 'line-1',
          device: '/dev/ttyUSB0',
          baudRate: 9_600,
          parity: 'none',
          stopBits: 1,
          timeoutMs: 1_000,
          pauseMs: 0,
        },
        ...PLAN.connections.slice(1),
      ],
    },
    'm2',
    '255 is out of range',
    '1 to 247',
  ],
  ['one unit twice on a line', withDevice(1, { unit: 1 }), 'm2', 'same unit id: 1', 'its own unit id'],
  ['one device id twice', withDevice(1, { id: 'm1' }), 'm1', 'two devices have this id', 'its own id'],
  ['an interval of nothing', withDevice(0, { intervalMs: 0 }), 'm1', 'interval is 0', 'above 0'],
  ['no namespace', withDevice(2, { namespace: undefined }), 'm3', 'no namespace', 'URI'],
  ['one node prefix twice', withDevice(3, { nodePrefix: 'A.' }), 'm4', 'same nodes', 'node prefix'],
  [
    'one address twice',
    {
      ...PLAN,
      connections: [
        ...PLAN.connections,
        { kind: 'modbus-tcp', id: 'line-2', host: '10.0.0.5', port: 502, timeoutMs: 1, pauseMs: 0 },
      ],
    },
    'line-2',
    'the same address: 10.0.0.5:502',
    'one connection',
  ],
])('%s is named with its place and cure', (_what, plan, place, message, cure) => {
  expect(planMistakes(plan, models)).toEqual([
    { place, message: expect.stringContaining(message), cure: expect.stringContaining(cure) },
  ]);
});

test('all mistakes are told at once', () => {
  const plan = withDevice(0, { model: 'acme-1' });
  expect(
    planMistakes(
      { ...plan, devices: [...plan.devices, { ...PLAN.devices[1], id: 'm9', unit: 300 } as ConnectedDevice] },
      models,
    ),
  ).toHaveLength(2);
});
