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

test('a decoder finds each register at its place in the reply', () => {
  const [a, b] = [
    register('u32', 'ABCD', { name: 'a', address: 100 }),
    register('u16', 'AB', { name: 'b', address: 105 }),
  ];
  const read = { fc: 3, address: 100, words: 6, registers: [a, b] } as const;
  const decoded = createDecoder([a, b])(read, [0, 7, 0xdead, 0xdead, 0xdead, 9]);
  expect(decoded.map((d) => [d.register.name, d.result])).toEqual([
    ['a', { ok: true, value: 7 }],
    ['b', { ok: true, value: 9 }],
  ]);
});
