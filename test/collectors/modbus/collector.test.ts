import modbus from 'modbus-serial';
import { afterEach, describe, expect, test } from 'vitest';
import { storeError } from '#domain';
import type { Collector, ConnectedDevice, DeviceModel } from '../../../collectors/contract.ts';
import { createModbusCollector, type ModbusOptions } from '../../../collectors/modbus/index.ts';
import { recordingContext, type RecordingContext, until } from '../../support/collector-context.ts';
import { lineTo, litres, modbusModel } from '../../support/modbus-model.ts';
import {
  type Answer,
  type FieldServer,
  startFieldServer,
  type WireRequest,
  wordOf,
} from '../../support/modbus-server.ts';

const FAST: ModbusOptions = { unitBackoff: { minMs: 30, maxMs: 60 }, lineBackoff: { minMs: 10, maxMs: 20 } };
const TWO_FAR = modbusModel([litres('a', 0), litres('b', 100)], { maxWords: 10 });
const INTERVAL_MS = 40;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function field(treat: (request: WireRequest) => Answer): Promise<FieldServer> {
  const server = await startFieldServer(treat);
  stops.push(server.close);
  return server;
}

const meters = (...units: readonly number[]): readonly ConnectedDevice[] =>
  units.map((unit) => ({ id: `m${unit}`, connection: 'line', model: 'test-meter', intervalMs: INTERVAL_MS, unit }));

function start(
  server: Pick<FieldServer, 'host' | 'port'>,
  devices: readonly ConnectedDevice[],
  model: DeviceModel = TWO_FAR,
  context: RecordingContext = recordingContext(),
  options: ModbusOptions = FAST,
): { readonly context: RecordingContext; readonly collector: Collector; readonly stop: () => Promise<void> } {
  const collector = createModbusCollector(lineTo(server), devices, new Map([[model.id, model]]), context, options);
  const abort = new AbortController();
  const running = collector.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await running;
  };
  stops.unshift(stop);
  return { context, collector, stop };
}

const framesOf = (context: RecordingContext, device: string) => context.frames.filter((f) => f.device === device);
const eventsOf = (context: RecordingContext, event: string) => context.events.filter((e) => e.event === event);
const whole = (unit: number) => [
  ['a', wordOf(unit, 3, 0)],
  ['b', wordOf(unit, 3, 100)],
];

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
      meters(1).map((d) => ({ ...d, intervalMs: 250 })),
    );
    await until('five frames', () => context.frames.length >= 5);
    expect((context.frames[0]?.at ?? 0) - from).toBeLessThan(200);
    // each poll lies in the first part of its own interval: it cannot drift into the next
    const later = context.frames.slice(1, 5).map((f) => f.at);
    for (const at of later) expect(at % 250).toBeLessThan(200);
    expect(new Set(later.map((at) => Math.floor(at / 250))).size).toBe(4);
  });

  test('a line slower than the interval skips polls, never piles them up, and says how many', async () => {
    const server = await field(() => ({ lateMs: 60, on: 'same' }));
    const { context } = start(server, meters(1), modbusModel([litres('a', 0)]));
    await until('five frames', () => context.frames.length >= 5);
    const skipped = eventsOf(context, 'pollsSkipped').reduce((sum, e) => sum + e.count, 0);
    expect(skipped).toBeGreaterThanOrEqual(3);
    const gaps = context.frames.slice(1).map((f, i) => f.at - (context.frames[i]?.at ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(55);
  });

  test("reads the library's own server: holding and input registers", async () => {
    const vector = {
      getHoldingRegister: (address: number, unit: number) => wordOf(unit, 3, address),
      getInputRegister: (address: number, unit: number) => wordOf(unit, 4, address),
    };
    const port = await freePort();
    const library = new modbus.ServerTCP(vector, { host: '127.0.0.1', port, unitID: 255 });
    await new Promise<void>((resolve) => library.on('initialized', () => resolve()));
    stops.push(() => new Promise((resolve) => library.close(() => resolve())));
    const model = modbusModel([litres('a', 5), litres('b', 6, 'u32', 4)]);
    const { context } = start({ host: '127.0.0.1', port }, meters(3), model);
    await until('a frame', () => context.frames.length > 0);
    expect(context.frames[0]?.r).toEqual([
      ['a', wordOf(3, 3, 5)],
      ['b', wordOf(3, 4, 6) * 65_536 + wordOf(3, 4, 7)],
    ]);
  });
});

