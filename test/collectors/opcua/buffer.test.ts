import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBuffer, MAX_WAITING_INTERVALS, type Reading } from '../../../collectors/opcua/buffer.ts';

const MINUTE = 60_000;
const T = Date.UTC(2026, 2, 2);
const reading = (at: number, value: number, more: Partial<Reading> = {}): Reading => ({
  register: 'e1',
  value,
  flags: '',
  at,
  got: Math.max(at, T),
  ...more,
});
const buffer = () => createBuffer('site', 'dev', MINUTE, 0);

test('a storm of notifications is one frame with the newest value by source time', () => {
  const b = buffer();
  for (let i = 0; i < 500; i += 1) b.put(reading(T + i * 100, i));
  b.put(reading(T + 20_000, 7, { got: T + 60_000 }));
  expect(b.take()).toEqual([{ site: 'site', device: 'dev', at: T + 49_900, r: [['e1', 499]] }]);
});

test('values of different source times make one frame per time, oldest first', () => {
  const b = buffer();
  b.put(reading(T + 2_000, 5));
  b.put(reading(T + 1_000, 9, { register: 'p1', flags: 'g' }));
  b.put(reading(T + 2_000, 6, { register: 'e2' }));
  expect(b.take().map((f) => [f.at, f.r])).toEqual([
    [T + 1_000, [['p1', 9, 'g']]],
    [
      T + 2_000,
      [
        ['e1', 5],
        ['e2', 6],
      ],
    ],
  ]);
});

test('the reading at the beginning of an interval stands for the one just before it', () => {
  const b = buffer();
  b.put(reading(T + 59_000, 5));
  b.put(reading(T + 60_005, 6));
  expect(b.take().map((f) => f.r)).toEqual([[['e1', 6]]]);
});

test('a reading far from the boundary does not stand for one that is nearer to it: both stay', () => {
  const b = buffer();
  b.put(reading(T + 59_000, 5));
  b.put(reading(T + 90_000, 6));
  expect(b.take().map((f) => f.r)).toEqual([[['e1', 5]], [['e1', 6]]]);
});

test('intervals that nobody took in time keep their last value each', () => {
  const b = buffer();
  for (let i = 0; i < 10; i += 1) b.put(reading(T + i * 30_000, i));
  expect(b.take().map((f) => f.r[0]?.[1])).toEqual([1, 3, 5, 9]);
});

test('what waits from this interval or the one before is known, older and sent values are not', () => {
  const b = buffer();
  b.put(reading(T + 59_000, 5));
  expect([T + 59_500, T + 60_500, T + 120_500].map((now) => b.waitingAt('e1', now))).toEqual([
    T + 59_000,
    T + 59_000,
    undefined,
  ]);
  expect(b.waitingAt('e2', T + 59_500)).toBeUndefined();
  b.take();
  expect(b.waitingAt('e1', T + 59_500)).toBeUndefined();
});

test('of the past every interval keeps its last value, also the one before the newest', () => {
  const b = buffer();
  for (let i = 0; i < 4; i += 1) b.put(reading(T + i * MINUTE, i, { got: T + 90 * MINUTE }));
  expect(b.takeAll().map((f) => f.r[0]?.[1])).toEqual([0, 1, 2, 3]);
  expect(b.sentAt('e1')).toBe(T + 3 * MINUTE);
});

test('what was sent is not sent again, however often it is read', () => {
  const b = buffer();
  b.put(reading(T, 5));
  expect(b.take()).toHaveLength(1);
  b.put(reading(T, 5, { got: T + 10 * MINUTE }));
  expect(b.take()).toEqual([]);
  b.put(reading(T, 5, { flags: 'u' }));
  expect(b.take()).toHaveLength(1);
});

test('a notification that arrives after the read that superseded it makes no frame of its own', () => {
  const b = buffer();
  b.put(reading(T + 60_000, 9));
  b.take();
  b.put(reading(T + 57_000, 8));
  expect(b.take()).toEqual([]);
});

test('a source clock that was set back goes on giving frames', () => {
  const b = buffer();
  b.put(reading(T + 60 * MINUTE, 9));
  b.take();
  b.put(reading(T + 2 * MINUTE, 10, { got: T + 61 * MINUTE }));
  expect(b.take()).toHaveLength(1);
});

test('got stands beside a time that is more than a minute from the arrival', () => {
  const b = buffer();
  b.put(reading(T, 5, { got: T + MINUTE }));
  expect(b.take()[0]).not.toHaveProperty('got');
  b.put(reading(T + 1, 5, { got: T + MINUTE + 2 }));
  expect(b.take()[0]).toMatchObject({ at: T + 1, got: T + MINUTE + 2 });
});

test('a source clock that is ahead opens no intervals of the future', () => {
  const b = buffer();
  for (let i = 0; i < 20; i += 1) b.put(reading(T + i * 60 * MINUTE, i, { got: T + i }));
  expect(b.take().map((f) => f.r[0]?.[1])).toEqual([19]);
});

test('more than may wait drops the oldest and counts it', () => {
  const b = buffer();
  for (let i = 0; i < MAX_WAITING_INTERVALS + 3; i += 1) b.put(reading(T + i * MINUTE, i));
  expect(b.dropped()).toBe(3);
  expect(b.dropped()).toBe(0);
});

test('no frame ever holds a value that was not put, and the newest is always sent', () => {
  const puts = fc.array(fc.tuple(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 5 })), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(puts, (list) => {
      const b = buffer();
      const readings = list.map(([s, v]) => reading(T + s * 1_000, v, { got: T + 600_000 }));
      readings.forEach(b.put);
      const sent = b.take().flatMap((f) => f.r.map(([, value]) => `${f.at} ${value}`));
      const put = new Set(readings.map((r) => `${r.at} ${r.value}`));
      const newest = Math.max(...readings.map((r) => r.at));
      expect(sent.every((s) => put.has(s))).toBe(true);
      expect(sent.at(-1)?.startsWith(`${newest} `)).toBe(true);
    }),
  );
});
