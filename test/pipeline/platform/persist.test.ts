import { expect, it } from 'vitest';
import { createTelemetry, persist, silentLogger } from '../../../pipeline/platform/index.ts';

/** The pauses between `lives` of work, each of which fails after so many milliseconds. */
async function pausesAfter(lives: readonly number[]): Promise<readonly number[]> {
  let now = 0;
  const pauses: number[] = [];
  const left = [...lives];
  const clock = {
    now: () => now,
    sleep: async (ms: number): Promise<void> => {
      pauses.push(ms);
      now += ms;
    },
  };
  const work = async (): Promise<void> => {
    const life = left.shift();
    if (life === undefined) return;
    now += life;
    throw new Error('passes');
  };
  const options = { name: 'test', clock, telemetry: createTelemetry(silentLogger()), isPassing: () => true };
  await persist(work, options, new AbortController().signal);
  return pauses;
}

it('pauses twice as long each time while the work fails at once, up to half a minute', async () => {
  expect(await pausesAfter(Array.from({ length: 9 }, () => 0))).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
  ]);
});

it('begins with a short pause again where the work had lasted longer than it was waited for', async () => {
  expect(await pausesAfter([0, 0, 0, 2_001, 0, 1_001, 501, 400])).toEqual([
    500, 1_000, 2_000, 500, 1_000, 500, 500, 1_000,
  ]);
});

it('throws what waiting cannot help', async () => {
  const options = {
    name: 'test',
    clock: { now: () => 0, sleep: async () => undefined },
    telemetry: createTelemetry(silentLogger()),
    isPassing: () => false,
  };
  const failing = persist(() => Promise.reject(new Error('for good')), options, new AbortController().signal);
  await expect(failing).rejects.toThrow('for good');
});

it('pauses shortly where the work had got on, however soon it failed', async () => {
  let done = 0;
  const pauses: number[] = [];
  const work = async (): Promise<void> => {
    if (done === 5) return;
    done += 1;
    throw new Error('passes');
  };
  const options = {
    name: 'test',
    clock: { now: () => 0, sleep: async (ms: number) => void pauses.push(ms) },
    telemetry: createTelemetry(silentLogger()),
    isPassing: () => true,
    progress: () => done,
  };
  await persist(work, options, new AbortController().signal);
  expect(pauses).toEqual([500, 500, 500, 500, 500]);
});
