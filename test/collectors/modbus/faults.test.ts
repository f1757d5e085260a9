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

test('a stop in mid-request is no fault of the device: no event, no frame', async () => {
  const server = await field(() => 'swallow');
  const { context, collector, stop } = start(server, meters(1));
  await until('a request under way', () => server.requests.length === 1);
  await stop();
  expect(context.events.map((e) => e.event)).toEqual(['lineOpened']);
  expect(collector.health().units[0]).toMatchObject({ state: 'not-yet-read', timeouts: 0 });
});
