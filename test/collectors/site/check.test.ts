import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadModels, resolveRegister } from '../../../collectors/devices/index.ts';
import { checkSite, formatProblem, type Problem, schemaText, type SiteCheck } from '../../../collectors/site/index.ts';

const models = loadModels();
const check = (text: string): SiteCheck => checkSite(text, { file: 'site.yaml', models, resolveRegister });
const problemsOf = (text: string): readonly Problem[] => {
  const checked = check(text);
  return 'problems' in checked ? checked.problems : [];
};
const brief = (text: string): readonly string[] =>
  problemsOf(text).map(({ line, column, code }) => `${line}:${column} ${code}`);
const codes = (text: string): readonly string[] => problemsOf(text).map(({ code }) => code);
const example = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/sites/${name}`, import.meta.url), 'utf8');

const BASE = `site: { id: s, name: S }
institutions:
  - { id: bureau, name: B, headcount: 10, area: 100 }
  - { id: court, name: C, headcount: 5, area: 100 }
connections:
  - { id: line, kind: modbus-tcp, host: 10.0.0.1 }
devices:
  - { id: d1, connection: line, model: acrel-adl3000-dtsd1352, unit: 1 }
points:
`;
const point = (rest: string): string => `${BASE}  - { id: p, name: P, carrier: electricity, role: main, ${rest} }\n`;
const meter = (rest: string): string => point(`meters: [{ serial: A, device: d1, register: e1, ${rest} }]`);

describe('the example sites', () => {
  it.each(['one-office.yaml', 'shared-compound.yaml'])('%s has no mistake', (name) => {
    expect(problemsOf(example(name))).toEqual([]);
  });

  it('a register behind transformers gets the rating of the primary side divided by multiplier and scale', () => {
    const checked = check(example('shared-compound.yaml'));
    if ('problems' in checked) throw new Error('unexpected problems');
    const rate = (id: string) => checked.registry.mountings.find((m) => m.id === id)?.maxRate;
    expect(rate('p-main/20190412')).toBe((600 * 220 * 3) / 120);
    expect(rate('h-main/H-20')).toBe(600_000); // one count is 1 Wh of heat
    expect(rate('w-court/W-10')).toBe(10_000);
  });

  it('a meter read by hand gets a device with one register in base units', () => {
    const checked = check(example('one-office.yaml'));
    if ('problems' in checked) throw new Error('unexpected problems');
    expect(checked.registry.devices.find(({ id }) => id === 'hand.w-main')).toEqual({
      id: 'hand.w-main',
      model: 'manual',
      intervalMs: 0,
      registers: [{ name: 'r', kind: 'counter', carrier: 'water', unit: 'L', scale: { num: 1, den: 1 } }],
    });
    expect(checked.registry.mountings.find(({ id }) => id === 'w-main/W-3381')).toMatchObject({ modulus: 100_000_000 });
    expect(checked.plan.devices.map(({ id }) => id)).not.toContain('hand.w-main');
  });
});

describe('the JSON Schema for editors', () => {
  it('is in step with the schema (update it with vitest -u)', async () => {
    await expect(schemaText()).toMatchFileSnapshot('../../../docs/schema/site.schema.json');
  });
});

describe('a broken file', () => {
  it('answers every mistake at once, each with its line and column', () => {
    const broken = `site:
  id: s
  name: S
  zone: Asia/Shanghei
  slot: 20 min
institutions:
  - id: bureau
    nam: Bureau
  - { id: court, name: C, headcount: [{ from: 2025-01-01, value: 5 }, { from: 2024-01-01, value: 6 }] }
  - { id: court, name: Again }
connections:
  - { id: line, kind: modbus-tcp, host: 10.0.0.1, timeout: soon }
devices:
  - { id: d1, connection: lime, model: acrel-adl3000-dtsd1352, unit: 1 }
  - { id: d2, connection: line, model: acrel-adl3000, unit: 2 }
  - { id: d3, connection: line, model: acrel-adl3000-dtsd1352, unit: 2 }
points:
  - id: p
    name: P
    carrier: electricty
    role: main
  - id: q
    name: Q
    carrier: electricity
    role: sub
    institution: burau
    meters:
      - { serial: A, device: d3, register: e9 }
