import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  characterMs,
  exchangeMs,
  type SerialLine,
  silenceMs,
  wireMs,
} from '../../../collectors/commissioning/timing.ts';

const baud = fc.constantFrom(300, 1_200, 2_400, 9_600, 19_200, 38_400, 115_200);
const parity = fc.constantFrom<SerialLine['parity']>('none', 'even', 'odd');
const serial: fc.Arbitrary<SerialLine> = fc.record({
  baudRate: baud,
  parity,
  stopBits: fc.constantFrom<1 | 2>(1, 2),
});
const words = fc.integer({ min: 1, max: 125 });

describe('the time on a serial line', () => {
  test('is that of its characters: 8N1 has ten bits, 8E1 and 8N2 have eleven', () => {
    expect(characterMs({ baudRate: 9_600, parity: 'none', stopBits: 1 })).toBeCloseTo(1.0417, 4);
    expect(characterMs({ baudRate: 19_200, parity: 'even', stopBits: 1 })).toBeCloseTo(0.5729, 4);
    expect(characterMs({ baudRate: 9_600, parity: 'none', stopBits: 2 })).toBeCloseTo(1.1458, 4);
  });

  test('of one read by hand: 10 words at 9600 8N1 are 8 + 25 characters, a silence, the turnaround and the pause', () => {
    const line: SerialLine = { baudRate: 9_600, parity: 'none', stopBits: 1 };
    const pace = { serial: line, turnaroundMs: 50, roundTripMs: 0, pauseMs: 20 };
    expect(exchangeMs(pace, 10)).toBeCloseTo((33 + 3.5) * (10_000 / 9_600) + 50 + 20, 6);
  });

  test('has a silence of 3.5 characters, and of 1.75 ms above 19200 baud', () => {
    fc.assert(
      fc.property(serial, (line) => {
        const expected = line.baudRate > 19_200 ? 1.75 : 3.5 * characterMs(line);
        expect(silenceMs(line)).toBeCloseTo(expected, 9);
      }),
    );
  });

  test('grows by two characters a word, and halves where the speed doubles', () => {
    fc.assert(
      fc.property(serial, words, (line, count) => {
        expect(wireMs(line, count + 1) - wireMs(line, count)).toBeCloseTo(2 * characterMs(line), 9);
        expect(wireMs({ ...line, baudRate: 2 * line.baudRate }, count)).toBeCloseTo(wireMs(line, count) / 2, 9);
      }),
    );
  });

  test('is never longer without parity, and a measured reply takes the place of what is computed', () => {
    fc.assert(
      fc.property(
        serial,
        words,
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 1, max: 5_000 }),
        (line, count, pauseMs, replyMs) => {
          const pace = { turnaroundMs: 50, roundTripMs: 20, pauseMs };
          const plain = exchangeMs({ ...pace, serial: { ...line, parity: 'none' } }, count);
          expect(plain).toBeLessThanOrEqual(exchangeMs({ ...pace, serial: line }, count));
          expect(exchangeMs({ ...pace, serial: line, replyMs }, count)).toBeCloseTo(
            Math.max(pauseMs, silenceMs(line)) + replyMs,
            9,
          );
        },
      ),
    );
  });
});
