import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Carrier,
  CARRIERS,
  decimalsOf,
  displayUnitOf,
  inUnit,
  isUnit,
  parseQuantity,
  toBaseUnits,
  unitFactor,
  unitsOf,
} from '../../../pipeline/domain/index.ts';

const invalid = (code: string) => expect.objectContaining({ code });

describe('quantities', () => {
  it('shown in the unit that people read, come back as the same integer', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CARRIERS), fc.maxSafeInteger(), (carrier, amount) => {
        const unit = displayUnitOf(carrier);
        const shown = inUnit(amount, unit, carrier);
        expect(toBaseUnits(shown, unit, carrier) + 0).toBe(amount);
        expect(shown).not.toMatch(/e|\.$|\.\d*0$/);
      }),
    );
  });

  it('are shown alike one by one and many at once, in every unit, by padding digits to the left and cutting zeros off the right', () => {
    const padded = (amount: number, unit: string, carrier: Carrier): string => {
      const { num } = unitFactor(unit, carrier);
      const digits = String(num).length - 1;
      if (num !== 10 ** digits) return String(amount / num);
      if (digits === 0) return String(amount);
      const text = String(Math.abs(amount)).padStart(digits + 1, '0');
      const fraction = text.slice(-digits).replace(/0+$/, '');
      return (amount < 0 ? '-' : '') + text.slice(0, -digits) + (fraction ? `.${fraction}` : '');
    };
    const amountArb = fc.oneof(
      fc.maxSafeInteger(),
      fc.integer({ min: -3_000, max: 3_000 }),
      fc.integer({ min: -900, max: 900 }).map((n) => n * 10_000),
      fc.constant(-0),
    );
    for (const carrier of CARRIERS) {
      for (const unit of unitsOf(carrier)) {
        const shown = decimalsOf(unit, carrier);
        fc.assert(
          fc.property(amountArb, (amount) => {
            expect(shown(amount)).toBe(padded(amount, unit, carrier));
            expect(inUnit(amount, unit, carrier)).toBe(shown(amount));
          }),
        );
      }
    }
  });

  it('are exact: no digit of the decimal is lost on the way', () => {
    expect(toBaseUnits('9007199254740.991', 'kWh', 'electricity')).toBe(2 ** 53 - 1);
    expect(toBaseUnits('0.1', 'm3', 'water') + toBaseUnits('0.2', 'm3', 'water')).toBe(
      toBaseUnits('0.3', 'm3', 'water'),
    );
    expect(parseQuantity('1,234.5 kWh', 'electricity')).toBe(1_234_500);
    expect(parseQuantity('12 345度', 'electricity')).toBe(12_345_000);
    expect(parseQuantity('1.5e3 m³', 'water')).toBe(1_500_000);
    expect(parseQuantity('2 kWh', 'heat')).toBe(7_200);
    expect(parseQuantity('-0.5万千瓦时', 'electricity')).toBe(-5_000_000);
    expect(inUnit(-1_050, 'kWh', 'electricity')).toBe('-1.05');
    expect(inUnit(0, 'm³', 'water')).toBe('0');
  });

  it('finer than the base unit are refused, or rounded half up where that is asked for', () => {
    expect(() => toBaseUnits('1.0005', 'kWh', 'electricity')).toThrow(invalid('QUANTITY_INVALID'));
    expect(toBaseUnits('1.0005', 'kWh', 'electricity', true)).toBe(1_001);
    expect(toBaseUnits('1.00049', 'kWh', 'electricity', true)).toBe(1_000);
  });

  it('that are no numbers, have no unit, or are too large, are refused', () => {
    for (const bad of [
      '',
      'x',
      '1.2.3',
      '1,23',
      '1234,567',
      '0,123',
      '1,234,56',
      '--1',
      '0x10',
      'NaN',
      'Infinity',
      '1e',
    ])
      expect(() => toBaseUnits(bad, 'kWh', 'electricity'), bad).toThrow(invalid('QUANTITY_INVALID'));
    expect(() => toBaseUnits('1e40', 'kWh', 'electricity')).toThrow(invalid('QUANTITY_INVALID'));
    expect(() => parseQuantity('12', 'water')).toThrow(invalid('QUANTITY_INVALID'));
    for (const unit of ['', 'kg', 'constructor', '__proto__', 'toString'])
      expect(() => unitFactor(unit, 'electricity'), unit).toThrow(invalid('UNIT_UNKNOWN'));
    expect(unitFactor(' KWH ', 'electricity')).toEqual(unitFactor('kWh', 'electricity'));
  });

  it.each([
    ['kW·h', 'electricity', 'kWh'],
    ['kW⋅h', 'electricity', 'kWh'],
    ['kW.h', 'electricity', 'kWh'],
    ['ｋＷｈ', 'electricity', 'kWh'],
    ['兆瓦时', 'electricity', 'MWh'],
    ['千瓦时', 'heat', 'kWh'],
    ['㎥', 'water', 'm3'],
    ['m^3', 'natural-gas', 'm3'],
    ['立方', 'natural-gas', 'm3'],
    ['方', 'water', 'm3'],
  ] as const)('%s of %s is %s', (written, carrier, unit) => {
    expect(unitFactor(written, carrier)).toEqual(unitFactor(unit, carrier));
    expect(isUnit(written)).toBe(true);
  });

  it('in full-width digits are the same numbers', () => {
    expect(toBaseUnits('１２３４．５', 'kWh', 'electricity')).toBe(1_234_500);
    expect(toBaseUnits('1，234', 'kWh', 'electricity')).toBe(1_234_000);
  });

  it('are tonnes of water and never of gas, whose tonne is no cubic metre', () => {
    expect(parseQuantity('12 吨', 'water')).toBe(12_000);
    for (const unit of ['t', 'T', '吨']) {
      expect(() => unitFactor(unit, 'natural-gas'), unit).toThrow(invalid('UNIT_UNKNOWN'));
      expect(unitsOf('natural-gas')).not.toContain(unit);
    }
  });

  it('every unit of every carrier has a factor of its own carrier', () => {
    for (const carrier of CARRIERS)
      for (const unit of unitsOf(carrier)) expect(toBaseUnits('1', unit, carrier)).toBe(unitFactor(unit, carrier).num);
  });
});