`;
    expect(brief(broken)).toEqual([
      '4:9 ZONE_UNKNOWN',
      '5:9 SLOT_INVALID',
      '7:5 KEY_MISSING',
      '8:5 KEY_UNKNOWN',
      '9:79 DATES_ORDER',
      '10:11 ID_TWICE',
      '12:60 DURATION_INVALID',
      '14:27 REFERENCE_UNKNOWN',
      '15:40 MODEL_UNKNOWN',
      '16:70 UNIT_TWICE',
      '20:14 VALUE_INVALID',
      '25:11 SUB_WITHOUT_PARENT',
      '26:18 REFERENCE_UNKNOWN',
      '28:44 REGISTER_UNKNOWN',
    ]);
    const text = problemsOf(broken).map((problem) => formatProblem(problem, 'en'));
    expect(text).toContain('site.yaml:4:9: "Asia/Shanghei" is not a time zone. Did you mean "Asia/Shanghai"?');
    expect(text.join('\n')).toMatch(/There is no key "nam" here. Did you mean "name"/);
    expect(text.join('\n')).toMatch(/no device model "acrel-adl3000". (?:Did you mean|Write one of)/);
    expect(text.join('\n')).toMatch(/"electricty" will not do as carrier. Did you mean "electricity"/);
  });

  it('speaks Chinese as well', () => {
    const [problem] = problemsOf(meter('multiplier: 5/400'));
    expect(problem && formatProblem(problem, 'zh')).toMatch(/倍率 5\/400 不在 1 到 1000000 之间。一次侧在前：400\/5/);
  });

  it('a part of wrong shape does not hide mistakes of meaning elsewhere, and its place in a list is kept', () => {
    const text = point('meters: [{ serial: [], device: d1 }, { serial: B, device: d9, register: e1 }]');
    expect(problemsOf(text).map(({ code, path }) => `${code} ${path}`)).toEqual([
      'VALUE_INVALID points[0].meters[0].serial',
      'REFERENCE_UNKNOWN points[0].meters[1].device',
    ]);
  });

  it.each([
    ['a tab', 'site:\n\tid: s\n', ['YAML_TAB']],
    ['a key written twice', 'site: { id: s, name: S, id: t }', ['YAML_DUPLICATE_KEY']],
    ['an open bracket', 'site: { id: s\npoints: []\n', ['YAML_SYNTAX']],
    ['nothing', '', ['KEY_MISSING']],
    ['a list', '- a', ['VALUE_INVALID']],
    ['an alias to nothing', 'site: *x', ['YAML_SYNTAX']],
  ])('%s is a problem, not an exception', (_, text, expected) => {
    expect(codes(text)).toEqual(expect.arrayContaining(expected));
  });

  it('a site section of wrong shape does not hide mistakes elsewhere', () => {
    expect(codes(meter('multiplier: 5/400').replace('id: s, ', ''))).toEqual(['KEY_MISSING', 'MULTIPLIER_RANGE']);
    expect(codes(meter('multiplier: 5/400').replace(/^site:.*\n/, ''))).toEqual(['KEY_MISSING', 'MULTIPLIER_RANGE']);
  });

  it('a number with a comma inside { } says that it needs quotes', () => {
    const [problem] = problemsOf(meter('mounted: { at: 2025-01-01, reading: 84,210.5 kWh }'));
    expect(problem?.instead.en).toMatch(/quotes/);
  });
});

describe('any text', () => {
  it('a damaged example gives a site or problems with a place in the text, and never throws', () => {
    const texts = ['one-office.yaml', 'shared-compound.yaml'].map((name) => example(name).split('\n'));
    const damage = fc.record({
      lines: fc.constantFrom(...texts),
      at: fc.nat(200),
      put: fc.constantFrom(
        '',
        '  - {}',
        '  x: [',
        'points: 5',
        '    meters: [{ serial: A, device: dev-main }]',
        '\t',
        '  - null',
        'site: []',
        '      at: 5',
      ),
      count: fc.nat(3),
    });
    fc.assert(
      fc.property(damage, ({ lines, at, put, count }) => {
        const text = lines.toSpliced(at % lines.length, count, put).join('\n');
        for (const { line, column } of problemsOf(text)) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(lines.length + 2);
          expect(column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });
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

describe('allocations and formulas', () => {
  const shared = (rules: string): string => point(`meters: [], allocations: [${rules}]`);
  it.each([
    ['shares over one', shared('{ basis: fixed, shares: { bureau: 2/3, court: 34 % } }'), ['SHARES_OVER_ONE']],
    ['parts beyond the whole', shared('{ basis: headcount, among: [bureau, court], of: 14 }'), ['SHARES_OVER_ONE']],
    ['an unknown institution', shared('{ basis: fixed, shares: { buro: 1 } }'), ['REFERENCE_UNKNOWN']],
    [
      'dates that do not rise',
      shared(
        '{ basis: area, among: [court], from: 2025-01-01 }, { basis: fixed, from: 2024-01-01, shares: { court: 1 } }',
      ),
      ['DATES_ORDER'],
    ],
    ['an unknown basis', shared('{ basis: heads, among: [court] }'), ['VALUE_INVALID']],
    ['a time of day', shared('{ basis: area, among: [court], from: 2025-01-01 08:00 }'), ['DAY_EXPECTED']],
    [
      'both forms',
      point('meters: [], institution: court, allocations: [{ basis: area, among: [court] }]'),
      ['ALLOCATION_TWICE'],
    ],
    [
      'a formula that leads back',
      `${BASE}  - { id: a, name: A, carrier: water, role: formula, formula: b }\n  - { id: b, name: B, carrier: water, role: formula, formula: a }`,
      ['FORMULA_CYCLE'],
    ],
    [
      'a formula without spaces',
      `${BASE}  - { id: a, name: A, carrier: water, role: formula, formula: a -b }`,
      ['FORMULA_CYCLE', 'FORMULA_INVALID'],
    ],
  ])('%s', (_, text, expected) => {
    expect([...codes(text)].sort()).toEqual(expected);
  });

  it('shares that add up to exactly one are right: thirds stay exact', () => {
    expect(codes(shared('{ basis: fixed, shares: { bureau: 1/3, court: 2/3 } }'))).toEqual([]);
  });
});