describe('a request that fails', () => {
  test('leaves its registers out, never zero, and says which and why', async () => {
    const server = await field(({ address }) => (address === 100 ? 'swallow' : 'answer'));
    const { context, collector } = start(server, meters(1));
    await until('a frame', () => context.frames.length > 0);
    expect(context.frames[0]?.r).toEqual([['a', wordOf(1, 3, 0)]]);
    expect(eventsOf(context, 'requestFailed')[0]).toMatchObject({
      level: 'warn',
      fields: { device: 'm1', unit: 1, reason: 'timeout', registers: 'b', address: 100 },
    });
    expect(collector.health().units[0]).toMatchObject({ state: 'silent', timeouts: 1 });
  });

  test.each<[Answer]>([['swallow'], ['foreign-unit'], ['short'], ['wrong-transaction'], ['close']])(
    'by %o reopens the line, and every value is read again',
    async (answer) => {
      const server = await field(({ index }) => (index === 2 ? answer : 'answer'));
      const { context } = start(server, meters(1));
      await until('frames after the fault', () => context.frames.length >= 5);
      expect(server.connections()).toBe(2);
      expect(context.frames.at(-1)?.r).toEqual(whole(1));
      for (const frame of context.frames) for (const entry of frame.r) expect(whole(1)).toContainEqual(entry);
    },
  );

  test('with busy, or a gateway without its target, is tried again without reopening', async () => {
    const server = await field(({ index }) =>
      index === 2 ? { exception: 6 } : index === 4 ? { exception: 11 } : 'answer',
    );
    const { context } = start(server, meters(1));
    await until('frames after', () => context.frames.length >= 6);
    expect(server.connections()).toBe(1);
    const reasons = eventsOf(context, 'requestFailed').map((e) => e.fields['reason']);
    expect(reasons).toContain('exception-6');
    expect(context.frames.at(-1)?.r).toEqual(whole(1));
  });

  test('is logged once and counted always', async () => {
    const server = await field(() => 'swallow');
    const { context, collector } = start(server, meters(1));
    await until('three time-outs', () => (collector.health().units[0]?.timeouts ?? 0) >= 3);
    expect(
      eventsOf(context, 'requestFailed')
        .map((e) => e.level)
        .slice(0, 3),
    ).toEqual(['warn', 'debug', 'debug']);
    expect(eventsOf(context, 'deviceLost')).toHaveLength(1);
    const counts = await context.telemetry.counts();
    const key = Object.keys(counts).find((k) => k.startsWith('civicmeter_request_failed_total'));
    expect(counts[key ?? '']).toBeGreaterThanOrEqual(3);
  });
});

