import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deviceModelSchema, loadModels, parseModel } from '../../../collectors/devices/index.ts';

const MODELS = join(import.meta.dirname, '../../../collectors/devices');

const VALID = `
protocol: modbus
id: some-meter
vendor: Some
model: Meter
source: { document: Manual p1, confidence: B }
maxWords: 60
registers:
  - { name: e1, quantity: energy.import.total, kind: counter, carrier: electricity, unit: kWh, scale: '0.01', fc: 3, address: 10, type: u32, order: ABCD }
`;
const parsed = (text: string, place = '/x/some-meter.yaml') => parseModel(text, place);
const refusal = (message: string) =>
  expect.objectContaining({
    code: 'MODEL_INVALID',
    place: '/x/some-meter.yaml',
    message: expect.stringContaining(message),
  });

describe('the folder of models', () => {
  const models = loadModels();

  test('gives a model per file, under the name of the file', () => {
    const files = readdirSync(MODELS).filter((name) => name.endsWith('.yaml'));
    expect([...models.keys()].toSorted()).toEqual(files.map((name) => name.replace('.yaml', '')).toSorted());
    expect(models.size).toBeGreaterThanOrEqual(5);
  });

  test('holds data only: each model survives a JSON round trip', () => {
    for (const model of models.values()) {
      const again: unknown = JSON.parse(JSON.stringify(model));
      expect(again).toEqual(model);
      expect(deviceModelSchema.parse(again)).toEqual(model);
    }
  });

  test('names a source and a confidence for each', () => {
    for (const model of models.values()) expect(model.source.document.length).toBeGreaterThan(10);
  });
});

describe("an operator's own folder", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'civicmeter-models-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test('adds its models', () => {
    writeFileSync(join(dir, 'some-meter.yaml'), VALID);
    writeFileSync(join(dir, 'notes.txt'), 'not a model');
    const models = loadModels(undefined, [dir]);
    expect(models.get('some-meter')?.vendor).toBe('Some');
    expect(models.size).toBe(loadModels().size + 1);
  });

  test('may not take the id of another model', () => {
    writeFileSync(join(dir, 'schneider-iem3000.yaml'), VALID.replace('some-meter', 'schneider-iem3000'));
    expect(() => loadModels(undefined, [dir])).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID', message: expect.stringContaining('already the id of') }),
    );
  });

  test('that does not exist is named', () => {
    expect(() => loadModels(undefined, [join(dir, 'none')])).toThrow(
      expect.objectContaining({ code: 'MODEL_FOLDER_UNREADABLE', place: join(dir, 'none') }),
    );
  });
});

describe('a model file', () => {
  test('that is right is taken', () => {
    expect(parsed(VALID).registers).toHaveLength(1);
  });

  test.each([
    ['is not YAML', 'a: [', 'sequence'],
    ['has a name that is not its id', VALID.replace('id: some-meter', 'id: other'), 'its id is "other"'],
    ['has an unknown key', VALID.replace('fc: 3', 'fc: 3, wordSwap: true'), 'wordSwap'],
    ['asks for a writing function', VALID.replace('fc: 3', 'fc: 16'), 'fc'],
    ['has an order of another length', VALID.replace('ABCD', 'AB'), 'the order must name each byte'],
    ['has a scale that is no text', VALID.replace("'0.01'", '0.01'), 'scale'],
    ['has a scale of zero', VALID.replace("'0.01'", "'0'"), 'ratio'],
    ['has a value beyond the last address', VALID.replace('address: 10', 'address: 65535'), 'beyond address 65535'],
    ['asks for more words than Modbus allows', VALID.replace('maxWords: 60', 'maxWords: 126'), 'maxWords'],
    ['allows fewer words than a value has', VALID.replace('maxWords: 60', 'maxWords: 1'), 'longer than maxWords'],
    [
      'has a register where the device refuses',
      VALID.replace('maxWords: 60', 'maxWords: 60\nrefuses: [{ fc: 3, from: 11, to: 20 }]'),
      'in a range that the device refuses',
    ],
    ['has a unit of another carrier', VALID.replace('unit: kWh', 'unit: m3'), 'not a unit of electricity'],
    ['has no source', VALID.replace(/source:.*\n/, ''), 'source'],
    ['has one name twice', VALID + VALID.split('registers:\n')[1], 'two registers have the name "e1"'],
  ])('that %s is refused with file and reason', (_what, text, message) => {
    expect(() => parsed(text)).toThrow(refusal(message));
  });
});
