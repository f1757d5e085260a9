import fc from 'fast-check';
import { expect, test } from 'vitest';
import { appendReadings, plainCsv, reportOf } from '../../../../api/cli/wiring/importing.ts';
import { readReadings } from '../../../../collectors/import/index.ts';
import {
  type FrameDraft,
  type Rational,
  rational,
  type Registry,
  type Register,
} from '../../../../pipeline/domain/index.ts';

const counter = (name: string, scale: Rational): Register => ({
  name,
  kind: 'counter',
  carrier: 'electricity',
  unit: 'Wh',
  scale,
});

const NAMES = ['e1', 'e2', 'c1'] as const;
const SCALES = { e1: rational(1), e2: rational(1, 4), c1: rational(10) } as const;

/** Whole base units, a step of 0.25 Wh (1/4000 kWh), and a pulse counter, of which the meter knows that a pulse is 10 Wh. */
const registry: Registry = {
  site: { id: 's', name: { zh: '站', en: 'S' }, zone: 'Asia/Shanghai', slotMinutes: 60 },
  institutions: [],
  premises: [],
  points: NAMES.map((id) => ({
    id: `p-${id}`,
    name: { zh: '点', en: 'P' },
    carrier: 'electricity',
    role: 'main',
    allocations: [],
  })),
  mountings: NAMES.map((register) => ({
    id: `p-${register}/A`,
    point: `p-${register}`,
    serial: `A-${register}`,
    device: 'd',
    register,
    multiplier: rational(1),
    scale: SCALES[register],
  })),
  devices: [
    {
      id: 'd',
      model: 'm',
      intervalMs: 60_000,
      registers: [
        counter('e1', SCALES.e1),
        counter('e2', SCALES.e2),
        { name: 'c1', kind: 'counter', unit: 'count', scale: rational(1) },
      ],
    },
  ],
};

const drafts = fc
  .uniqueArray(
    fc.record({
      at: fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) }),
      register: fc.constantFrom(...NAMES),
      value: fc.integer({ min: -(2 ** 48), max: 2 ** 48 }),
    }),
    { selector: ({ at, register }) => `${at} ${register}`, minLength: 1, maxLength: 20 },
  )
  .map((readings) =>
    readings.map(({ at, register, value }): FrameDraft => ({ site: 's', device: 'd', at, r: [[register, value]] })),
  );

const flat = (frames: readonly FrameDraft[]): readonly string[] =>
  frames
    .flatMap(({ device, at, r }) => r.map(([register, value]) => `${at} ${device}/${register} ${value}`))
    .toSorted();

test('readings that go to a running program as a file arrive as they were', async () => {
  await fc.assert(
    fc.asyncProperty(drafts, async (frames) => {
      const bytes = new TextEncoder().encode(plainCsv(frames, registry));
      const read = await readReadings(bytes, 'file.csv', { registry });
      expect(read.refused).toEqual([]);
      expect(flat(read.frames)).toEqual(flat(frames));
    }),
    { numRuns: 100 },
  );
});

test('a register whose step is no decimal of its base unit is refused, not rounded', () => {
  const mountings = registry.mountings.map((mounting) => ({ ...mounting, scale: rational(1, 3) }));
  expect(() => plainCsv([{ site: 's', device: 'd', at: 0, r: [['e1', 1]] }], { ...registry, mountings })).toThrow(
    'no decimal',
  );
});

test('the report counts readings per register and keeps each refused row', async () => {
  const text =
    'register,time,value,unit\nd/e1,2026-03-01 08:00,1,kWh\nd/e1,2026-03-02 08:00,2,kWh\nd/x,2026-03-02,1,kWh\n';
  const read = await readReadings(new TextEncoder().encode(text), 'a.csv', { registry });
  expect(reportOf(read, registry, false)).toMatchObject({
    committed: false,
    rows: 3,
    readings: 2,
    refused: [{ row: 4, reason: expect.stringContaining('REGISTER_UNKNOWN') }],
    registers: [
      { device: 'd', register: 'e1', readings: 2, from: '2026-03-01T08:00:00+08:00', to: '2026-03-02T08:00:00+08:00' },
    ],
  });
});

test('a file is written no further than to where Ctrl-C came', async () => {
  const ending = new AbortController();
  const written: number[] = [];
  const spool = { append: async (frames: readonly FrameDraft[]) => void written.push(frames.length) };
  const frames = Array.from({ length: 5_000 }, (_, i) => ({ site: 's', device: 'd', at: i, r: [['e1', i] as const] }));
  const stopped = appendReadings(spool, frames, () => ending.abort(new Error('ended by SIGINT')), ending.signal);
  await expect(stopped).rejects.toThrow('ended by SIGINT');
  expect(written).toEqual([2_000]);
});
