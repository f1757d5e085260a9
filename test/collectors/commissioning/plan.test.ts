import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LinePlan, linePlans } from '../../../collectors/commissioning/plan.ts';
import type { ConnectedDevice, Connection, DeviceModel, ModbusRtuConnection } from '../../../collectors/contract.ts';
import { litres, modbusModel } from '../../support/modbus-model.ts';

const model = modbusModel([litres('a', 0), litres('b', 1), litres('c', 200, 'u32')], { maxWords: 60 });
const models: ReadonlyMap<string, DeviceModel> = new Map([[model.id, model]]);

const bus = (changes: Partial<ModbusRtuConnection> = {}): ModbusRtuConnection => ({
  kind: 'modbus-rtu',
  id: 'bus',
  device: '/dev/ttyUSB0',
  baudRate: 9_600,
  parity: 'none',
  stopBits: 1,
  timeoutMs: 1_000,
  pauseMs: 0,
  ...changes,
});

const meters = (count: number, intervalMs: number): readonly ConnectedDevice[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `m${i + 1}`,
    connection: 'bus',
    model: model.id,
    intervalMs,
    unit: i + 1,
  }));

function planOf(connection: Connection, devices: readonly ConnectedDevice[], replyMs?: number): LinePlan {
  const [line] = linePlans({ site: 's', connections: [connection], devices }, models, { replyMs });
  if (!line) throw new Error('no line');
  return line;
}

describe('the plan of a line', () => {
  test('names the requests that the collector sends: neighbours together, far ones apart', () => {
    const [device] = planOf(bus(), meters(1, 60_000)).devices;
    expect(device?.requests.map(({ fc: f, address, words, registers }) => [f, address, words, registers])).toEqual([
      [3, 0, 2, ['a', 'b']],
      [3, 200, 2, ['c']],
    ]);
  });

  test('adds up: a round is its polls, a poll its requests, the share each poll by its interval', () => {
    const line = planOf(bus({ pauseMs: 30 }), meters(7, 20_000));
    // (8 + 5 + 4) characters, a silence of 3.5, 50 ms turnaround, 30 ms pause
    const request = (17 + 3.5) * (10_000 / 9_600) + 80;
    expect(line.roundMs).toBeCloseTo(7 * 2 * request, 6);
    expect(line.share).toBeCloseTo((7 * 2 * request) / 20_000, 9);
    expect(line.verdict).toBe('holds');
  });

  test('holds on the same line for a long interval and cannot for a short one, and says which would hold', () => {
    const short = planOf(bus({ baudRate: 1_200 }), meters(20, 5_000));
    expect(short).toMatchObject({ verdict: 'cannot-hold' });
    expect(short.skippedShare).toBeGreaterThan(0);
    const cured = planOf(bus({ baudRate: 1_200 }), meters(20, short.holdsFromMs ?? 0));
    expect(cured).toMatchObject({ verdict: 'holds', skippedShare: 0 });
    expect(cured.holdsFromMs).toBeUndefined();
  });

  test('sees that one quick device starves behind many slow ones although the line is not busy', () => {
    const devices = [
      ...meters(12, 60_000),
      { id: 'quick', connection: 'bus', model: model.id, intervalMs: 1_000, unit: 99 },
    ];
    const line = planOf(bus({ baudRate: 1_200 }), devices);
    expect(line.share).toBeLessThan(0.7);
    expect(line.verdict).toBe('cannot-hold');
  });

  test('charges a dead unit one time-out an attempt on TCP and two where the line must fall silent', () => {
    const tcp: Connection = { kind: 'modbus-tcp', id: 'bus', host: 'h', port: 502, timeoutMs: 1_000, pauseMs: 0 };
    expect(planOf(tcp, meters(3, 60_000)).deadUnit).toMatchObject({ attemptMs: 1_020, skippedShare: 0 });
    const serial = planOf(bus(), meters(3, 60_000)).deadUnit;
    expect(serial).toMatchObject({ attemptMs: 2_000, thenEveryMs: 150_000, skippedShare: 0 });
    // 2, 4, 8 … 128 s, then one in 150 s: within ten minutes nine at the most
    expect(serial?.attemptsInTenMinutes).toBeLessThanOrEqual(10);
    expect(serial?.attemptsInTenMinutes).toBeGreaterThanOrEqual(7);
  });

  test('calls it tight where the interval holds only as long as every unit answers', () => {
    const line = planOf(bus({ timeoutMs: 5_000 }), meters(3, 1_000));
    expect(line.deadUnit?.skippedShare).toBeGreaterThan(0);
    expect(line.verdict).toBe('tight');
  });

  test('assumes a serial line behind a gateway with several units, none behind a meter of its own, and takes a measured reply', () => {
    const tcp: Connection = { kind: 'modbus-tcp', id: 'bus', host: 'h', port: 502, timeoutMs: 1_000, pauseMs: 0 };
    expect(planOf(tcp, meters(2, 60_000)).assumedSerial).toBe(true);
    expect(planOf(tcp, meters(1, 60_000))).toMatchObject({ assumedSerial: false, roundMs: 2 * 70 });
    expect(planOf(tcp, meters(1, 60_000), 400).roundMs).toBe(2 * 400);
  });

  test('of a line without devices is that it is unused', () => {
    expect(planOf(bus(), [])).toMatchObject({ verdict: 'unused', roundMs: 0, share: 0 });
  });

  test('never holds above its whole time, and a longer interval is never worse', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(1_200, 9_600, 19_200),
        (count, seconds, baudRate) => {
          const line = planOf(bus({ baudRate }), meters(count, seconds * 1_000));
          expect(line.share > 1 && line.verdict !== 'cannot-hold').toBe(false);
          expect(line.share > 0.8 && line.verdict === 'holds').toBe(false);
          const longer = planOf(bus({ baudRate }), meters(count, 2 * seconds * 1_000));
          expect(longer.share).toBeCloseTo(line.share / 2, 9);
        },
      ),
      { numRuns: 40 },
    );
  });
});
