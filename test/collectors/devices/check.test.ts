import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkModel, modelSchemaText } from '../../../collectors/devices/index.ts';
import { formatProblem, type Problem } from '../../../collectors/site/index.ts';

const E1 =
  "{ name: e1, quantity: energy.import.total, kind: counter, carrier: electricity, unit: kWh, scale: '0.01', fc: 3, address: 10, type: u32, order: ABCD }";
const P1 =
  "{ name: p1, quantity: power.active.total, kind: gauge, unit: kW, scale: '0.001', fc: 3, address: 20, type: i16, order: AB }";
const VALID = `protocol: modbus
id: some-meter
vendor: Some
model: Meter
source: { document: Manual p1, confidence: B }
maxWords: 60
registers:
  - ${E1}
  - ${P1}
`;

const problemsOf = (text: string, file = '/x/some-meter.yaml'): readonly Problem[] => {
  const checked = checkModel(text, file);
  return 'problems' in checked ? checked.problems : [];
};

test('a file that is right is taken', () => {
  const checked = checkModel(VALID, '/x/some-meter.yaml');
  expect(checked).toMatchObject({ model: { id: 'some-meter', registers: [{ name: 'e1' }, { name: 'p1' }] } });
});

describe('a mistake is said with its line, what is wrong and what to write instead:', () => {
  test.each([
    ['no YAML', 'a: [', 'YAML_SYNTAX', 1],
    ['a name that is not its id', VALID.replace('id: some-meter', 'id: other'), 'ID_NAME', 2],
    ['an unknown key', VALID.replace('address: 10', 'address: 10, wordSwap: true'), 'KEY_UNKNOWN', 8],
    ['no source', VALID.replace(/source:.*\n/, ''), 'KEY_MISSING', 1],
    ['a writing function', VALID.replace('fc: 3', 'fc: 16'), 'VALUE_INVALID', 8],
    ['a scale that is no text', VALID.replace("'0.01'", '0.01'), 'VALUE_INVALID', 8],
    ['a scale of zero', VALID.replace("'0.01'", "'0'"), 'VALUE_INVALID', 8],
    ['a scale that is no exact ratio', VALID.replace("'0.01'", "'1e-2x'"), 'VALUE_INVALID', 8],
    ['more words than Modbus allows', VALID.replace('maxWords: 60', 'maxWords: 126'), 'VALUE_INVALID', 6],
    ['an order of another length', VALID.replace('ABCD', 'AB'), 'ORDER_LENGTH', 8],
    ['a value beyond the last address', VALID.replace('address: 10', 'address: 65535'), 'ADDRESS_BEYOND', 8],
    ['fewer words than a value has', VALID.replace('maxWords: 60', 'maxWords: 1'), 'REGISTER_LONG', 8],
    [
      'a register where the device refuses',
      VALID.replace('maxWords: 60', 'maxWords: 60\nrefuses: [{ fc: 3, from: 11, to: 15 }]'),
      'ADDRESS_REFUSED',
      9,
    ],
    ['two registers over each other', VALID.replace('address: 20', 'address: 11'), 'REGISTER_OVERLAP', 9],
    ['one name twice', VALID.replace('name: p1', 'name: e1'), 'REGISTER_TWICE', 9],
    ['a unit that no carrier has', VALID.replace('unit: kWh', 'unit: kwhh'), 'UNIT_UNKNOWN', 8],
    ['a unit of another carrier', VALID.replace('unit: kWh', 'unit: m3'), 'UNIT_UNKNOWN', 8],
    ['a unit that no gauge has', VALID.replace('unit: kW,', 'unit: furlong,'), 'UNIT_UNKNOWN', 9],
    ['a counter of nothing', VALID.replace(' carrier: electricity,', ''), 'CARRIER_MISSING', 8],
    ['a modulus between two counts', VALID.replace("'0.01'", "'1/800', modulus: '0.001'"), 'SCALE_INEXACT', 8],
    [
      '0x8000 as marker of a signed word',
      VALID.replace('order: AB }', 'order: AB, markers: [32768] }'),
      'MARKER_RANGE',
      9,
    ],
    [
      'a setting whose order does not fit',
      `${VALID}settings: [{ quantity: config.ct_ratio, fc: 3, address: 331, type: u16, order: ABCD, note: CT }]\n`,
      'ORDER_LENGTH',
      10,
    ],
  ])('%s', (_what, text, code, line) => {
    const found = problemsOf(text);
    expect(found.map((problem) => [problem.code, problem.line])).toEqual([[code, line]]);
    for (const { wrong, instead } of found) {
      for (const said of [wrong, instead]) expect(said.zh).toMatch(/[\p{Script=Han}]|"/u);
      expect(wrong.en.length * instead.en.length).toBeGreaterThan(0);
    }
  });

  test('the bits of a marker are given as the type reads them', () => {
    const [problem] = problemsOf(VALID.replace('order: AB }', 'order: AB, markers: [32768] }'));
    expect(problem && formatProblem(problem, 'en')).toMatch(
      /: 32768 cannot stand in a i16\. The same bits read as -32768\.$/,
    );
  });

  test('two parts of a split total apart, where gaps fail', () => {
    const split = VALID.replace(
      'order: ABCD }',
      'order: ABCD, parts: [{ address: 14, type: u16, order: AB, times: 1000 }] }',
    );
    expect(problemsOf(split)).toEqual([]);
    const found = problemsOf(split.replace('maxWords: 60', 'maxWords: 60\nnoGaps: true'));
    expect(found.map(({ code }) => code)).toEqual(['PARTS_APART']);
    expect(problemsOf(split.replace('maxWords: 60', 'maxWords: 4')).map(({ code }) => code)).toEqual(['REGISTER_LONG']);
  });

  test('a part lies over another register', () => {
    const split = VALID.replace(
      'order: ABCD }',
      'order: ABCD, parts: [{ address: 20, type: u16, order: AB, times: 1000 }] }',
    );
    expect(problemsOf(split).map(({ code }) => code)).toEqual(['REGISTER_OVERLAP']);
  });
});

test('mistakes of shape and of meaning come in one run, in the order of the text', () => {
  const text = VALID.replace('confidence: B', 'confidence: D')
    .replace("'0.01'", '0.01')
    .replace('order: AB ', 'order: ABCD ');
  expect(problemsOf(text).map(({ code, line }) => [code, line])).toEqual([
    ['VALUE_INVALID', 5],
    ['VALUE_INVALID', 8],
    ['ORDER_LENGTH', 9],
  ]);
});

test('two variables of an OPC UA model may not have one path', () => {
  const text = `protocol: opcua
id: some-meter
vendor: Some
model: Meter
source: { document: Manual p1, confidence: B }
registers:
  - { name: p1, quantity: power.active.total, kind: gauge, unit: W, scale: '1', path: Power }
  - { name: p2, quantity: power.active.l1, kind: gauge, unit: W, scale: '1', path: Power }
`;
  expect(problemsOf(text).map(({ code, path }) => [code, path])).toEqual([['REGISTER_TWICE', 'registers[1].path']]);
});

test('the schema for editors is the one that files are checked by', () => {
  expect(readFileSync('docs/schema/device.schema.json', 'utf8') === modelSchemaText(), 'run npm run fix').toBe(true);
});
