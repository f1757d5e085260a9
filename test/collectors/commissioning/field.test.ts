import { afterEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '#platform';
import { largestRequest, timeReplies } from '../../../collectors/commissioning/pace.ts';
import { readModbusDevice } from '../../../collectors/commissioning/read-device.ts';
import { parseUnits, rangesOf, scanUnits, type UnitAnswer } from '../../../collectors/commissioning/scan.ts';
import { type LineSession, lineSession } from '../../../collectors/commissioning/session.ts';
import { openTransportOf } from '../../../collectors/modbus/lines.ts';
import type { OpenTransport, ReadFault } from '../../../collectors/modbus/transport.ts';
import { lineTo, litres, modbusModel } from '../../support/modbus-model.ts';
import {
  type Answer,
  type FieldServer,
  startFieldServer,
  type WireRequest,
  wordOf,
} from '../../support/modbus-server.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function field(treat: (request: WireRequest) => Answer): Promise<FieldServer> {
  const server = await startFieldServer(treat);
  ends.push(server.close);
  return server;
}

function session(server: FieldServer, signal = new AbortController().signal): LineSession {
  const surroundings = { clock: systemClock, stopwatch: () => performance.now(), signal };
  const opened = lineSession(openTransportOf(lineTo(server), systemClock), 0, surroundings);
  ends.push(opened.close);
  return opened;
}

const going = (): boolean => false;
const ignore = (): void => undefined;
const place = { unit: 1, fc: 3, address: 0, words: 1 } as const;

describe('a device that is read now', () => {
  const model = modbusModel([litres('a', 0), litres('b', 1), litres('c', 2), litres('far', 300)]);

  test('gives every value with its words, in the unit that people read', async () => {
    const server = await field(() => 'answer');
    const { values, failure } = await readModbusDevice(session(server).ask, 5, model, () => 1_000);
    expect(failure).toBeUndefined();
    expect(values.map(({ register }) => register)).toEqual(['a', 'b', 'c', 'far']);
    const raw = wordOf(5, 3, 0);
    expect(values[0]).toMatchObject({
      value: String(raw / 1_000),
      unit: 'm³',
      quality: 'good',
      reason: null,
      words: [raw.toString(16).padStart(4, '0')],
      at: 1_000,
    });
  });

  test('is split where it refuses a range, and says which register it refuses', async () => {
    const server = await field(({ address, words }) =>
      address <= 1 && address + words > 1 ? { exception: 2 } : 'answer',
    );
    const { values } = await readModbusDevice(session(server).ask, 1, model, () => 0);
    expect(values.map(({ register, quality, reason }) => [register, quality, reason])).toEqual([
      ['a', 'good', null],
      ['b', 'absent', 'exception-2'],
      ['c', 'good', null],
      ['far', 'good', null],
    ]);
  });

  test('that fails to read one range is read in the others, as its collector does', async () => {
    const server = await field(({ address }) => (address === 300 ? 'answer' : { exception: 4 }));
    const { values, failure } = await readModbusDevice(session(server).ask, 5, model, () => 1_000);
    expect(values.map(({ register, reason }) => `${register} ${reason}`)).toEqual([
      'a exception-4',
      'b exception-4',
      'c exception-4',
      'far null',
    ]);
    expect(failure).toBeUndefined();
  });

  test('that falls silent is not waited for again: the rest was not asked', async () => {
    const server = await field(() => 'swallow');
    const { values, failure } = await readModbusDevice(session(server).ask, 1, model, () => 0);
    expect(failure).toEqual({ kind: 'timeout' });
    expect(values.map(({ reason }) => reason)).toEqual(['timeout', 'timeout', 'timeout', 'not-asked']);
    expect(server.requests).toHaveLength(1);
  });
});

