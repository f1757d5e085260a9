import { describe, expect, it } from 'vitest';
import { BASE, check, codes, meter, models, point, problemsOf } from '../../support/sites.ts';

it('what is wrong is said in Chinese by the Chinese name of the carrier', () => {
  const water = `${BASE}  - { id: w, name: W, carrier: water, role: main, item: lighting-socket, meters: [{ serial: W, unit: m3 }] }\n`;
  const second = (carrier: string, rest: string): string =>
    `  - { id: q, name: Q, carrier: ${carrier}, role: sub, ${rest}, meters: [{ serial: Q, unit: m3 }] }\n`;
  const said = [
    meter('modulus: 1000000 kwhr'),
    water,
    water + second('natural-gas', 'parent: w'),
    `${water}  - { id: f, name: F, carrier: heat, role: formula, formula: w }\n`,
    water.replace('unit: m3', 'unit: m3, rating: { power: 5 kW }'),
    water.replace('unit: m3', 'unit: m3, rating: { current: 60 A, voltage: 220 V, phases: 3 }'),
    water.replace('unit: m3', 'device: d1, register: e1'),
  ].flatMap(problemsOf);
  const carriers = /electricity|water|natural-gas|heat/;
  expect(said.filter(({ wrong }) => carriers.test(wrong.en)).length).toBeGreaterThanOrEqual(6);
  expect(said.flatMap(({ wrong }) => (carriers.test(wrong.zh) ? [wrong.zh] : []))).toEqual([]);
});

describe('meters', () => {
  it.each([
    [
      'two points on one register at one time',
      `${meter('')}  - { id: q, name: Q, carrier: electricity, role: main, meters: [{ serial: B, device: d1, register: e1 }] }`,
      ['REGISTER_TWICE'],
    ],
    [
      'overlapping mountings',
      point('meters: [{ serial: A, device: d1, register: e1 }, { serial: B, device: d1, register: e2 }]'),
      ['MOUNTINGS_OVERLAP'],
    ],
    ['removal before mounting', meter('mounted: { at: 2025-02-01 }, removed: { at: 2025-01-01 }'), ['DATES_ORDER']],
    [
      'the same serial number twice',
      point(
        'meters: [{ serial: A, device: d1, register: e1, removed: { at: 2024-01-01 } }, { serial: A, device: d1, register: e1, mounted: { at: 2024-01-01 } }]',
      ),
      ['SERIAL_TWICE'],
    ],
    ['an unknown unit', meter('modulus: 1000000 kwhr'), ['UNIT_UNKNOWN']],
    ['a gauge', point('meters: [{ serial: A, device: d1, register: p1 }]'), ['REGISTER_GAUGE']],
    ['a multiplier the wrong way round', meter('multiplier: 5/400'), ['MULTIPLIER_RANGE']],
    [
      'the current of the meter in place of the feeder',
      meter('multiplier: 400/5, rating: { current: 6 A, voltage: 220 V, phases: 3 }'),
      ['RATING_SIDE'],
    ],
    [
      'the voltage between lines',
      meter('rating: { current: 60 A, voltage: 400 V, phases: 3 }'),
      ['RATING_LINE_VOLTAGE'],
    ],
    ['half a rating', meter('rating: { current: 60 A }'), ['RATING_FORM']],
    ['two ratings', meter('rating: { power: 5 kW, flow: 3 m3/h }'), ['RATING_FORM']],
    [
      'a face that turns over within the hour',
      meter('modulus: 10 kWh, rating: { power: 60 kW }'),
      ['RATING_BEYOND_FACE'],
    ],
    [
      'a reading beyond the face',
      meter('modulus: 6 digits, mounted: { at: 2025-01-01, reading: 1000000 kWh }'),
      ['READING_BEYOND_FACE'],
    ],
    [
      'a reading finer than a watt-hour',
      meter('mounted: { at: 2025-01-01, reading: 1.00001 kWh }'),
      ['QUANTITY_INVALID'],
    ],
    ['a reading without a unit', meter('mounted: { at: 2025-01-01, reading: "1234" }'), ['UNIT_UNKNOWN']],
    [
      'last reading below the first without a modulus',
      meter('mounted: { at: 2024-01-01, reading: 9 kWh }, removed: { at: 2025-01-01, reading: 8 kWh }'),
      ['READING_ORDER'],
    ],
    ['a meter by hand without a unit', point('meters: [{ serial: A }]'), ['UNIT_MISSING']],
    ['a register without a device', point('meters: [{ serial: A, unit: kWh, register: e1 }]'), ['KEY_FOREIGN']],
    [
      'a register of another carrier',
      `${BASE}  - { id: p, name: P, carrier: water, role: main, meters: [{ serial: A, device: d1, register: e1 }] }`,
      ['CARRIER_DIFFERS'],
    ],
    ['no meters', point('premises: nowhere'), ['METERS_MISSING', 'REFERENCE_UNKNOWN']],
    [
      'a time that no clock showed',
      meter('mounted: { at: 2024-03-31 02:30 }').replace('name: S }', 'name: S, zone: Europe/Madrid }'),
      ['TIME_SKIPPED'],
    ],
    ['a date that does not exist', meter('mounted: { at: 2025-02-30 }'), ['TIME_INVALID']],
  ])('%s', (_, text, expected) => {
    expect([...codes(text)].sort()).toEqual(expected);
  });

  it.each(['2025-01-01 08:00', '2025/1/1 8:00', '2025年1月1日 8时00分', '2025-01-01T00:00Z', '2025-01-01 01:00+01:00'])(
    'reads %s as one instant',
    (text) => {
      const checked = check(meter(`mounted: { at: "${text}" }`));
      if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
      expect(checked.registry.mountings[0]?.mountedAt).toBe(Date.UTC(2025, 0, 1));
    },
  );

  it.each(['0042', '20231107000000001', '1e5'])(
    'the serial number %s is kept as written, also without quotes',
    (serial) => {
      const checked = check(point(`meters: [{ serial: ${serial}, unit: kWh }]`));
      if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
      expect(checked.registry.mountings[0]?.serial).toBe(serial);
    },
  );

  it('a pulse counter takes its worth from the site: 800 imp/kWh is 5/4 Wh a pulse', () => {
    const text = (pulse: string): string => `site: { id: s, name: S }
connections: [{ id: line, kind: modbus-tcp, host: h }]
devices: [{ id: d, connection: line, model: advantech-adam-6050-6051, unit: 1 }]
points: [{ id: p, name: P, carrier: electricity, role: main, meters: [{ serial: A, device: d, register: ${pulseRegister}${pulse} }] }]`;
    const model = models.get('advantech-adam-6050-6051');
    const pulseRegister = model?.registers.find((r) => r.unit === 'pulse')?.name ?? '';
    expect(codes(text(''))).toEqual(['PULSE_MISSING']);
    const checked = check(text(', pulse: 800 imp/kWh'));
    if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
    expect(checked.registry.mountings[0]?.scale).toEqual({ num: 5, den: 4 });
  });
});
