import { DAY, HOUR, MINUTE } from '../../../pipeline/domain/index.ts';
import { cheapestPath } from '../../../pipeline/ledger/path.ts';
import { step, type StepRule } from '../../../pipeline/ledger/step.ts';
import type { Random } from '../../oracle/world/random.ts';

/** A register as the path sees it: what is possible, and its readings in time order. */
export interface RandomRegister {
  readonly rule: StepRule;
  readonly readings: readonly (readonly [at: number, value: number])[];
}

/** What is believed of a register, in the words of path.py. */
export interface Believed {
  readonly advance: number;
  readonly believed: readonly number[];
  readonly breaks: readonly (readonly [number, number])[];
  readonly outliers: readonly number[];
  readonly pending: readonly number[];
}

export function believedOf({ rule, readings }: RandomRegister): Believed {
  const path = cheapestPath(rule, {
    length: readings.length,
    at: Float64Array.from(readings, ([at]) => at),
    value: Float64Array.from(readings, ([, value]) => value),
  });
  const believed = [...path.believed];
  const breaks: (readonly [number, number])[] = [];
  let advance = 0;
  for (const [k, b] of believed.entries()) {
    const a = believed[k - 1];
    if (a === undefined) continue;
    const [from, to] = [readings[a], readings[b]];
    if (!from || !to) continue;
    const d = step(rule, from[0], from[1], to[0], to[1]);
    if (Number.isNaN(d)) breaks.push([a, b]);
    else advance += d;
  }
  return { advance, believed, breaks, outliers: path.outliers, pending: path.pending };
}

interface Kind {
  readonly rate: number;
  readonly modulus: number | undefined;
  readonly interval: number;
  readonly jitter: number;
}

const kindOf = (random: Random): Kind => {
  const huge = random.chance(0.08);
  const rate = huge ? random.int(1, 2 ** 50) : random.pick([1, 3, 60, 3_125, 100_000, 5_000_000]);
  const interval = random.pick([1, 15, 15, 60, 61, 360, 1_440, 1_440, 132_480]) * MINUTE;
  const hours = Math.ceil(interval / HOUR);
  const moduli = [undefined, 10_000, 1_000_000, 2 ** 32, rate * hours * 3, rate * hours * 40, 2 ** 53 - 1];
  const modulus = random.pick(moduli);
  return {
    rate,
    modulus: modulus === undefined ? undefined : Math.min(modulus, 2 ** 53 - 1),
    interval,
    jitter: random.pick([0, 0, 1_000, Math.floor(interval / 3)]),
  };
};

const clipped = (value: number, modulus: number | undefined): number => {
  const face = modulus ?? 2 ** 53 - 1;
  return Math.min(2 ** 53 - 1, ((Math.trunc(value) % face) + face) % face);
};

/** A counter that runs unevenly and lies in all the ways that it may (ledger.md, 4). */
export function randomRegister(random: Random): RandomRegister {
  const { rate, modulus, interval, jitter } = kindOf(random);
  const length = random.pick([1, 2, 5, 20, 33, 40, 50, 60, 140]);
  const rule: StepRule = {
    modulus,
    maxRate: random.chance(0.75) ? rate * random.pick([1, 1, 2]) : undefined,
    backlash: random.pick([undefined, undefined, 0, 5, Math.floor(rate / 10)]),
  };
  const faces = modulus ?? 2 ** 53 - 1;
  let value = random.pick([
    0,
    random.int(0, Math.min(faces - 1, 1e9)),
    faces - 1 - random.int(0, Math.min(faces - 1, rate * 5)),
  ]);
  let at = Date.UTC(2026, 0, 1) + random.int(0, 1_000) * MINUTE;
  let other = random.int(0, Math.min(faces - 1, 1e9));
  let wrong = 0;
  let lie = (_value: number): number => 0;
  const readings: (readonly [number, number])[] = [];
  for (let i = 0; i < length; i++) {
    const gap = random.chance(0.04) ? random.int(2, 60) * HOUR : interval;
    at += Math.max(1, gap + random.int(-jitter, jitter));
    value = clipped(value + random.pick([0, 0.3, 0.7, 1, 1.2]) * rate * (gap / HOUR), modulus);
    if (random.chance(0.03)) value = clipped(value - random.int(0, Math.ceil(rate / 60)), modulus);
    if (random.chance(0.01)) value = clipped(random.int(0, Math.min(faces - 1, 1e12)), modulus);
    other = clipped(other + rate * (gap / HOUR), modulus);
    if (wrong === 0 && random.chance(0.06)) {
      wrong = random.pick([1, 1, 2, 3, 8, 31, 45]);
      const held = readings.at(-random.int(1, 5))?.[1] ?? value;
      const spike = random.int(1, Math.min(faces - 1, 1e10));
      lie = random.pick<(value: number) => number>([
        () => 0,
        () => held,
        () => other,
        (v) => clipped(v + spike, modulus),
        (v) => clipped(v - Math.min(v, spike), modulus),
      ]);
    }
    readings.push([at, wrong > 0 ? lie(value) : value]);
    wrong = Math.max(0, wrong - 1);
  }
  return { rule, readings };
}