describe('a scan of units', () => {
  test('tells what answers, what refuses, what is silent, what is garbled, and goes on after each', async () => {
    const kinds: Readonly<Record<number, Answer>> = {
      2: 'swallow',
      3: { exception: 2 },
      4: { exception: 11 },
      5: 'other-function',
      7: 'close',
    };
    const server = await field(({ unit }) => kinds[unit] ?? 'answer');
    const seen: number[] = [];
    const found = await scanUnits(
      session(server).ask,
      parseUnits('1-8', '--units', true),
      { fc: 3, address: 0 },
      going,
      (done) => seen.push(done),
    );
    expect(found.map(({ unit, answer, exception }) => [unit, answer, exception])).toEqual([
      [1, 'answers', null],
      [2, 'silent', null],
      [3, 'refuses', 2],
      [4, 'silent', 11],
      [5, 'garbled', null],
      [6, 'answers', null],
      [7, 'hung-up', null],
      [8, 'answers', null],
    ]);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('that is stopped keeps what was found, and says nothing of the unit it was waiting for', async () => {
    const ending = new AbortController();
    const server = await field(({ unit }) => {
      if (unit < 4) return 'answer';
      ending.abort(new Error('Ctrl-C'));
      return 'swallow';
    });
    const line = session(server, ending.signal);
    const found = await scanUnits(
      line.ask,
      [1, 2, 3, 4, 5],
      { fc: 3, address: 0 },
      () => ending.signal.aborted,
      ignore,
    );
    expect(found.map(({ unit }: UnitAnswer) => unit)).toEqual([1, 2, 3]);
    expect(server.requests.map(({ unit }) => unit)).toEqual([1, 2, 3, 4]);
  });

  test('takes its units as people write them', () => {
    expect(parseUnits('7-9,1, 3', '--units', true)).toEqual([1, 3, 7, 8, 9]);
    expect(parseUnits('0,255', '--units', true)).toEqual([0, 255]);
    for (const wrong of ['', '1-', '9-7', '248', '1-300', 'x']) {
      expect(() => parseUnits(wrong, '--units', true), wrong).toThrow(/is no unit/);
    }
    expect(() => parseUnits('0', '--units', false)).toThrow(/is no unit/);
    expect(rangesOf([1, 2, 3, 7, 9, 10])).toBe('1–3, 7, 9–10');
  });
});

describe('the pace of a unit', () => {
  test('has a shortest, a median and a longest reply, and counts what was not answered', async () => {
    const server = await field(({ index }) => (index === 3 ? 'swallow' : { lateMs: 10 * (index % 3), on: 'same' }));
    const timing = await timeReplies(session(server).ask, place, 9, going, ignore);
    expect(timing).toMatchObject({ requests: 9, answered: 8, failures: { timeout: 1 } });
    const [min = 0, median = 0, max = 0] = [timing.minMs, timing.medianMs, timing.maxMs].map(Number);
    expect(min).toBeLessThanOrEqual(median);
    expect(median).toBeLessThanOrEqual(max);
    expect(max).toBeGreaterThanOrEqual(19);
  });

  test.each([1, 20, 60, 124, 125])('finds the longest request of a unit that takes %i words', async (most) => {
    const server = await field(({ words }) => (words > most ? { exception: 3 } : 'answer'));
    const largest = await largestRequest(session(server).ask, place, going);
    expect(largest).toMatchObject({ words: most, beyond: most === 125 ? null : 'exception-3' });
    expect(largest.requests).toBeLessThanOrEqual(8);
  });

  test('asks for whole values only where a part of one is refused', async () => {
    const server = await field(({ words }) => (words % 4 !== 0 || words > 50 ? { exception: 2 } : 'answer'));
    const largest = await largestRequest(session(server).ask, { ...place, words: 4 }, going);
    expect(largest.words).toBe(48);
  });
});

test('a line that cannot be opened says so at once', async () => {
  const server = await field(() => 'answer');
  await server.close();
  await expect(session(server).ask(place)).rejects.toMatchObject({ code: 'LINE_NOT_OPEN' });
});

describe('a session on a line', () => {
  const faults: readonly ReadFault[] = [
    { kind: 'timeout' },
    { kind: 'framing', detail: 'cut' },
    { kind: 'foreign', unit: 7, detail: 'unit 7' },
    { kind: 'closed', detail: 'gone' },
    { kind: 'exception', code: 2 },
  ];

  test.each(faults)('closes the line after $kind, unless the device only said no', async (fault) => {
    const seen = { opened: 0, closed: 0 };
    const open: OpenTransport = async () => {
      seen.opened += 1;
      return {
        isOpen: () => true,
        read: async () => ({ ok: false, fault }),
        close: () => void (seen.closed += 1),
      };
    };
    const surroundings = { clock: systemClock, stopwatch: () => 0, signal: new AbortController().signal };
    const { ask } = lineSession(open, 0, surroundings);
    await ask(place);
    await ask(place);
    expect(seen).toEqual(fault.kind === 'exception' ? { opened: 1, closed: 0 } : { opened: 2, closed: 2 });
  });

  test('waits its pause between two requests, and measures from the sending', async () => {
    const slept: number[] = [];
    let now = 0;
    const clock: Clock = {
      now: () => now,
      sleep: async (ms) => {
        slept.push(ms);
        now += ms;
      },
    };
    const open: OpenTransport = async () => ({
      isOpen: () => true,
      read: async () => {
        now += 7;
        return { ok: true, words: [1] };
      },
      close: () => undefined,
    });
    const surroundings = { clock, stopwatch: () => now, signal: new AbortController().signal };
    const { ask } = lineSession(open, 30, surroundings);
    expect([(await ask(place)).ms, (await ask(place)).ms]).toEqual([7, 7]);
    expect(slept).toEqual([30]);
  });

  test('reads on after a request that was not answered', async () => {
    const server = await field(({ index }) => (index === 0 ? 'swallow' : 'answer'));
    const { ask } = session(server);
    expect((await ask(place)).result).toMatchObject({ fault: { kind: 'timeout' } });
    expect((await ask(place)).result).toEqual({ ok: true, words: [wordOf(1, 3, 0)] });
    expect(server.connections()).toBe(2);
  });
});
