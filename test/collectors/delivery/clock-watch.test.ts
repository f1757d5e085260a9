import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { createTelemetry, silentLogger } from '#platform';
import { createClockWatch } from '../../../collectors/delivery/clock-watch.ts';
import { turnedClock, type TurnedClock } from '../../support/turned-clock.ts';

const T0 = 1_767_225_600_000;
const YEAR = 365 * 86_400_000;

let mono: TurnedClock;
/** How far the wall clock was set. */
let set = 0;
let stopping: AbortController;
beforeEach(() => {
  [mono, set, stopping] = [turnedClock(1_000), 0, new AbortController()];
});
afterEach(() => stopping.abort());

const watching = () => {
  const telemetry = createTelemetry(silentLogger());
  const clock = { now: () => T0 + mono.now() + set, sleep: mono.sleep };
  const watch = createClockWatch({ clock, monotonic: mono.now, telemetry });
  const done = watch.run(stopping.signal);
  const pass = async (ms: number): Promise<void> => {
    for (const end = mono.now() + ms; mono.now() < end;) {
      mono.turnTo(Math.min(end, mono.firstWake() ?? end));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { watch, telemetry, pass, done };
};

describe('a step of the clock', () => {
  it.each([1_000, -1_000, 3_600_000, -3_600_000, YEAR, -YEAR])(
    'of %d ms is found, once, with its size',
    async (step) => {
      const { watch, telemetry, pass } = watching();
      await pass(60_000);
      set += step;
      await pass(60_000);
      expect(watch.steps().map(({ byMs }) => byMs)).toEqual([step]);
      const direction = step > 0 ? 'forward' : 'back';
      expect(await telemetry.counts()).toEqual({ [`civicmeter_clock_stepped_total{direction="${direction}"}`]: 1 });
    },
  );

  it('there and back is two', async () => {
    const { watch, pass } = watching();
    await pass(20_000);
    set += 5_000;
    await pass(20_000);
    set -= 5_000;
    await pass(20_000);
    expect(watch.steps().map(({ byMs }) => byMs)).toEqual([5_000, -5_000]);
  });
});

test('a clock that is slewed, or that never moves against the other, is no finding', async () => {
  const { watch, pass } = watching();
  for (let i = 0; i < 720; i++) {
    // half a thousandth, the most that a kernel slews
    set += 2.5;
    await pass(5_000);
  }
  expect(watch.steps()).toEqual([]);
});

test('it ends when it is asked to', async () => {
  const { done } = watching();
  stopping.abort();
  expect(await done).toBeUndefined();
});
