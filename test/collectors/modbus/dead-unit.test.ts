import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '#platform';
import { createModbusCollector, type OpenTransport } from '../../../collectors/modbus/index.ts';
import { recordingContext, until } from '../../support/collector-context.ts';
import { lineTo, litres, modbusModel } from '../../support/modbus-model.ts';
import { eventsOf, framesOf, meters, modbusRig } from '../../support/modbus-rig.ts';
import { wordOf } from '../../support/modbus-server.ts';

const { field, start, end } = modbusRig();
afterEach(end);

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

/** A line in memory under a clock that only waiting moves: a day passes in a second. */
function virtualLine(dead: (unit: number, now: number) => boolean, timeoutMs: number) {
  let now = Date.UTC(2026, 0, 5);
  const asked: { readonly unit: number; readonly at: number; readonly dead: boolean }[] = [];
  const clock: Clock & { readonly set: (to: number) => void } = {
    now: () => now,
    set: (to) => {
      now = to;
    },
    sleep: async (ms, signal) => {
      if (signal?.aborted) throw signal.reason;
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const open: OpenTransport = async () => {
    let alive = true;
    return {
      isOpen: () => alive,
      close: () => {
        alive = false;
      },
      read: async ({ unit, fc, address, words }) => {
        const silent = dead(unit, now);
        asked.push({ unit, at: now, dead: silent });
        now += silent ? timeoutMs : 20;
        if (silent) return { ok: false, fault: { kind: 'timeout' } };
        return { ok: true, words: Array.from({ length: words }, (_, i) => wordOf(unit, fc, address + i)) };
      },
    };
  };
  return { clock, open, asked };
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

async function runUntil(end: number, line: ReturnType<typeof virtualLine>, units: readonly number[]) {
  const context = recordingContext({ clock: line.clock, random: () => 0.5 });
  const devices = meters(...units).map((d) => ({ ...d, intervalMs: MINUTE }));
  const model = modbusModel([litres('a', 0)]);
  const collector = createModbusCollector(
    lineTo({ host: '127.0.0.1', port: 502 }),
    devices,
    new Map([[model.id, model]]),
    context,
    { open: line.open },
  );
  const abort = new AbortController();
  const running = collector.run(abort.signal);
  await until('the end of the virtual time', () => line.clock.now() >= end, 60_000);
  abort.abort();
  await running;
  return { context, collector };
}

describe('under the back-off of the field (2 s to 5 min), over a virtual day at one minute', () => {
  test('four dead units of ten cost a time-out each per back-off period, and the six no poll', async () => {
    const line = virtualLine((unit) => unit > 6, 1_000);
    const start = line.clock.now();
    const { context } = await runUntil(start + DAY, line, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const unit of [1, 2, 3, 4, 5, 6]) {
      const minutes = framesOf(context, `m${unit}`).map((f) => Math.floor(f.at / MINUTE));
      const regular = minutes.slice(1);
      expect(regular.length).toBeGreaterThanOrEqual(24 * 60 - 1);
      expect(regular.slice(1).filter((minute, i) => minute - (regular[i] ?? 0) !== 1)).toEqual([]);
    }
    for (const unit of [7, 8, 9, 10]) {
      const times = line.asked.filter((r) => r.unit === unit && r.at <= start + DAY).map((r) => r.at);
      const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2_000);
      // from the ninth failure on the pause is at its longest: 5 min, of which the upper half is random
      expect(Math.min(...gaps.slice(8))).toBeGreaterThanOrEqual(150_000);
      expect(times.length).toBeLessThanOrEqual(9 + DAY / 150_000);
    }
    expect(eventsOf(context, 'pollsSkipped')).toEqual([]);
  });

  test('one that comes back is read within the longest back-off, then in step again', async () => {
    const line = virtualLine((unit, now) => unit === 2 && now < Date.UTC(2026, 0, 5, 3), 1_000);
    const { context } = await runUntil(Date.UTC(2026, 0, 5, 4), line, [1, 2]);
    const back = framesOf(context, 'm2').map((f) => f.at);
    expect((back[0] ?? Infinity) - Date.UTC(2026, 0, 5, 3)).toBeLessThanOrEqual(5 * MINUTE + 1_000);
    expect(back.length).toBeGreaterThanOrEqual(54);
  });

  test('a clock set back by a day leaves no device unasked for longer than its interval', async () => {
    const line = virtualLine(() => false, 1_000);
    const start = line.clock.now();
    const running = runUntil(start + DAY, line, [1]);
    await until('two minutes', () => line.clock.now() >= start + 2 * MINUTE);
    line.clock.set(start - DAY);
    await until('two minutes later', () => line.clock.now() >= start - DAY + 2 * MINUTE);
    const after = line.asked.filter((r) => r.at < start).map((r) => r.at);
    expect(after.length).toBeGreaterThanOrEqual(2);
    line.clock.set(start + DAY);
    await running;
  });
});