describe('a range that the device refuses', () => {
  test('is split until what is refused stands alone; the rest is read for good', async () => {
    const registers = [litres('a', 0), litres('b', 1), litres('c', 2), litres('d', 3), litres('e', 4)];
    const refused = (r: WireRequest): boolean => r.address <= 3 && r.address + r.words > 3;
    const server = await field((r) => (refused(r) ? { exception: 2 } : 'answer'));
    const { context, collector } = start(server, meters(1), modbusModel(registers));
    await until('three frames', () => context.frames.length >= 3);
    for (const frame of context.frames) expect(frame.r.map(([name]) => name)).toEqual(['a', 'b', 'c', 'e']);
    expect(eventsOf(context, 'requestFailed').map((e) => e.fields)).toEqual([
      expect.objectContaining({ reason: 'exception-2', registers: 'd' }),
    ]);
    expect(collector.health().units[0]?.state).toBe('answering');
    const asked = server.requests.length;
    await until('three more', () => context.frames.length >= 6);
    // whole, first half, second half, its parts: learnt once; then two requests a poll and none of them refused
    expect(server.requests.slice(asked).filter(refused)).toEqual([]);
  });

  test('as a whole makes the device refusing, not to be asked again fast', async () => {
    const server = await field(() => ({ exception: 2 }));
    const { context, collector } = start(server, meters(1), TWO_FAR, recordingContext({ random: () => 0 }), {
      unitBackoff: { minMs: 30, maxMs: 10_000 },
    });
    await until('the refusal', () => collector.health().units[0]?.state === 'refusing');
    expect((collector.health().units[0]?.nextAttemptAt ?? 0) - Date.now()).toBeGreaterThan(4_000);
    expect(context.frames).toEqual([]);
    expect(eventsOf(context, 'deviceLost')[0]?.fields).toMatchObject({ state: 'refusing', reason: 'exception-2' });
  });
});

describe('a dead unit', () => {
  test('costs its line at most one time-out per back-off period; the others lose no poll', async () => {
    const dead = new Set([2]);
    const server = await field(({ unit }) => (dead.has(unit) ? 'swallow' : 'answer'));
    const [minMs, intervalMs] = [1_000, 400];
    const model = modbusModel([litres('a', 0)]);
    const devices = meters(1, 2, 3).map((d) => ({ ...d, intervalMs }));
    const { context, collector } = start(server, devices, model, recordingContext(), {
      unitBackoff: { minMs, maxMs: 2_000 },
    });
    await until('eight frames each', () => framesOf(context, 'm1').length >= 8 && framesOf(context, 'm3').length >= 8);
    const asked = server.requests.filter((r) => r.unit === 2).map((r) => r.at);
    const gaps = asked.slice(1).map((at, i) => at - (asked[i] ?? 0));
    expect(asked.length).toBeGreaterThanOrEqual(2);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(minMs);
    expect(eventsOf(context, 'pollsSkipped')).toEqual([]);
    for (const id of ['m1', 'm3']) {
      const numbers = framesOf(context, id)
        .slice(1)
        .map((f) => Math.floor(f.at / intervalMs));
      expect(numbers.slice(1).map((n, i) => n - (numbers[i] ?? 0))).toEqual(numbers.slice(1).map(() => 1));
    }
    expect(collector.health().units.map((u) => u.state)).toEqual(['answering', 'silent', 'answering']);

    dead.clear();
    await until('it is read again', () => framesOf(context, 'm2').length > 0);
    expect(framesOf(context, 'm2')[0]?.r).toEqual([['a', wordOf(2, 3, 0)]]);
    expect(eventsOf(context, 'deviceRecovered').map((e) => e.fields['device'])).toEqual(['m2']);
  });
});

test('a stop in mid-request is no fault of the device: no event, no frame', async () => {
  const server = await field(() => 'swallow');
  const { context, collector, stop } = start(server, meters(1));
  await until('a request under way', () => server.requests.length === 1);
  await stop();
  expect(context.events.map((e) => e.event)).toEqual(['lineOpened']);
  expect(collector.health().units[0]).toMatchObject({ state: 'not-yet-read', timeouts: 0 });
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
    await until('the line is down', () => eventsOf(context, 'lineNotOpened').length >= 2);
    const before = context.frames.length;
    const again = await startFieldServer(undefined, undefined, server.port);
    stops.push(again.close);
    await until('frames again', () => context.frames.length >= before + 4);
    expect(collector.health()).toMatchObject({
      state: 'open',
      units: [{ state: 'answering' }, { state: 'answering' }],
    });
    expect(collector.health().reopened).toBeGreaterThanOrEqual(1);
    expect(collector.health().roundMs).toBeGreaterThanOrEqual(0);
  });
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
