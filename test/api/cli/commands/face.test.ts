import { expect, test } from 'vitest';
import { faceOf, meterAt } from '../../../../api/cli/commands/face.ts';
import { intervalOf } from '../../../../api/cli/commands/common.ts';
import { rational, type Registry, zoneOf } from '../../../../pipeline/domain/index.ts';

const at = (text: string): number => Date.parse(`${text}T00:00:00+08:00`);
const registry: Registry = {
  site: { id: 's', name: { zh: '站', en: 'S' }, zone: 'Asia/Shanghai', slotMinutes: 60 },
  institutions: [],
  premises: [],
  points: [
    { id: 'p', name: { zh: '点', en: 'P' }, carrier: 'electricity', role: 'main', allocations: [] },
    { id: 'w', name: { zh: '水', en: 'W' }, carrier: 'water', role: 'main', allocations: [] },
    { id: 'empty', name: { zh: '空', en: 'E' }, carrier: 'electricity', role: 'main', allocations: [] },
  ],
  mountings: [
    {
      id: 'p/A',
      point: 'p',
      serial: 'A',
      device: 'd1',
      register: 'e1',
      multiplier: rational(1),
      scale: rational(1),
      removedAt: at('2026-03-01'),
    },
    {
      id: 'p/B',
      point: 'p',
      serial: 'B',
      device: 'd2',
      register: 'e1',
      multiplier: rational(1),
      scale: rational(1),
      mountedAt: at('2026-03-01'),
    },
    ...[rational(10), rational(100)].map((scale, i) => ({
      id: `w/${i}`,
      point: 'w',
      serial: `${i}`,
      device: 'd1',
      register: 'c2',
      multiplier: rational(1),
      scale,
      ...(i === 0 ? { removedAt: at('2026-03-01') } : { mountedAt: at('2026-03-01') }),
    })),
  ],
  devices: [
    {
      id: 'd1',
      model: 'm',
      intervalMs: 60_000,
      registers: [
        { name: 'e1', kind: 'counter', carrier: 'electricity', unit: 'Wh', scale: rational(1) },
        { name: 'c1', kind: 'counter', carrier: 'electricity', unit: 'count', scale: rational(5, 4) },
        { name: 'c2', kind: 'counter', unit: 'count', scale: rational(1) },
        { name: 'c3', kind: 'counter', unit: 'count', scale: rational(1) },
        { name: 'p1', kind: 'gauge', unit: 'mW', scale: rational(1) },
      ],
    },
  ],
};
const ref = (register: string) => ({ device: 'd1', register });

test('a face value is written with its unit and kept in face units, exactly', () => {
  expect(faceOf(registry, ref('e1'), at('2026-02-01'), '84210 kWh', '--final')).toBe(84_210_000);
  expect(faceOf(registry, ref('e1'), at('2026-02-01'), '84,210.5 kWh', '--final')).toBe(84_210_500);
  expect(faceOf(registry, ref('c1'), at('2026-02-01'), '1 kWh', '--final')).toBe(800);
  expect(faceOf(registry, ref('c1'), at('2026-02-01'), '801 counts', '--final')).toBe(801);
});

test('a pulse counter shows counts, and what a pulse of the meter of that time is worth', () => {
  expect(faceOf(registry, ref('c2'), at('2026-02-01'), '320 counts', '--final')).toBe(320);
  expect(faceOf(registry, ref('c2'), at('2026-02-01'), '3.2 m3', '--final')).toBe(320);
  expect(faceOf(registry, ref('c2'), at('2026-04-01'), '3.2 m3', '--final')).toBe(32);
  expect(() => faceOf(registry, ref('c2'), at('2026-04-01'), '50 L', '--final')).toThrow('no whole number');
  expect(faceOf(registry, ref('c3'), at('2026-02-01'), '7 脉冲', '--initial')).toBe(7);
  expect(() => faceOf(registry, ref('c3'), at('2026-02-01'), '1 m3', '--initial')).toThrow('a pulse of d1/c3');
});

test('what is no whole number on the face, has no unit or is a gauge is refused', () => {
  expect(() => faceOf(registry, ref('c1'), at('2026-02-01'), '1 Wh', '--final')).toThrow('no whole number');
  expect(() => faceOf(registry, ref('e1'), at('2026-02-01'), '84210', '--final')).toThrow('with a unit');
  expect(() => faceOf(registry, ref('e1'), at('2026-02-01'), '5 m3', '--final')).toThrow('not a unit of electricity');
  expect(() => faceOf(registry, ref('p1'), at('2026-02-01'), '5 kWh', '--final')).toThrow('gauge');
  expect(() => faceOf(registry, ref('x'), at('2026-02-01'), '5 kWh', '--final')).toThrow('no register d1/x');
});

test('a replacement replaces the meter that stood there then', () => {
  expect(meterAt(registry, 'p', at('2026-02-01'))).toEqual({ device: 'd1', register: 'e1' });
  expect(meterAt(registry, 'p', at('2026-04-01'))).toEqual({ device: 'd2', register: 'e1' });
  expect(() => meterAt(registry, 'q', 0)).toThrow('no point "q"');
  expect(() => meterAt(registry, 'empty', 0)).toThrow('no meter');
});

test('a time asked for runs from the start of its first name to the end of its last', () => {
  const zone = zoneOf('Asia/Shanghai');
  const now = at('2026-05-17') + 3_600_000;
  const days = (from?: string, to?: string): number => {
    const span = intervalOf(from, to, zone, now);
    return (span.to - span.from) / 86_400_000;
  };
  expect(days('2026-03')).toBe(31);
  expect(days('2026-01', '2026-03')).toBe(90);
  expect(days('2026')).toBe(365);
  expect(days()).toBe(31);
  expect(intervalOf('2026-05-17T00:00', undefined, zone, now).to).toBe(now);
  expect(() => days('2026-03', '2026-02')).toThrow('not after');
});
