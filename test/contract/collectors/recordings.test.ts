import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { FrameEntry } from '#domain';
import type { DeviceModel } from '../../../collectors/contract.ts';
import { faceValue, loadModels, resolveRegister } from '../../../collectors/devices/index.ts';
import { createModbusCollector } from '../../../collectors/modbus/index.ts';
import { recordingContext, until } from '../../support/collector-context.ts';
import { startFieldServer } from '../../support/modbus-server.ts';

const FOLDER = join(import.meta.dirname, '../../../fixtures/devices');

const entry = z.union([z.tuple([z.string(), z.int()]), z.tuple([z.string(), z.int(), z.literal('g')])]);
const recordingSchema = z.strictObject({
  model: z.string(),
  origin: z.string(),
  replies: z
    .array(
      z.strictObject({ fc: z.literal([3, 4]), address: z.int(), words: z.array(z.string().regex(/^[0-9a-f]{4}$/)) }),
    )
    .optional(),
  values: z.record(z.string(), z.number()).optional(),
  entries: z.array(entry),
});

const models = loadModels();
const recorded = readdirSync(FOLDER).map((file) => basename(file, '.json'));
const visited: string[] = [];

const byName = (entries: readonly FrameEntry[]): readonly FrameEntry[] =>
  [...entries].sort((a, b) => (a[0] < b[0] ? -1 : 1));

describe.each([...models.values()])('the recording of $id', (model) => {
  test('decodes to exactly its frame entries, every register of the model among them', async () => {
    const recording = recordingSchema.parse(JSON.parse(readFileSync(join(FOLDER, `${model.id}.json`), 'utf8')));
    expect(recording.model).toBe(model.id);
    const entries = model.protocol === 'modbus' ? await readOverTheWire(model, recording) : readNodes(model, recording);
    expect(byName(entries)).toEqual(byName(recording.entries));
    expect(new Set(entries.map(([name]) => name))).toEqual(new Set(model.registers.map((r) => r.name)));
    visited.push(model.id);
  });
});

test('every recording belongs to a model', () => {
  expect(recorded.filter((id) => !models.has(id))).toEqual([]);
});

test('no model was passed over', () => {
  expect(visited.toSorted()).toEqual([...models.keys()].toSorted());
  expect(visited.length).toBeGreaterThanOrEqual(20);
});

type Recording = z.infer<typeof recordingSchema>;

async function readOverTheWire(model: DeviceModel, recording: Recording): Promise<readonly FrameEntry[]> {
  const words = new Map<string, number>(
    (recording.replies ?? []).flatMap(({ fc, address, words: run }) =>
      run.map((word, i) => [`${fc}:${address + i}`, Number.parseInt(word, 16)] as const),
    ),
  );
  // what stands between the recorded runs belongs to no register and must not matter
  const server = await startFieldServer(undefined, (_unit, fc, address) => words.get(`${fc}:${address}`) ?? 0xdead);
  const context = recordingContext();
  const stop = new AbortController();
  const collector = createModbusCollector(
    { kind: 'modbus-tcp', id: 'line', host: server.host, port: server.port, timeoutMs: 1_000, pauseMs: 0 },
    [{ id: 'meter', connection: 'line', model: model.id, intervalMs: 60_000, unit: 1 }],
    models,
    context,
  );
  const running = collector.run(stop.signal);
  try {
    await until('the first frame', () => context.frames.length > 0);
    expect(context.events.filter((e) => e.event !== 'lineOpened')).toEqual([]);
  } finally {
    stop.abort();
    await running;
    await server.close();
  }
  return context.frames[0]?.r ?? [];
}

function readNodes(model: DeviceModel, recording: Recording): readonly FrameEntry[] {
  if (model.protocol !== 'opcua') return [];
  return model.registers.flatMap((register): readonly FrameEntry[] => {
    const raw = recording.values?.[register.path];
    const result = raw === undefined ? undefined : faceValue(raw, resolveRegister(register), register.markers);
    if (!result?.ok) return [];
    return [register.kind === 'gauge' ? [register.name, result.value, 'g'] : [register.name, result.value]];
  });
}
