import * as check from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerIn, frameSize, requestFrame, transactionOf } from '../../../collectors/modbus/mbap.ts';
import type { ReadRequest } from '../../../collectors/modbus/transport.ts';

const byte = check.integer({ min: 0, max: 255 });
const word = check.integer({ min: 0, max: 65_535 });
const request: check.Arbitrary<ReadRequest> = check.record({
  unit: byte,
  fc: check.constantFrom(3 as const, 4 as const),
  address: word,
  words: check.integer({ min: 1, max: 125 }),
});

/** Of which two often agree in a part. */
const similar: check.Arbitrary<ReadRequest> = check.record({
  unit: check.integer({ min: 0, max: 1 }),
  fc: check.constantFrom(3 as const, 4 as const),
  address: word,
  words: check.integer({ min: 1, max: 3 }),
});

function answerFrame(transaction: number, { unit, fc }: ReadRequest, words: readonly number[]): Buffer {
  const frame = Buffer.alloc(9 + 2 * words.length);
  frame.writeUInt16BE(transaction, 0);
  frame.writeUInt16BE(3 + 2 * words.length, 4);
  frame.set([unit, fc, 2 * words.length], 6);
  words.forEach((value, i) => frame.writeUInt16BE(value, 9 + 2 * i));
  return frame;
}

describe('a request', () => {
  test('stands on the wire as the specification has it', () => {
    const frame = requestFrame(0x1234, { unit: 7, fc: 3, address: 0x016b, words: 3 });
    expect([...frame]).toEqual([0x12, 0x34, 0, 0, 0, 6, 7, 3, 0x01, 0x6b, 0, 3]);
  });
});

describe('an answer', () => {
  test('gives its words, whatever they are', () => {
    check.assert(
      check.property(
        request.chain((asked) =>
          check.tuple(check.constant(asked), check.array(word, { minLength: asked.words, maxLength: asked.words })),
        ),
        word,
        ([asked, words], transaction) => {
          const frame = answerFrame(transaction, asked, words);
          expect(frameSize(frame)).toBe(frame.length);
          expect(transactionOf(frame)).toBe(transaction);
          expect(answerIn(frame, asked)).toEqual({ ok: true, words });
        },
      ),
    );
  });

  test('to another request gives no words: other unit, other function, other number of words', () => {
    check.assert(
      check.property(similar, similar, (asked, other) => {
        const result = answerIn(answerFrame(1, other, Array<number>(other.words).fill(7)), asked);
        const isSame = other.unit === asked.unit && other.fc === asked.fc && other.words === asked.words;
        expect(result.ok).toBe(isSame);
      }),
    );
  });

  test('whose byte count says something else than its length gives no words', () => {
    check.assert(
      check.property(request, byte, (asked, count) => {
        check.pre(count !== 2 * asked.words);
        const frame = answerFrame(1, asked, Array<number>(asked.words).fill(7));
        frame[8] = count;
        expect(answerIn(frame, asked)).toMatchObject({ ok: false, fault: { kind: 'framing' } });
      }),
    );
  });

  test('is an exception only at the length of one', () => {
    const asked: ReadRequest = { unit: 7, fc: 3, address: 0, words: 2 };
    const exception = Buffer.from([0, 1, 0, 0, 0, 3, 7, 0x83, 2]);
    expect(answerIn(exception, asked)).toEqual({ ok: false, fault: { kind: 'exception', code: 2 } });
    const longer = Buffer.from([0, 1, 0, 0, 0, 4, 7, 0x83, 2, 0]);
    expect(answerIn(longer, asked)).toMatchObject({ fault: { kind: 'framing' } });
    // of the other reading function: nobody asked for that
    expect(answerIn(exception, { ...asked, fc: 4 })).toMatchObject({ fault: { kind: 'framing' } });
  });
});

describe('the size of a frame', () => {
  test('is known from six bytes on', () => {
    const frame = answerFrame(1, { unit: 1, fc: 3, address: 0, words: 2 }, [1, 2]);
    for (let came = 0; came < 6; came++) expect(frameSize(frame.subarray(0, came))).toBeUndefined();
    expect(frameSize(frame.subarray(0, 6))).toBe(frame.length);
  });

  test('is none where protocol or length are impossible', () => {
    check.assert(
      check.property(word, word, (protocol, length) => {
        const head = Buffer.alloc(6);
        head.writeUInt16BE(protocol, 2);
        head.writeUInt16BE(length, 4);
        const isPossible = protocol === 0 && length >= 3 && length <= 254;
        const size = frameSize(head);
        expect(size).toEqual(isPossible ? 6 + length : String(size));
      }),
    );
  });
});
