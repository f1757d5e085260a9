import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProblem, schemaText } from '../../../collectors/site/index.ts';
import { brief, check, codes, meter, point, problemsOf } from '../../support/sites.ts';

const example = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/sites/${name}`, import.meta.url), 'utf8');

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

it.each([
  ['- a\n', /\[…\] will not do as the content/],
  ['3\n', /3 will not do as the content/],
  ['', /The content is missing/],
])('a file that is no site at all is told so: %j', (text, what) => {
  const problems = problemsOf(text);
  expect(problems.map(({ wrong }) => wrong.en)).toEqual([expect.stringMatching(what)]);
  expect(JSON.stringify(problems)).not.toContain('undefined');
});

it.each([
  ['modbus-rtu, device: /dev/ttyUSB0', 0, ['UNIT_RANGE']],
  ['modbus-rtu-tcp, host: 10.0.0.1, port: 4001', 255, ['UNIT_RANGE']],
  ['modbus-tcp, host: 10.0.0.1', 248, ['UNIT_RANGE']],
  ['modbus-tcp, host: 10.0.0.1', 255, []],
  ['modbus-rtu, device: /dev/ttyUSB0', 247, []],
])('on a line of kind %s the address %i is checked before a gateway starts', (kind, unit, expected) => {
  const text = `site: { id: s, name: S }
connections: [{ id: line, kind: ${kind} }]
devices: [{ id: d1, connection: line, model: acrel-adl3000-dtsd1352, unit: ${unit} }]
`;
  expect(codes(text)).toEqual(expected);
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

  it('a text that the books cannot keep is refused at its place, a name as well as a key', () => {
    const text = 'site:\n  id: s\n  name: "A\\0"\ninstitutions:\n  - { id: a, name: { zh: 甲, en: "\\ud800" } }\n';
    expect(problemsOf(text).map((problem) => formatProblem(problem, 'en'))).toEqual([
      'site.yaml:3:9: The text has a character that cannot be kept (NUL, or half of one). Type the text anew.',
      'site.yaml:5:33: The text has a character that cannot be kept (NUL, or half of one). Type the text anew.',
    ]);
    expect(codes('site: { id: s, name: S, "\\u0000": 1 }')).toContain('TEXT_INVALID');
    expect(codes('site: { id: s, name: "😀" }')).toEqual([]);
  });

  it('a site section of wrong shape does not hide mistakes elsewhere', () => {
    expect(codes(meter('multiplier: 5/400').replace('id: s, ', ''))).toEqual(['KEY_MISSING', 'MULTIPLIER_RANGE']);
    expect(codes(meter('multiplier: 5/400').replace(/^site:.*\n/, ''))).toEqual(['KEY_MISSING', 'MULTIPLIER_RANGE']);
  });

  it('entries left out one after the other do not take their neighbours along', () => {
    const text = `site: { id: s, name: S }
institutions: [{ id: a }, { id: b, name: 5 }, { id: c, name: C }, { id: c, name: D }]`;
    expect(problemsOf(text).map(({ code, path }) => `${code} ${path}`)).toEqual([
      'KEY_MISSING institutions[0].name',
      'VALUE_INVALID institutions[1].name',
      'ID_TWICE institutions[3].id',
    ]);
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
