import { expect, test } from 'vitest';
import { createServerClock, type ServerTimes } from '../../../collectors/opcua/server-clock.ts';

const T = Date.UTC(2026, 2, 2);
/** Readings every ten seconds of our clock; what the server's shows is told as its distance from ours. */
const watch = (distances: readonly number[], more: Partial<ServerTimes> = {}) => {
  const clock = createServerClock();
  return distances.map((distance, i) => {
    const now = T + i * 10_000;
    return clock({ startedAt: T, shows: now + distance, asked: now, got: now, ...more }).map(({ reason }) => reason);
  });
};

test('a clock that goes on with ours says nothing, whatever its distance', () => {
  expect(watch([300, 0, 900, -700]).flat()).toEqual([]);
  expect(watch([-30_000, -30_000, -29_000]).flat()).toEqual([]);
});

test('a clock that jumps or repeats is noticed once', () => {
  expect(watch([0, 20_000, 20_000])).toEqual([[], ['stepped-forward'], []]);
  expect(watch([0, -20_000, -20_000])).toEqual([[], ['stepped-back'], []]);
});

test('a clock far from ours is noticed once, and when it is right again', () => {
  expect(watch([3_600_000, 3_600_000, 0])).toEqual([['apart'], [], ['stepped-back', 'together']]);
});

test('a clock that stands still is noticed once, and has not jumped when it goes on', () => {
  expect(watch([0, -10_000, -20_000, -30_000, 0])).toEqual([[], [], ['stands-still'], [], []]);
});

test('a slow answer is no jump', () => {
  const clock = createServerClock();
  clock({ startedAt: T, shows: T, asked: T, got: T });
  expect(clock({ startedAt: T, shows: T + 10_000, asked: T + 9_000, got: T + 19_000 })).toEqual([]);
});

test('a server that was started anew is noticed by its start time', () => {
  const clock = createServerClock();
  clock({ startedAt: T, shows: T, asked: T, got: T });
  const notes = clock({ startedAt: T + 5_000, shows: T + 10_000, asked: T + 10_000, got: T + 10_000 });
  expect(notes).toEqual([{ reason: 'restarted', byMs: 5_000 }]);
});

test('a server without a status is not judged', () => {
  const clock = createServerClock();
  for (let i = 0; i < 3; i += 1) {
    expect(clock({ startedAt: undefined, shows: undefined, asked: T + i, got: T + i })).toEqual([]);
  }
});
