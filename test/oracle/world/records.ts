import type { Random } from './random.ts';
import type { RecordJson } from '../input.ts';

type Entry = readonly [name: string, value: number] | readonly [name: string, value: number, flags: string];

/** One device's polls, and what each of its registers truly showed. */
export interface Polled {
  readonly site: string;
  readonly device: string;
  readonly polls: readonly number[];
  readonly counters: ReadonlyMap<string, readonly number[]>;
  readonly gauges: readonly string[];
}

const DAY = 86_400_000;

/** What lies on the line instead of the truth, for some polls in a row. */
const faultyOf = (random: Random, polled: Polled, truth: readonly number[]): number[] => {
  const others = [...polled.counters.values()];
  let [left, wrong] = [0, (i: number): number => truth[i] ?? 0];
  return truth.map((value, i) => {
    if (left === 0 && random.chance(0.03)) {
      left = random.pick([1, 1, 1, 2, 3, 8]);
      const [spike, foreign, age] = [random.int(0, 2_000_000), random.pick(others), random.int(1, 20)];
      wrong = random.pick<(at: number) => number>([
        () => spike,
        () => 0,
        (at) => truth[Math.max(0, at - age)] ?? 0,
        (at) => foreign[at] ?? 0,
        () => truth[Math.max(0, i - 1)] ?? 0,
      ]);
    }
    if (left === 0) return value;
    left -= 1;
    return wrong(i);
  });
};

/** Stretches in which nobody answered. */
const silentOf = (random: Random, polls: readonly number[]): Set<number> => {
  const silent = new Set<number>();
  for (let gap = random.int(0, 3); gap > 0; gap -= 1) {
    const from = random.pick(polls);
    const to = from + random.pick([1, 2, 5, 6, 30]) * 3_600_000;
    for (const poll of polls) if (from < poll && poll < to) silent.add(poll);
  }
  return silent;
};

const flagged = (random: Random, name: string, value: number): Entry =>
  random.chance(0.04) ? [name, value, 'u'] : [name, value];

/** Entries that admission must refuse one by one. */
const badEntry = (random: Random, name: string): Entry =>
  random.pick<Entry>([
    [name, -1],
    [name, 0.5],
    [name, 2 ** 53],
    [name, 2 ** 40],
    [`${name}-unknown`, 7],
    ['', 1],
    [name, -7, 'g'],
  ]);

const poison = (
  random: Random,
  at: number,
  text: (at: number, more: Record<string, unknown>) => string,
  entry: Entry,
): string =>
  random.pick([
    'not JSON',
    '',
    '[]',
    'null',
    '{"v":1}',
    `{"v":1,"pad":"${'x'.repeat(70_000)}"}`,
    text(at, { v: 2 }),
    text(at, { colour: 'red' }),
    text(at, { r: [[entry[0], '7']] }),
    text(at, { r: [[entry[0], 7, 'x']] }),
    text(at, { r: [] }),
    text(at + 0.5, {}),
    text(at, { site: 'elsewhere' }),
    text(at, { device: 'nobody' }),
    text(0, {}),
    text(Date.UTC(1985, 5, 1), {}),
    text(Date.UTC(2099, 0, 1), {}),
    text(at, { got: at + 61_000 }),
  ]);

/** Everything one device left in the log: frames with their faults, repeated claims, and what is no frame at all. */
export const recordsOf = (random: Random, polled: Polled): RecordJson[] => {
  const src = random
    .int(0, 2 ** 32 - 1)
    .toString(16)
    .padStart(8, '0');
  let seq = 0;
  const { site, device, polls } = polled;
  const faces = new Map([...polled.counters].map(([name, truth]) => [name, faultyOf(random, polled, truth)]));
  const silent = silentOf(random, polls);
  return polls.flatMap((poll, i) => {
    if (silent.has(poll)) return [];
    const counters = [...faces]
      .filter(() => !random.chance(0.01))
      .map(([name, values]) => flagged(random, name, values[i] ?? 0));
    const gauges = polled.gauges.map((name): Entry => [name, random.int(-9000, 50_000), random.pick(['g', 'g', 'gu'])]);
    const bad = [...faces.keys()].filter(() => random.chance(0.01)).map((name) => badEntry(random, name));
    const r = [...counters, ...gauges, ...bad];
    const text = (at: number, more: Record<string, unknown>): string => {
      seq += 1;
      return JSON.stringify({ v: 1, src, site, device, seq, at, r, ...more });
    };
    const appendedAt = poll + random.pick([0, 400, 2000, -600_000]);
    const append = (value: string): RecordJson => ({ appendedAt, value });
    const shifted = poll - random.int(1, 3 * DAY);
    const again = counters.map(([name, value]) => flagged(random, name, Math.max(0, value + random.int(-3, 3))));
    return [
      append(text(poll, {})),
      ...(random.chance(0.03) ? [append(text(poll, { r: again }))] : []),
      ...(random.chance(0.01) ? [append(text(shifted, {}))] : []),
      ...(random.chance(0.03) ? [append(poison(random, poll, text, counters[0] ?? ['e', 1]))] : []),
    ];
  });
};
