import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModbusRegister, ModelRegister, OpcUaRegister } from '../../../collectors/contract.ts';
import { faceValue, resolveRegister } from '../../../collectors/devices/index.ts';

const counter = (more: Partial<ModbusRegister>): ModbusRegister => ({
  name: 'x',
  quantity: 'energy.import.total',
  kind: 'counter',
  carrier: 'electricity',
  unit: 'kWh',
  scale: '1',
  fc: 3,
  address: 0,
  type: 'u32',
  order: 'ABCD',
  ...more,
});
const node = (more: Partial<OpcUaRegister>): OpcUaRegister => ({
  name: 'x',
  quantity: 'energy.import.total',
  kind: 'counter',
  carrier: 'electricity',
  unit: 'kWh',
  scale: '1',
  path: 'E',
  ...more,
});
const refused = (message: string) =>
  expect.objectContaining({ code: 'MODEL_REGISTER_INVALID', message: expect.stringContaining(message) });

describe('a counter', () => {
  test('of whole base units a count stands in base units', () => {
    expect(resolveRegister(counter({ scale: '0.01' }))).toEqual({
      name: 'x',
      kind: 'counter',
      carrier: 'electricity',
      unit: 'Wh',
      scale: { num: 1, den: 1 },
      toFace: { num: 10, den: 1 },
    });
  });

  test.each([
    ['1/800 kWh', counter({ scale: '1/800' }), { num: 5, den: 4 }],
    ['1 Wh of heat', counter({ carrier: 'heat', scale: '0.001' }), { num: 18, den: 5 }],
    ['0.1 Wh', counter({ unit: 'Wh', scale: '0.1' }), { num: 1, den: 10 }],
  ])('of %s a count stays in counts, with its scale', (_what, register, scale) => {
    expect(resolveRegister(register)).toMatchObject({ unit: 'count', scale, toFace: { num: 1, den: 1 } });
  });

  test('that is a float, or comes over OPC UA, is rounded to base units instead', () => {
    const float = resolveRegister(counter({ type: 'f32', carrier: 'heat', scale: '0.001' }));
    expect(float).toMatchObject({ unit: 'kJ', scale: { num: 1, den: 1 }, toFace: { num: 18, den: 5 } });
    expect(resolveRegister(node({ scale: '1/800' }))).toMatchObject({ unit: 'Wh', toFace: { num: 5, den: 4 } });
    expect(faceValue(3, float)).toEqual({ ok: true, value: 11 });
  });

  test('has its modulus in units of the face', () => {
    expect(resolveRegister(counter({ scale: '0.01', modulus: '1000000' })).modulus).toBe(1_000_000_000);
    expect(resolveRegister(counter({ scale: '1/800', modulus: '1000' })).modulus).toBe(800_000);
    expect(resolveRegister(counter({ carrier: 'heat', scale: '0.001', modulus: '1000' })).modulus).toBe(1_000_000);
  });

  test('without a stated modulus has none: the bound of its type is none', () => {
    expect(resolveRegister(counter({ type: 'u16', order: 'AB' }))).not.toHaveProperty('modulus');
  });

  test('of pulses stays a count of nothing yet: the site says what a pulse is worth', () => {
    const pulses = counter({ carrier: undefined, unit: 'pulse', modulus: '4294967296' });
    expect(resolveRegister(pulses)).toEqual({
      name: 'x',
      kind: 'counter',
      unit: 'count',
      scale: { num: 1, den: 1 },
      toFace: { num: 1, den: 1 },
      modulus: 2 ** 32,
    });
  });

  test('without carrier, with a foreign unit or a modulus between two counts is refused', () => {
    expect(() => resolveRegister(counter({ carrier: undefined }))).toThrow(refused('no carrier'));
    expect(() => resolveRegister(counter({ unit: 'm3' }))).toThrow(refused('not a unit of electricity'));
    expect(() => resolveRegister(counter({ scale: '1/800', modulus: '0.001' }))).toThrow(refused('modulus'));
  });
});

describe('a gauge', () => {
  const gauge = (unit: string, scale: string): ModelRegister => ({
    name: 'p',
    quantity: 'x',
    kind: 'gauge',
    unit,
    scale,
  });

  test.each([
    ['kW', '0.001', 1149, 'mW', 1_149_000],
    ['W', '1', -5, 'mW', -5_000],
    ['V', '0.1', 2304, 'mV', 230_400],
    ['degC', '0.01', -2150, 'm°C', -21_500],
    ['m3/h', '1', 3, 'L/h', 3_000],
    ['1', '0.001', 998, '0.001', 998],
  ])('in %s × %s counts thousandths of its plain unit', (unit, scale, raw, face, value) => {
    const register = resolveRegister(gauge(unit, scale));
    expect(register.unit).toBe(face);
    expect(faceValue(raw, register)).toEqual({ ok: true, value });
  });

  test('in an unknown unit is refused with the known ones', () => {
    expect(() => resolveRegister(gauge('furlong', '1'))).toThrow(
      expect.objectContaining({ cure: expect.stringContaining('kW') }),
    );
  });
});

describe('faceValue', () => {
  test('is exact for whole raw values, half up, whatever the ratio', () => {
    fc.assert(
      fc.property(
        // doubles are exact for the small ones, and not for the large
        fc.oneof(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })),
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 5_000 }),
        (raw, num, den) => {
          const register = {
            ...resolveRegister({ name: 'g', quantity: 'x', kind: 'gauge', unit: 'W', scale: '1' }),
            toFace: { num, den },
          };
          const result = faceValue(raw, register);
          if (!result.ok) throw new Error(result.reason);
          // value − ½ ≤ raw × num / den < value + ½
          const exact = 2n * BigInt(raw) * BigInt(num);
          const below = (2n * BigInt(result.value) - 1n) * BigInt(den);
          expect(exact >= below && exact < below + 2n * BigInt(den)).toBe(true);
          expect(Object.is(result.value, -0)).toBe(false);
        },
      ),
    );
  });
});
