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

describe('the folder of models', () => {
  const models = loadModels();

  test('gives a model per file, under the name of the file', () => {
    const files = readdirSync(MODELS).filter((name) => name.endsWith('.yaml'));
    expect([...models.keys()].toSorted()).toEqual(files.map((name) => name.replace('.yaml', '')).toSorted());
    expect(models.size).toBeGreaterThanOrEqual(20);
  });

  test('holds data only: each model survives a JSON round trip', () => {
    for (const model of models.values()) {
      const again: unknown = JSON.parse(JSON.stringify(model));
      expect(again).toEqual(model);
      expect(deviceModelSchema.parse(again)).toEqual(model);
    }
  });

  test('names a source and a confidence for each', () => {
    for (const model of models.values()) expect(model.source.document.length, model.id).toBeGreaterThan(5);
  });

  test('has meters of each kind that stands in a public building', () => {
    const carriers = [...models.values()].flatMap(({ registers }) => registers.map(({ carrier }) => carrier));
    expect([...new Set(carriers)]).toEqual(
      expect.arrayContaining(['electricity', 'water', 'heat', 'cooling', 'natural-gas']),
    );
    expect([...models.values()].some(({ registers }) => registers.some(({ unit }) => unit === 'pulse'))).toBe(true);
    expect(new Set([...models.values()].map(({ protocol }) => protocol))).toEqual(new Set(['modbus', 'opcua']));
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
      expect.objectContaining({ code: 'MODEL_INVALID', message: expect.stringContaining('stands in') }),
    );
  });

  test('that does not exist is named', () => {
    expect(() => loadModels(undefined, [join(dir, 'none')])).toThrow(
      expect.objectContaining({ code: 'MODEL_FOLDER_UNREADABLE', place: join(dir, 'none') }),
    );
  });
});

test('a file that is no model is refused with all its mistakes', () => {
  const wrong = VALID.replace('ABCD', 'AB').replace('maxWords: 60', 'maxWords: 1');
  expect(() => parseModel(wrong, '/x/some-meter.yaml')).toThrow(
    expect.objectContaining({
      code: 'MODEL_INVALID',
      place: '/x/some-meter.yaml',
      message: expect.stringMatching(/^the device model has 2 mistakes:[^]*some-meter\.yaml:9:\d+/),
    }),
  );
  expect(parseModel(VALID, '/x/some-meter.yaml').registers).toHaveLength(1);
});
