import { describe, expect, test } from 'vitest';
import type { ModbusConnection } from '../../../collectors/contract.ts';
import { createModbusCollector, type OpenTransport } from '../../../collectors/modbus/index.ts';
import { modbusRtu } from '../../../collectors/modbus/rtu.ts';
import { phaseOf } from '../../../collectors/modbus/schedule.ts';
import { recordingContext, type RecordingContext } from '../../support/collector-context.ts';
import { type DrivenClock, drivenClock } from '../../support/modbus-clock.ts';
import { litres, modbusModel } from '../../support/modbus-model.ts';
import { eventsOf, framesOf, meters } from '../../support/modbus-rig.ts';
import { type RtuAnswer, rtuBus, type RtuRequest, streamPair } from '../../support/modbus-rtu-bus.ts';
import { wordOf } from '../../support/modbus-server.ts';

const TIMEOUT_MS = 1_000;
const INTERVAL_MS = 10_000;
const REPLY_MS = 60;
const ROUNDS = 60;
const UNITS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const MODEL = modbusModel([litres('a', 0), litres('b', 100)], { maxWords: 10 });

interface Asked {
  readonly unit: number;
  readonly at: number;
}

type Line = (
  treat: (request: Pick<RtuRequest, 'unit' | 'at'>) => RtuAnswer,
  clock: DrivenClock,
) => { readonly connection: ModbusConnection; readonly open: OpenTransport; readonly asked: Asked[] };

const settings = { id: 'line', timeoutMs: TIMEOUT_MS, pauseMs: 0 } as const;
const serial = {
  ...settings,
  kind: 'modbus-rtu',
  device: '/dev/ttyS0',
  baudRate: 9_600,
  parity: 'none',
  stopBits: 1,
} as const;

const rtu =
  (connection: ModbusConnection, characterMs: number): Line =>
  (treat, clock) => {
    const asked: Asked[] = [];
    const note = (request: RtuRequest): RtuAnswer => {
      asked.push({ unit: request.unit, at: request.at });
      return treat(request);
    };
    const bus = rtuBus(note, { clock, replyMs: REPLY_MS });
    const openStream = async () => {
      const [ours, theirs] = streamPair();
      bus.attach(theirs);
      return { stream: ours, close: () => void ours.destroy() };
    };
    return {
      connection,
      asked,
      open: modbusRtu(openStream, { place: 'line', timeoutMs: TIMEOUT_MS, characterMs, clock }),
    };
  };

/** Modbus TCP as a line sees it: a time-out, then another connection. */
const tcp: Line = (treat, clock) => {
  const asked: Asked[] = [];
  const open: OpenTransport = async () => ({
    isOpen: () => true,
    close: () => undefined,
    read: async ({ unit, fc, address, words }) => {
      asked.push({ unit, at: clock.now() });
      const silent = treat({ unit, at: clock.now() }) === 'swallow';
      await clock.sleep(silent ? TIMEOUT_MS : REPLY_MS);
      if (silent) return { ok: false, fault: { kind: 'timeout' } };
      return { ok: true, words: Array.from({ length: words }, (_, i) => wordOf(unit, fc, address + i)) };
    },
  });
  return { connection: { ...settings, kind: 'modbus-tcp', host: '10.0.0.1', port: 502 }, open, asked };
};

const LINES: readonly (readonly [string, Line, number])[] = [
  ['Modbus TCP', tcp, 1],
  ['RTU through a socket', rtu({ ...settings, kind: 'modbus-rtu-tcp', host: '10.0.0.1', port: 4_001 }, 0), 2],
  ['RTU on a serial port', rtu(serial, 1.05), 2],
];

async function run(
  line: Line,
  treat: (request: Pick<RtuRequest, 'unit' | 'at'>) => RtuAnswer,
  clock: DrivenClock,
  seed = 0.5,
) {
  const { connection, open, asked } = line(treat, clock);
  const start = clock.now();
  const context = recordingContext({ clock, random: () => seed });
  const devices = meters(...UNITS).map((device) => ({ ...device, intervalMs: INTERVAL_MS }));
  const collector = createModbusCollector(connection, devices, new Map([[MODEL.id, MODEL]]), context, { open });
  const stop = new AbortController();
  let ended = false;
  void collector.run(stop.signal).then(() => {
    ended = true;
  });
  await clock.runUntil(() => clock.now() >= start + ROUNDS * INTERVAL_MS);
  stop.abort();
  await clock.runUntil(() => ended);
  return { context, asked, start, collector };
}

/** Intervals, counted from the start, in which a device was read whole. */
const roundsOf = (context: RecordingContext, start: number, unit: number): ReadonlySet<number> =>
  new Set(
    framesOf(context, `m${unit}`)
      .filter(({ r }) => r.length === MODEL.registers.length)
      .map(({ at }) => Math.floor((at - start) / INTERVAL_MS)),
  );

const everyRound = new Set(Array.from({ length: ROUNDS }, (_, i) => i));

describe.each(LINES)('on %s', (_name, line, worth) => {
  test.each([0, 0.5, 0.99])(
    'four dead units of ten leave the other six every one of their points, and cost little (jitter %d)',
    async (jitter) => {
      const { context, asked, start, collector } = await run(
        line,
        ({ unit }) => (unit > 6 ? 'swallow' : 'answer'),
        drivenClock(),
        jitter,
      );
      for (const unit of UNITS.slice(0, 6)) expect(roundsOf(context, start, unit)).toEqual(everyRound);
      for (const unit of UNITS.slice(6)) {
        const times = asked.filter((request) => request.unit === unit).map(({ at }) => at);
        const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
        // one time-out, on RTU one silence more, then at least the shortest back-off
        expect(Math.min(...gaps)).toBeGreaterThanOrEqual(TIMEOUT_MS + 2_000);
        expect(times.length).toBeLessThanOrEqual(10);
      }
      // after the first round whoever is due waits for one dead unit at most: its time-out, on RTU a silence more; and for the others' reads
      const delays = UNITS.slice(0, 6).flatMap((unit) =>
        framesOf(context, `m${unit}`)
          .filter(({ at }) => at >= start + INTERVAL_MS)
          .map(({ at }) => (at - phaseOf(`m${unit}`, INTERVAL_MS)) % INTERVAL_MS),
      );
      expect(Math.max(...delays)).toBeLessThanOrEqual(worth * TIMEOUT_MS + 6 * 2 * (REPLY_MS + 15));
      expect(collector.health().reopened).toBeGreaterThan(10);
      expect(eventsOf(context, 'pollsSkipped')).toEqual([]);
    },
  );

  test('a bus that is held for 3 s loses nobody a round', async () => {
    const clock = drivenClock();
    const start = clock.now();
    const held = (at: number): boolean => [5, 17, 33].some((round) => isWithin(at - start - round * INTERVAL_MS));
    const isWithin = (ms: number): boolean => ms >= 200 && ms < 3_200;
    const { context } = await run(line, ({ at }) => (held(at) ? 'swallow' : 'answer'), clock);
    expect(eventsOf(context, 'requestFailed').length).toBeGreaterThanOrEqual(3);
    for (const unit of UNITS) expect(roundsOf(context, start, unit)).toEqual(everyRound);
  });
});
