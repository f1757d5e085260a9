import { describe, expect, it } from 'vitest';
import { type Mounting, ONE, rational, type Registry } from '#domain';
import { shownBy } from '../../../api/http/face.ts';
import type { LiveAnswer } from '../../../pipeline/answers.ts';
import { fakeRegistry } from '../../support/fake-registry.ts';

const state = (device: string, register: string, unit: string, value: number | null): LiveAnswer => ({
  device,
  register,
  kind: register.startsWith('p') ? 'gauge' : 'counter',
  point: null,
  serial: null,
  carrier: null,
  unit,
  value,
  at: null,
  state: 'live',
});

/** A pulse counter of the canteen's gas, 100 L a pulse, and a heat meter that counts tenths of a kWh. */
const pulses: Registry = {
  ...fakeRegistry,
  devices: [
    {
      id: 'pulses',
      model: 'example',
      intervalMs: 60_000,
      registers: [
        { name: 'c0', kind: 'counter', unit: 'count', scale: ONE },
        { name: 'c1', kind: 'counter', unit: 'count', scale: ONE },
      ],
    },
    {
      id: 'heat',
      model: 'example',
      intervalMs: 60_000,
      registers: [{ name: 'h1', kind: 'counter', carrier: 'heat', unit: 'count', scale: rational(1_000, 3) }],
    },
  ],
  mountings: [
    mounted('g-canteen', 'c0', ONE, 1),
    mounted('w-tower', 'c0', rational(10), 2),
    mounted('g-canteen', 'c0', rational(100), 3),
  ],
};

function mounted(point: string, register: string, scale: Mounting['scale'], mountedAt: number): Mounting {
  return { id: `${point}/x`, point, serial: 'x', device: 'pulses', register, multiplier: ONE, scale, mountedAt };
}

describe('a live value', () => {
  it.each([
    ['dev-p-hall', 'e1', 'Wh', 1_234_567, '1234.567', 'kWh'],
    ['dev-h-hall', 'q1', 'kJ', 48_319_057, '48.319057', 'GJ'],
    ['dev-p-hall', 'p1', 'mW', 2_050_000, '2.05', 'kW'],
    ['dev-p-hall', 'p9', 'mV', 229_200, '229.2', 'V'],
    ['dev-p-hall', 'p8', 'm°C', -5_250, '-5.25', '°C'],
    ['dev-p-hall', 'e1', 'Wh', null, null, 'kWh'],
  ])('of %s/%s in %s is shown as people read it', (device, register, unit, value, display, displayUnit) => {
    expect(shownBy(fakeRegistry)(state(device, register, unit, value))).toMatchObject({ display, displayUnit });
  });

  it('of a pulse counter takes carrier and scale from the meter mounted last', () => {
    expect(shownBy(pulses)(state('pulses', 'c0', 'count', 20_228))).toMatchObject({
      carrier: 'natural-gas',
      display: '2022.8',
      displayUnit: 'm³',
    });
  });

  it('of a counter that nobody mounted stays a count', () => {
    expect(shownBy(pulses)(state('pulses', 'c1', 'count', 7))).toMatchObject({ display: '7', displayUnit: 'count' });
  });

  it('that is no whole number of base units is rounded down', () => {
    expect(shownBy(pulses)(state('heat', 'h1', 'count', 2))).toMatchObject({ display: '0.000666', displayUnit: 'GJ' });
  });
});
