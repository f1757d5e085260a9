import { expect, test } from 'vitest';
import { lineStates } from '../../../collectors/commissioning/lines.ts';
import type { CollectorPlan, LineHealth, UnitHealth } from '../../../collectors/contract.ts';

const plan: CollectorPlan = {
  site: 's',
  connections: [
    { kind: 'modbus-tcp', id: 'gw', host: '10.0.0.5', port: 502, timeoutMs: 1_000, pauseMs: 0 },
    { kind: 'opcua', id: 'ua', endpoint: 'opc.tcp://h:4840/x', security: 'none', timeoutMs: 1_000 },
    { kind: 'modbus-tcp', id: 'idle', host: '10.0.0.6', port: 502, timeoutMs: 1_000, pauseMs: 0 },
  ],
  devices: [
    { id: 'a', connection: 'gw', model: 'm', intervalMs: 10_000, unit: 1 },
    { id: 'b', connection: 'gw', model: 'm', intervalMs: 20_000, unit: 2 },
    { id: 'c', connection: 'ua', model: 'm', intervalMs: 5_000 },
  ],
};

const unit = (device: string, changes: Partial<UnitHealth> = {}): UnitHealth => ({
  device,
  state: 'answering',
  timeouts: 0,
  exceptions: 0,
  ...changes,
});

const health = (connection: string, units: readonly UnitHealth[], changes: Partial<LineHealth> = {}): LineHealth => ({
  connection,
  kind: connection === 'ua' ? 'opcua' : 'modbus-tcp',
  state: 'open',
  reopened: 0,
  units,
  ...changes,
});

test('a line shows where it leads to, its units with their addresses, and how busy it is', () => {
  const [gw, ua, ...rest] = lineStates(plan, [
    health('ua', [unit('c')], { roundMs: 250 }),
    health('gw', [unit('a', { pollMs: 500 }), unit('b', { pollMs: 2_000 })]),
  ]);
  expect(rest).toEqual([]);
  expect(gw).toMatchObject({ address: '10.0.0.5:502', share: 0.05 + 0.1 });
  expect(gw?.units.map(({ unit: number, intervalMs }) => [number, intervalMs])).toEqual([
    [1, 10_000],
    [2, 20_000],
  ]);
  expect(ua).toMatchObject({ address: 'opc.tcp://h:4840/x', share: 0.05 });
});

test('a unit that is backing off does not count into the load, and before the first round there is none', () => {
  const [gw] = lineStates(plan, [
    health('gw', [unit('a', { pollMs: 500 }), unit('b', { pollMs: 5_000, state: 'silent', nextAttemptAt: 9 })]),
  ]);
  expect(gw?.share).toBe(0.05);
  const [unread] = lineStates(plan, [health('gw', [unit('a'), unit('b', { pollMs: 1 })])]);
  expect(unread?.share).toBeUndefined();
});
