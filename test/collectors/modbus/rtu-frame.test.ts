import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crcOf, framesIn, judge, requestFrame } from '../../../collectors/modbus/rtu-frame.ts';
import type { ReadRequest } from '../../../collectors/modbus/transport.ts';
import { rtuException, rtuReply } from '../../support/modbus-rtu-bus.ts';

const request = fc.record({
  unit: fc.integer({ min: 1, max: 247 }),
  fc: fc.constantFrom<3 | 4>(3, 4),
  address: fc.integer({ min: 0, max: 0xffff }),
  words: fc.integer({ min: 1, max: 125 }),
});
const word = fc.integer({ min: 0, max: 0xffff });
/** A request and the words that answer it. */
const exchange = request.chain((asked) =>
  fc.record({
    asked: fc.constant(asked),
    words: fc.array(word, { minLength: asked.words, maxLength: asked.words }),
  }),
);
const replyWith = (asked: ReadRequest, words: readonly number[]): Buffer =>
  rtuReply({ ...asked, address: 0 }, (_unit, _fc, at) => words[at] ?? 0);
const heard = (bytes: Buffer, asked: ReadRequest) => judge(bytes, asked, requestFrame(asked));

test('the CRC is that of the specification (MODBUS over Serial Line V1.02, 6.2.2)', () => {
  expect(crcOf(Buffer.from([0x02, 0x07]))).toBe(0x1241);
  expect(requestFrame({ unit: 1, fc: 3, address: 0, words: 10 }).toString('hex')).toBe('01030000000ac5cd');
});

describe('what was heard', () => {
  test('is the answer, after an echo and amid idle bytes as well', () => {
    fc.assert(
      fc.property(
        exchange,
        fc.boolean(),
        fc.array(fc.constantFrom(0, 255), { maxLength: 3 }),
        ({ asked, words }, echo, idle) => {
          const reply = replyWith(asked, words);
          const bytes = Buffer.concat([
            ...(echo ? [requestFrame(asked)] : []),
            Buffer.from(idle),
            reply,
            Buffer.from(idle),
          ]);
          expect(heard(bytes, asked)).toEqual({ kind: 'words', words });
        },
      ),
    );
  });

  test('is not yet the answer while a part of it is missing', () => {
    fc.assert(
      fc.property(
        exchange,
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        ({ asked, words }, share) => {
          const reply = replyWith(asked, words);
          const cut = reply.subarray(0, Math.floor(share * reply.length));
          expect(['nothing', 'part']).toContain(heard(cut, asked).kind);
        },
      ),
    );
  });

  test('gives no words where any one byte of it was changed', () => {
    fc.assert(
      fc.property(exchange, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ asked, words }, where, change) => {
        const reply = replyWith(asked, words);
        const at = where % reply.length;
        reply.writeUInt8(reply.readUInt8(at) ^ change, at);
        expect(heard(reply, asked).kind).not.toBe('words');
      }),
    );
  });

  test('gives no words where it answers another unit, another function or another number of words, or where more follows', () => {
    fc.assert(
      fc.property(exchange, request, ({ asked, words }, other) => {
        fc.pre(other.unit !== asked.unit || other.fc !== asked.fc || other.words !== asked.words);
        const foreign = replyWith(other, words);
        expect(heard(foreign, asked).kind).not.toBe('words');
        expect(heard(Buffer.concat([replyWith(asked, words), foreign]), asked).kind).not.toBe('words');
      }),
    );
  });

  test('of another unit names that unit', () => {
    fc.assert(
      fc.property(exchange, request, ({ asked, words }, other) => {
        fc.pre(other.unit !== asked.unit);
        expect(heard(replyWith(other, words), asked)).toMatchObject({ kind: 'foreign', unit: other.unit });
        expect(heard(rtuException(other.unit, other.fc, 2), asked)).toMatchObject({
          kind: 'foreign',
          unit: other.unit,
        });
      }),
    );
  });
});

test('the frames of others are found wherever they begin', () => {
  const other = { unit: 9, fc: 4, address: 3, words: 2 } as const;
  const bytes = Buffer.concat([
    Buffer.from([0x55, 0x13]),
    rtuReply(other),
    requestFrame(other),
    rtuException(12, 3, 2),
  ]);
  expect(framesIn(bytes)).toEqual([
    { unit: 9, fc: 4, words: 2 },
    { unit: 9, fc: 4 },
    { unit: 12, fc: 0x83 },
  ]);
});
