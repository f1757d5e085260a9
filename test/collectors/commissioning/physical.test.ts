import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hexOf, physicalOf } from '../../../collectors/commissioning/physical.ts';
import type { ModelRegister } from '../../../collectors/contract.ts';
import { resolveRegister } from '../../../collectors/devices/index.ts';

const register = (changes: Partial<ModelRegister>): ModelRegister => ({
  name: 'r',
  quantity: 'q',
  kind: 'counter',
  carrier: 'electricity',
  unit: 'kWh',
  scale: '1',
  ...changes,
});
const said = (face: number, changes: Partial<ModelRegister>): string => {
  const one = register(changes);
  const { value, unit } = physicalOf(face, one, resolveRegister(one));
  return `${value} ${unit}`;
};

test('a face is said as people read it: exact, in the unit of its carrier or gauge', () => {
  expect(said(84_210_500, {})).toBe('84210.5 kWh');
  expect(said(1, { carrier: 'water', unit: 'L' })).toBe('0.001 m³');
  expect(said(41_250_000, { kind: 'gauge', carrier: undefined, unit: 'kW', scale: '0.1' })).toBe('41.25 kW');
  expect(said(-5_500, { kind: 'gauge', carrier: undefined, unit: 'degC' })).toBe('-5.5 degC');
  expect(said(42, { carrier: undefined, unit: 'pulse' })).toBe('42 pulse');
});

test('every whole watt-hour comes back from its decimal', () => {
  fc.assert(
    fc.property(fc.nat(), (wh) => {
      const [whole = '', fraction = ''] = said(wh, {}).replace(' kWh', '').split('.');
      expect(Number(whole) * 1_000 + Number(fraction.padEnd(3, '0'))).toBe(wh);
    }),
  );
});

test('words are said as they came over the wire', () =>
  expect(hexOf([0, 188, 65_535])).toEqual(['0000', '00bc', 'ffff']));