export interface FaultyRegister extends RandomRegister {
  /** What the register truly advanced from the first to the last reading. */
  readonly truth: number;
}

/**
 * A sound register with up to five runs of up to three wrong readings, each run well apart and none at the ends. A daily
 * reading is as dear to leave out as a break: there each wrong reading of a run contradicts its neighbours (three days of
 * one and the same lie are a break, which is loud).
 */
export function faultyRegister(random: Random): FaultyRegister {
  const daily = random.chance(0.5);
  const interval = daily ? DAY : 15 * MINUTE;
  const length = daily ? random.int(90, 150) : random.int(150, 260);
  const maxRate = random.pick([3_000, 25_000, 400_000]);
  const perReading = (maxRate * interval) / HOUR;
  const wraps = random.chance(0.5);
  const modulus = wraps ? Math.ceil(perReading * random.int(24, 60)) : random.pick([undefined, 2 ** 40]);
  const start = wraps ? (modulus ?? 0) - Math.floor(perReading * random.int(1, 7)) : random.int(0, 1_000_000);
  const truth = [start];
  for (let i = 1; i < length; i++)
    truth.push((truth[i - 1] ?? 0) + Math.floor((perReading * random.int(100, 800)) / 1_000));
  const shown = truth.map((v) => (modulus === undefined ? v : v % modulus));
  const rule: StepRule = { modulus, maxRate, backlash: undefined };
  const reading = (values: readonly number[], i: number): readonly [number, number] => [
    Date.UTC(2026, 0, 1) + i * interval,
    values[i] ?? 0,
  ];
  const spacing = Math.floor(length / 6);
  for (let k = random.int(0, 5); k > 0; k--) {
    const first = spacing * k + random.int(-3, 3) - 5;
    const run = random.int(1, 3);
    const tried = wrongRun(random, shown, { first, run, perReading, modulus });
    const contradicts = (i: number, j: number): boolean =>
      Number.isNaN(step(rule, ...reading(tried, i), ...reading(tried, j)));
    // of every choice of wrong readings: as many contradictions as readings that it believes, or more
    const contradicted = Array.from({ length: 2 ** run - 1 }, (_, bits) => bits + 1).every((bits) => {
      const wrong = Array.from({ length: run }, (_, i) => first + i).filter((_, i) => (bits >> i) % 2 === 1);
      const chain = [first - 1, ...wrong, first + run];
      return chain.slice(1).filter((j, i) => contradicts(chain[i] ?? 0, j)).length >= wrong.length;
    });
    if (!daily || contradicted) shown.splice(0, length, ...tried);
  }
  return { rule, readings: shown.map((_, i) => reading(shown, i)), truth: (truth.at(-1) ?? 0) - start };
}

interface Run {
  readonly first: number;
  readonly run: number;
  readonly perReading: number;
  readonly modulus: number | undefined;
}

/** The readings with a run of wrong ones: up, down, zero, foreign, stale. */
function wrongRun(
  random: Random,
  shown: readonly number[],
  { first, run, perReading, modulus }: Run,
): readonly number[] {
  const foreign = random.int(0, modulus === undefined ? 50_000_000 : modulus - 1);
  const kind = random.pick(['up', 'down', 'zero', 'foreign', 'stale', 'mixed'] as const);
  return shown.map((value, i) => {
    if (i < first || i >= first + run) return value;
    const by = Math.floor((perReading * random.int(4_000, 9_000)) / 1_000);
    const wrong = {
      up: value + by,
      down: value - by,
      zero: 0,
      foreign: foreign + (i - first) * Math.floor(perReading / 3),
      stale: shown[first - random.int(2, 4)] ?? 0,
    }[kind === 'mixed' ? random.pick(['up', 'down', 'zero', 'foreign', 'stale'] as const) : kind];
    return modulus === undefined ? Math.max(0, wrong) : ((wrong % modulus) + modulus) % modulus;
  });
}
