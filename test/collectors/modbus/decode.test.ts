import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ModbusRegister, WORD_ORDERS, type WordOrder, type WordType } from '../../../collectors/contract.ts';
import { WORDS_OF, wordsOfOrder } from '../../../collectors/devices/index.ts';
import { createDecoder, decoderOf } from '../../../collectors/modbus/decode.ts';

const register = (type: WordType, order: WordOrder, more: Partial<ModbusRegister> = {}): ModbusRegister => ({
  name: 'x',
  quantity: 'energy.import.total',
  kind: 'counter',
  carrier: 'electricity',
  unit: 'Wh',
  scale: '1',
  fc: 3,
  address: 0,
  type,
  order,
  ...more,
});

/** Words of big-endian bytes, laid out as the order says: an encoder of its own. */
const laidOut = (bytes: Uint8Array, order: WordOrder): number[] => {
  const wire = Array.from(order, (letter) => bytes['ABCDEFGH'.indexOf(letter)] ?? 0);
  return Array.from({ length: wire.length / 2 }, (_, i) => ((wire[2 * i] ?? 0) << 8) | (wire[2 * i + 1] ?? 0));
};

const bytesOf = (write: (view: DataView) => void, length: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(length));
  write(view);
  return new Uint8Array(view.buffer);
};

const ordersFor = (words: number): fc.Arbitrary<WordOrder> =>
  fc.constantFrom(...WORD_ORDERS.filter((order) => wordsOfOrder(order) === words));

describe('integers come back exactly in every order', () => {
  test.each([
    ['u16', 0, 65_535],
    ['u32', 0, 4_294_967_295],
    ['u64', 0, Number.MAX_SAFE_INTEGER],
    ['i64', 0, Number.MAX_SAFE_INTEGER],
  ] as const)('%s', (type, min, max) => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger().map((n) => min + (Math.abs(n) % (max - min + 1))),
        ordersFor(WORDS_OF[type]),
        (n, order) => {
          const bytes = bytesOf((view) => {
            if (type === 'u16') view.setUint16(0, n);
            else if (type === 'u32') view.setUint32(0, n);
            else view.setBigUint64(0, BigInt(n));
          }, WORDS_OF[type] * 2);
          expect(decoderOf(register(type, order))(laidOut(bytes, order), 0)).toEqual({ ok: true, value: n });
        },
      ),
    );
  });

  test('negative gauges keep their sign', () => {
    const gauge = { kind: 'gauge', unit: 'W', carrier: undefined } as const;
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), ordersFor(2), (n, order) => {
        const words = laidOut(
          bytesOf((view) => view.setInt32(0, n), 4),
          order,
        );
        expect(decoderOf(register('i32', order, gauge))(words, 0)).toEqual({ ok: true, value: n * 1_000 });
      }),
    );
    expect(decoderOf(register('i16', 'BA', gauge))([0xfeff], 0)).toEqual({ ok: true, value: -2_000 });
    expect(decoderOf(register('i16', 'AB', gauge))([0xfffe], 0)).toEqual({ ok: true, value: -2_000 });
  });
});

describe('floats', () => {
  const words = (value: number): number[] =>
    laidOut(
      bytesOf((view) => view.setFloat64(0, value), 8),
      'ABCDEFGH',
    );
  const decode = decoderOf(register('f64', 'ABCDEFGH'));

  test('are rounded half up to base units', () => {
    expect(decode(words(12.5), 0)).toEqual({ ok: true, value: 13 });
    expect(decode(words(12.49), 0)).toEqual({ ok: true, value: 12 });
  });

  test('a decreasing or growing double never goes the other way as an integer', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e12, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (a, d) => {
          const [x, y] = [decode(words(a), 0), decode(words(a + d), 0)];
          if (!x.ok || !y.ok) throw new Error('refused');
          expect(y.value).toBeGreaterThanOrEqual(x.value);
          expect(Math.abs(x.value - a)).toBeLessThanOrEqual(0.5);
        },
      ),
    );
  });

  test.each([[NaN], [Infinity], [-Infinity]])('%s is no value, not zero', (value) => {
    expect(decode(words(value), 0)).toEqual({ ok: false, reason: 'not-finite' });
  });

  test('what no safe integer holds is refused', () => {
    expect(decode(words(1e16), 0)).toEqual({ ok: false, reason: 'not-safe-integer' });
  });
});

