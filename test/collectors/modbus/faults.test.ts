import { afterEach, describe, expect, test } from 'vitest';
import { recordingContext, until } from '../../support/collector-context.ts';
import { litres, modbusModel } from '../../support/modbus-model.ts';
import { eventsOf, meters, modbusRig, TWO_FAR, whole } from '../../support/modbus-rig.ts';
import { type Answer, type WireRequest, wordOf } from '../../support/modbus-server.ts';

const { field, start, end } = modbusRig();
afterEach(end);

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
    expect(collector.health().units[0]).toMatchObject({ state: 'answering', timeouts: 1 });
  });

  test.each<[Answer]>([['swallow'], ['foreign-unit'], ['short'], ['wrong-transaction'], ['close']])(
    'by %o reopens the line, and every value is read again',
    async (answer) => {
      const server = await field(({ index }) => (index === 2 ? answer : 'answer'));
      const { context } = start(server, meters(1));
      await until('frames after the fault', () => context.frames.length >= 5);
      // a line that the other side closed is no failed request; on a busy machine a right answer may be too late as well
      const faults = eventsOf(context, 'requestFailed').length + (answer === 'close' ? 1 : 0);
      expect(faults).toBeGreaterThanOrEqual(1);
      expect(server.connections()).toBe(1 + faults);
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

describe('a range on which the device is silent', () => {
  test('is learnt: it alone backs off, the others are read in every round', async () => {
    const server = await field(({ address }) => (address === 100 ? 'swallow' : 'answer'));
    const registers = [litres('a', 0), litres('b', 100), litres('c', 200)];
    const { context, collector } = start(server, meters(1), modbusModel(registers, { maxWords: 10 }));
    await until('eight frames', () => context.frames.length >= 8);
    // the first poll broke off at it; from then on it is asked last
    expect(context.frames[0]?.r.map(([name]) => name)).toEqual(['a']);
    for (const frame of context.frames.slice(1)) expect(frame.r.map(([name]) => name)).toEqual(['a', 'c']);
    expect(collector.health().units[0]?.state).toBe('answering');
    expect(eventsOf(context, 'deviceLost')).toEqual([]);
    const lost = eventsOf(context, 'requestFailed').slice(1);
    expect(lost.map((e) => e.fields['registers'])).toEqual(lost.map(() => 'b'));
  });

  test('is read again once it answers, in its old place', async () => {
    let silent = true;
    const server = await field(({ address }) => (address === 0 && silent ? 'swallow' : 'answer'));
    const { context } = start(server, meters(1));
    await until('b is read', () => context.frames.length >= 3);
    silent = false;
    await until('a whole frame', () => context.frames.at(-1)?.r.length === 2);
    expect(context.frames.at(-1)?.r).toEqual(whole(1));
    await until('two more', () => server.requests.length > 12);
    expect(server.requests.slice(-2).map((r) => r.address)).toEqual(expect.arrayContaining([0, 100]));
  });

  test('and a gateway that says so of a unit is no refusal: the unit is silent', async () => {
    const server = await field(() => ({ exception: 11 }));
    const { context, collector } = start(server, meters(1));
    await until('it is known', () => collector.health().units[0]?.state === 'silent');
    expect(eventsOf(context, 'deviceLost')[0]?.fields).toMatchObject({ state: 'silent', reason: 'exception-11' });
    expect(server.connections()).toBe(1);
  });
});

test('a range that the device fails to read (4) leaves the others alone', async () => {
  const server = await field(({ address }) => (address === 0 ? { exception: 4 } : 'answer'));
  const { context, collector } = start(server, meters(1));
  await until('three frames', () => context.frames.length >= 3);
  for (const frame of context.frames) expect(frame.r.map(([name]) => name)).toEqual(['b']);
  expect(collector.health().units[0]).toMatchObject({ state: 'answering' });
});

describe('something else on the line', () => {
  test('is an event once per unit, counted always', async () => {
    const server = await field(({ index }) => (index % 4 === 1 ? 'foreign-unit' : 'answer'));
    const { context, collector } = start(server, meters(1));
    await until('three', () => (collector.health().foreignReplies ?? 0) >= 3);
    const heard = eventsOf(context, 'foreignHeard');
    expect(heard.map((e) => e.level).slice(0, 3)).toEqual(['warn', 'debug', 'debug']);
    expect(heard[0]?.fields).toMatchObject({ unit: 2, detail: 'unit 1 was asked, unit 2 answered' });
    expect(collector.health().units[0]?.exceptions).toBe(0);
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

test('a stop in mid-request is no fault of the device: no event, no frame', async () => {
  const server = await field(() => 'swallow');
  const { context, collector, stop } = start(server, meters(1));
  await until('a request under way', () => server.requests.length === 1);
  await stop();
  expect(context.events.map((e) => e.event)).toEqual(['lineOpened']);
  expect(collector.health().units[0]).toMatchObject({ state: 'not-yet-read', timeouts: 0 });
});
