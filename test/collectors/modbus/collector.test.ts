import modbus from 'modbus-serial';
import { afterEach, describe, expect, test } from 'vitest';
import { storeError } from '#domain';
import { createModbusCollector } from '../../../collectors/modbus/index.ts';
import { recordingContext, until } from '../../support/collector-context.ts';
import { lineTo, litres, modbusModel } from '../../support/modbus-model.ts';
import { eventsOf, meters, modbusRig, TWO_FAR, whole } from '../../support/modbus-rig.ts';
import { type FieldServer, startFieldServer, wordOf } from '../../support/modbus-server.ts';

const { field, start, later, end } = modbusRig();
afterEach(end);

/** A line that is slow, not silent: no reply is too late, however busy the machine. */
const patient = ({ host, port }: FieldServer) => ({ host, port, timeoutMs: 60_000 });

describe('polling', () => {
  test('makes one frame of each poll of a device, stamped between request and now', async () => {
    const server = await field(() => 'answer');
    const from = Date.now();
    const { context } = start(server, meters(1, 2));
    await until('four frames', () => context.frames.length >= 4);
    for (const frame of context.frames) {
      expect(frame).toMatchObject({ site: 'site-1', r: whole(Number(frame.device.slice(1))) });
      expect(frame.at).toBeGreaterThanOrEqual(from);
      expect(frame.at).toBeLessThanOrEqual(Date.now());
    }
    expect(server.mostInFlight()).toBe(1);
    expect(server.connections()).toBe(1);
  });

  test('begins at once, then keeps step with the interval', async () => {
    const server = await field(() => 'answer');
    const from = Date.now();
    const { context } = start(
      server,
      meters(1).map((d) => ({ ...d, intervalMs: 500 })),
    );
    await until('five frames', () => context.frames.length >= 5);
    expect((context.frames[0]?.at ?? 0) - from).toBeLessThan(400);
    // each poll lies in the first part of its own interval: it cannot drift into the next
    const later = context.frames.slice(1, 5).map((f) => f.at);
    for (const at of later) expect(at % 500).toBeLessThan(400);
    expect(new Set(later.map((at) => Math.floor(at / 500))).size).toBe(4);
  });

  test('a line slower than the interval skips polls, never piles them up, and says how many', async () => {
    const server = await field(() => ({ lateMs: 60, on: 'same' }));
    const { context } = start(patient(server), meters(1), modbusModel([litres('a', 0)]));
    await until('five frames', () => context.frames.length >= 5);
    const skipped = eventsOf(context, 'pollsSkipped').reduce((sum, e) => sum + e.count, 0);
    expect(skipped).toBeGreaterThanOrEqual(3);
    const gaps = context.frames.slice(1).map((f, i) => f.at - (context.frames[i]?.at ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(55);
  });

  test('a line that stays too slow is logged once and counted always', async () => {
    const server = await field(() => ({ lateMs: 90, on: 'same' }));
    const { context } = start(patient(server), meters(1), modbusModel([litres('a', 0)]));
    await until('three late polls', () => eventsOf(context, 'pollsSkipped').length >= 3);
    const levels = eventsOf(context, 'pollsSkipped').map((e) => e.level);
    expect(levels.slice(0, 3)).toEqual(['warn', 'debug', 'debug']);
  });

  test("reads the library's own server: holding and input registers", async () => {
    const vector = {
      getHoldingRegister: (address: number, unit: number) => wordOf(unit, 3, address),
      getInputRegister: (address: number, unit: number) => wordOf(unit, 4, address),
    };
    const port = await freePort();
    const library = new modbus.ServerTCP(vector, { host: '127.0.0.1', port, unitID: 255 });
    await new Promise<void>((resolve) => library.on('initialized', () => resolve()));
    later(() => new Promise((resolve) => library.close(() => resolve())));
    const model = modbusModel([litres('a', 5), litres('b', 6, 'u32', 4)]);
    const { context } = start({ host: '127.0.0.1', port }, meters(3), model);
    await until('a frame', () => context.frames.length > 0);
    expect(context.frames[0]?.r).toEqual([
      ['a', wordOf(3, 3, 5)],
      ['b', wordOf(3, 4, 6) * 65_536 + wordOf(3, 4, 7)],
    ]);
  });
});

describe('the connection', () => {
  test('that was closed while idle is opened anew and costs no reading', async () => {
    const server = await field(() => 'answer');
    const { context } = start(server, meters(1));
    for (let round = 1; round <= 3; round++) {
      const before = context.frames.length;
      await until('a frame', () => context.frames.length > before);
      server.dropAll();
    }
    await until('frames again', () => context.frames.length >= 6);
    expect(eventsOf(context, 'requestFailed')).toEqual([]);
    for (const frame of context.frames) expect(frame.r).toEqual(whole(1));
  });

  test('comes back by itself after the device was away', async () => {
    const server = await startFieldServer();
    const { context, collector } = start(server, meters(1, 2));
    await until('frames', () => context.frames.length >= 2);
    await server.close();
    await until('the line is down', () => eventsOf(context, 'lineNotOpened').length >= 3);
    expect(eventsOf(context, 'lineNotOpened').map((e) => e.level)).toEqual(['warn', 'debug', 'debug']);
    const before = context.frames.length;
    const again = await startFieldServer(undefined, undefined, server.port);
    later(again.close);
    await until('frames again', () => context.frames.length >= before + 4);
    expect(collector.health()).toMatchObject({
      state: 'open',
      units: [{ state: 'answering' }, { state: 'answering' }],
    });
    expect(collector.health().reopened).toBeGreaterThanOrEqual(1);
    expect(eventsOf(context, 'lineOpened').at(-1)?.level).toBe('info');
    expect(collector.health().roundMs).toBeGreaterThanOrEqual(0);
  });
});

test('a unit that stays silent is told once, however often its line is opened anew', async () => {
  const server = await field((request) => (request.unit === 1 ? 'swallow' : 'answer'));
  const { context } = start(server, meters(1, 2));
  await until('the line was opened three times', () => eventsOf(context, 'lineOpened').length >= 3, 20_000);
  expect(eventsOf(context, 'linePoisoned').filter((e) => e.level !== 'debug')).toHaveLength(1);
  expect(eventsOf(context, 'lineOpened').filter((e) => e.level !== 'debug')).toHaveLength(1);
});

describe('a store that refuses', () => {
  test('stops newer reading; the frame is held and stored first', async () => {
    let full = true;
    const server = await field(() => 'answer');
    const context = recordingContext({
      deliver: async () => {
        if (full) throw storeError('SPOOL_FULL', 'the disk is full');
      },
    });
    start(server, meters(1), TWO_FAR, context);
    await until('two attempts', () => eventsOf(context, 'frameHeld').length >= 2);
    expect(server.requests).toHaveLength(2);
    full = false;
    await until('it is stored', () => context.frames.length > 0);
    expect(context.frames[0]?.at).toBeLessThanOrEqual((server.requests[1]?.at ?? 0) + 50);
    expect(eventsOf(context, 'frameLost')).toEqual([]);
  });

  test('still at the stop: the frame is counted as lost, with the reason', async () => {
    const server = await field(() => 'answer');
    const context = recordingContext({
      deliver: () => Promise.reject(storeError('SPOOL_FULL', 'the disk is full')),
    });
    const { stop } = start(server, meters(1), TWO_FAR, context);
    await until('an attempt', () => eventsOf(context, 'frameHeld').length > 0);
    await stop();
    expect(eventsOf(context, 'frameLost')).toMatchObject([{ count: 1, fields: { reason: 'SPOOL_FULL' } }]);
  });
});

test('a device of an unknown model is refused with the models there are', () => {
  const context = recordingContext();
  const devices = [{ id: 'm1', connection: 'line', model: 'no-such', intervalMs: 1_000, unit: 1 }];
  expect(() =>
    createModbusCollector(lineTo({ host: '127.0.0.1', port: 1 }), devices, new Map([['test-meter', TWO_FAR]]), context),
  ).toThrow(
    expect.objectContaining({ code: 'MODEL_UNKNOWN', place: 'm1', cure: expect.stringContaining('test-meter') }),
  );
});

async function freePort(): Promise<number> {
  const probe = await startFieldServer();
  await probe.close();
  return probe.port;
}
