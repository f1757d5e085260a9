import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deviceOf, type OpcUaDevice } from '../../../collectors/opcua/device.ts';
import { gapsSince, marksOf } from '../../../collectors/opcua/gaps.ts';
import { markFile } from '../../../collectors/opcua/marks.ts';
import { recordingContext } from '../../support/collector-context.ts';
import { METER } from '../../support/opcua/collecting.ts';

const T = Date.UTC(2026, 2, 2);
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'civicmeter-marks-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const meter = (): OpcUaDevice =>
  deviceOf(
    { id: 'm1', connection: 'ua', model: METER.id, intervalMs: 60_000, namespace: 'urn:x', nodePrefix: '' },
    new Map([[METER.id, METER]]),
    0,
    recordingContext(),
  );
const send = (unit: OpcUaDevice, register: string, at: number): void => {
  unit.buffer.put({ register, value: 1, flags: '', at, got: at });
  unit.buffer.take();
};

test('what was stored last is known to the next process', async () => {
  const before = meter();
  send(before, 'e1', T);
  send(before, 'p1', T + 5);
  await markFile(folder, 'ua').save([before], T);
  const after = meter();
  await markFile(folder, 'ua').restore([after]);
  expect(['e1', 'v1', 'p1'].map((name) => after.buffer.sentAt(name))).toEqual([T, undefined, T + 5]);
});

test('it is written once a minute, and at once at the end', async () => {
  const unit = meter();
  const marks = markFile(folder, 'often');
  const kept = async (): Promise<unknown> => JSON.parse(await readFile(join(folder, 'often.json'), 'utf8'));
  send(unit, 'e1', T);
  await marks.save([unit], T);
  send(unit, 'e1', T + 60_000);
  await marks.save([unit], T + 59_000);
  expect(await kept()).toEqual({ m1: { e1: T } });
  await marks.save([unit], T + 60_000);
  expect(await kept()).toEqual({ m1: { e1: T + 60_000 } });
  send(unit, 'e1', T + 120_000);
  await marks.save([unit], T + 61_000, true);
  expect(await kept()).toEqual({ m1: { e1: T + 120_000 } });
});

test('a spoilt file, or a folder that cannot be written, stops nothing', async () => {
  await writeFile(join(folder, 'spoilt.json'), '{"m1":{"e1":"yesterday"}}');
  const unit = meter();
  await markFile(folder, 'spoilt').restore([unit]);
  expect(unit.buffer.sentAt('e1')).toBeUndefined();
  await markFile(join(folder, 'spoilt.json'), 'below-a-file').save([unit], T);
});

test('the gap of a node lies between what was sent last and what it shows first; a node that shows the same has none', () => {
  const unit = meter();
  const [e1, v1, p1] = unit.nodes;
  for (const name of ['e1', 'v1', 'p1']) send(unit, name, T);
  const marks = marksOf(unit);
  if (!e1 || !v1 || !p1) throw new Error('three nodes');
  unit.readAt.set(e1, T + 90_000).set(v1, T);
  expect(gapsSince(unit, marks, T + 100_000)).toEqual([
    { node: e1, from: T + 1, to: T + 89_999 },
    { node: p1, from: T + 1, to: T + 99_999 },
  ]);
});

test('gaps that no session was long enough to fill are joined before they become many', () => {
  const unit = meter();
  const [node] = unit.nodes;
  if (!node) throw new Error('a node');
  for (let i = 0; i < 200; i += 1) {
    unit.readAt.set(node, T + (2 * i + 1) * 1_000);
    unit.gaps = gapsSince(unit, new Map([[node, T + 2 * i * 1_000]]), T + 999_999_999);
  }
  expect(unit.gaps.length).toBeLessThanOrEqual(51);
  expect(Math.min(...unit.gaps.map(({ from }) => from))).toBe(T + 1);
  expect(Math.max(...unit.gaps.map(({ to }) => to))).toBe(T + 399_000 - 1);
});
