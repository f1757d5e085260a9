import { afterAll, expect, test } from 'vitest';
import type { FrameDraft } from '#domain';
import type { ConnectedDevice } from '../../../collectors/contract.ts';
import { createModbusCollector } from '../../../collectors/modbus/index.ts';
import { recordingContext, until } from '../../support/collector-context.ts';
import { lineTo, litres, modbusModel } from '../../support/modbus-model.ts';
import { type Answer, type FieldServer, startFieldServer, wordOf } from '../../support/modbus-server.ts';

const POLLS = 20_000;
const LINES = 4;
const UNITS = [1, 2, 3, 4, 5, 6];
const TIMEOUT_MS = 25;
/** Of 1,000 requests this many are answered late, and this many not at all or wrongly. */
const [LATE, SWALLOWED, WRONG] = [8, 8, 4];

/** Registers of the same shape side by side: an answer to another request would be taken for this one's. */
const MODEL = modbusModel(
  [litres('a', 0, 'u32'), litres('b', 100, 'u32'), litres('c', 200, 'u32'), litres('d', 300, 'u32', 4)],
  { maxWords: 4 },
);

const valueOf = (unit: number, fc: number, address: number): number =>
  wordOf(unit, fc, address) * 65_536 + wordOf(unit, fc, address + 1);

const truth = (unit: number): ReadonlyMap<string, number> =>
  new Map(MODEL.registers.map((r) => [r.name, valueOf(unit, r.fc, r.address)]));

/** A reproducible draw per request (mulberry32). */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const servers: FieldServer[] = [];
afterAll(async () => {
  for (const server of servers) await server.close();
});

test(`${POLLS} polls with late, swallowed and wrong replies: no value in the wrong place, each value read again`, async () => {
  const faults = { late: 0, swallowed: 0, wrong: 0 };
  const treat = (draw: () => number) => (): Answer => {
    const n = draw() * 1_000;
    if (n < LATE) {
      faults.late += 1;
      // one to four time-outs late, on its own connection or, as some gateways do, on whichever is open then
      return { lateMs: TIMEOUT_MS * (1 + 3 * draw()), on: draw() < 0.5 ? 'same' : 'newest' };
    }
    if (n < LATE + SWALLOWED) {
      faults.swallowed += 1;
      return 'swallow';
    }
    if (n >= LATE + SWALLOWED + WRONG) return 'answer';
    faults.wrong += 1;
    return (['wrong-transaction', 'foreign-unit', 'short', 'twice'] as const)[Math.floor(draw() * 4)] ?? 'swallow';
  };

  let polls = 0;
  let misattributed = 0;
  let values = 0;
  const lastWhole = new Map<string, number>();
  const count = (line: number, frame: FrameDraft): void => {
    polls += 1;
    const expected = truth(Number(frame.device.slice(1)));
    const key = `${line}/${frame.device}`;
    for (const [name, value] of frame.r) {
      values += 1;
      if (expected.get(name) !== value) misattributed += 1;
    }
    const got = new Set(frame.r.map(([name]) => name));
    if (got.size === expected.size) lastWhole.set(key, polls);
  };

  const stop = new AbortController();
  const running = await Promise.all(
    Array.from({ length: LINES }, async (_, line) => {
      const server = await startFieldServer(treat(draws(line + 1)));
      servers.push(server);
      const devices = UNITS.map((unit): ConnectedDevice => ({
        id: `m${unit}`,
        connection: 'line',
        model: MODEL.id,
        intervalMs: 1,
        unit,
      }));
      const context = recordingContext({
        random: draws(line + 100),
        deliver: async (frames) => frames.forEach((frame) => count(line, frame)),
      });
      return createModbusCollector(lineTo(server, TIMEOUT_MS), devices, new Map([[MODEL.id, MODEL]]), context, {
        unitBackoff: { minMs: 1, maxMs: 4 },
        lineBackoff: { minMs: 1, maxMs: 4 },
      });
    }),
  );
  const ends = running.map((collector) => collector.run(stop.signal));
  await until('the polls', () => polls >= POLLS, 110_000);
  // the last fault of each device is behind it as well: everything readable is read again
  const from = polls;
  const all = Array.from({ length: LINES }, (_, line) => UNITS.map((unit) => `${line}/m${unit}`)).flat();
  await until('a whole frame of every device', () => all.every((key) => (lastWhole.get(key) ?? 0) > from), 20_000);
  stop.abort();
  await Promise.all(ends);

  expect(misattributed).toBe(0);
  expect(values).toBeGreaterThan(POLLS * 3.8);
  expect(faults.late).toBeGreaterThan(300);
  expect(faults.swallowed).toBeGreaterThan(300);
  expect(faults.wrong).toBeGreaterThan(100);
  for (const server of servers) {
    expect(server.mostInFlight()).toBe(1);
    expect(server.connections()).toBeGreaterThan(20);
  }
}, 150_000);