describe('a value that cannot be trusted', () => {
  test('more than 2^53 in 64 bits is refused, never rounded', () => {
    const decode = decoderOf(register('u64', 'ABCDEFGH'));
    expect(decode([0x0020, 0, 0, 0], 0)).toEqual({ ok: false, reason: 'not-safe-integer' });
    expect(decode([0x001f, 0xffff, 0xffff, 0xffff], 0)).toEqual({ ok: true, value: Number.MAX_SAFE_INTEGER });
    expect(decode([0xffff, 0xffff, 0xffff, 0xffff], 0)).toEqual({ ok: false, reason: 'not-safe-integer' });
  });

  test('a marker is no value', () => {
    const decode = decoderOf(register('i32', 'ABCD', { markers: [0x7fffffff] }));
    expect(decode([0x7fff, 0xffff], 0)).toEqual({ ok: false, reason: 'no-value-marker' });
  });

  test('a counter below zero or at its modulus is beyond the face', () => {
    expect(decoderOf(register('i64', 'ABCDEFGH'))([0xffff, 0xffff, 0xffff, 0xffff], 0)).toEqual({
      ok: false,
      reason: 'beyond-face',
    });
    const decode = decoderOf(register('u32', 'ABCD', { modulus: '1000' }));
    expect(decode([0, 999], 0)).toEqual({ ok: true, value: 999 });
    expect(decode([0, 1000], 0)).toEqual({ ok: false, reason: 'beyond-face' });
  });

  test('a reply that ends too soon is too short', () => {
    expect(decoderOf(register('u32', 'ABCD'))([1], 0)).toEqual({ ok: false, reason: 'too-short' });
    expect(decoderOf(register('u32', 'ABCD'))([1, 2], 1)).toEqual({ ok: false, reason: 'too-short' });
  });
});

describe('decimal digits, four a word', () => {
  const gauge = { kind: 'gauge', unit: 'W', scale: '0.001', carrier: undefined } as const;

  test.each([
    ['bcd4', 'AB', [0x1234], 1234],
    ['bcd8', 'ABCD', [0x0001, 0x2345], 12_345],
    ['bcd8', 'CDAB', [0x2345, 0x0001], 12_345],
    ['bcd12', 'ABCDEF', [0x9999, 0x9999, 0x9999], 999_999_999_999],
  ] as const)('%s %s', (type, order, words, value) => {
    expect(decoderOf(register(type, order, gauge))(words, 0)).toEqual({ ok: true, value });
  });

  test('a half-byte that is no digit makes no value', () => {
    expect(decoderOf(register('bcd4', 'AB', gauge))([0x12a4], 0)).toEqual({ ok: false, reason: 'not-bcd' });
    expect(decoderOf(register('bcd8', 'ABCD', gauge))([0xffff, 0xffff], 0)).toEqual({ ok: false, reason: 'not-bcd' });
  });
});

describe('a split total', () => {
  const fraction = { address: 12, type: 'f32', order: 'CDAB', carrier: 'water', unit: 'm3' } as const;
  const whole = { address: 10, type: 'i32', order: 'CDAB', times: 1 } as const;

  test('is the sum of its parts, which come in one reply', () => {
    const decode = decoderOf(register('f32', 'CDAB', { ...fraction, parts: [whole] }));
    // 123,456 m3 and 0.75 m3
    expect(decode([0xe240, 0x0001, 0x0000, 0x3f40], 0)).toEqual({ ok: true, value: 123_456_750 });
    expect(decode([0xe240, 0x0001, 0x0000], 0)).toEqual({ ok: false, reason: 'too-short' });
    expect(decode([0xe240, 0x0001, 0x0000, 0x7fc0], 0)).toEqual({ ok: false, reason: 'not-finite' });
  });

  test('of words that each count to 10,000 is exact', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9_999 }), { minLength: 3, maxLength: 3 }), (digits) => {
        const parts = [1, 2].map((i) => ({ address: i, type: 'u16', order: 'AB', times: 10_000 ** i }) as const);
        const expected = digits.reduceRight((sum, part) => sum * 10_000 + part, 0);
        expect(decoderOf(register('u16', 'AB', { parts }))(digits, 0)).toEqual({ ok: true, value: expected });
      }),
    );
  });

  test('one part of which is a marker or no digit has no value', () => {
    const parts = [{ address: 1, type: 'u16', order: 'AB', times: 10_000 }] as const;
    const marked = decoderOf(register('u16', 'AB', { parts, markers: [0xffff] }));
    expect(marked([7, 0xffff], 0)).toEqual({ ok: false, reason: 'no-value-marker' });
    expect(marked([7, 1], 0)).toEqual({ ok: true, value: 10_007 });
    const digits = decoderOf(register('u16', 'AB', { parts: [{ ...parts[0], type: 'bcd4' }] }));
    expect(digits([7, 0xabcd], 0)).toEqual({ ok: false, reason: 'not-bcd' });
  });
});

test('a decoder finds each register at its place in the reply', () => {
  const [a, b] = [
    register('u32', 'ABCD', { name: 'a', address: 100 }),
    register('u16', 'AB', { name: 'b', address: 105 }),
  ];
  const split = register('u16', 'AB', {
    name: 'c',
    address: 103,
    parts: [{ address: 102, type: 'u16', order: 'AB', times: 10_000 }],
  });
  const read = { fc: 3, address: 100, words: 6, registers: [a, split, b] } as const;
  const decoded = createDecoder([a, b, split])(read, [0, 7, 1, 2, 0xdead, 9]);
  expect(decoded.map((d) => [d.register.name, d.result])).toEqual([
    ['a', { ok: true, value: 7 }],
    ['c', { ok: true, value: 10_002 }],
    ['b', { ok: true, value: 9 }],
  ]);
});
