import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';

/** What a bench is given. */
export interface BenchRun {
  /** Of everything that is drawn: `--seed N`, else 1. */
  readonly seed: number;
  /** What else stands behind the name. */
  readonly args: readonly string[];
  /** A line for people, before the last one. */
  readonly say: (line: string) => void;
}

/** Every value that was to come out, against what came out. Each must be 0. */
export interface Correctness {
  readonly lost: number;
  readonly invented: number;
  readonly doubled: number;
  readonly differing: number;
}

/** The last line of standard output, with exactly these keys. */
export interface BenchResult extends Correctness {
  readonly bench: string;
  readonly rate: number;
  readonly unit: string;
  /** Rate of the least that could do the same I/O, in the same unit, measured in the same run. */
  readonly floor: number;
  /** rate ÷ floor */
  readonly ratio: number;
  readonly cpuSecondsPerMillion: number;
  readonly rssMiB: number;
  readonly verdict: 'ok' | 'failed';
  readonly seed: number;
  /** Of the checkout, with `-dirty` where files differ from it. */
  readonly commit: string;
}

export interface Measured extends Correctness {
  readonly bench: string;
  readonly rate: number;
  readonly unit: string;
  readonly floor: number;
  readonly cpuSecondsPerMillion: number;
  readonly rssMiB: number;
  /** Whatever else makes the run worthless, in words; each is said, and one is enough for `failed`. */
  readonly failures?: readonly string[] | undefined;
}

export type Bench = (run: BenchRun) => Promise<object>;

/** A rate with any loss is a failure, however high. */
export function resultOf(measured: Measured, { seed, say }: BenchRun): BenchResult {
  const { bench, rate, unit, floor, cpuSecondsPerMillion, rssMiB, lost, invented, doubled, differing } = measured;
  const failures = measured.failures ?? [];
  for (const failure of failures) say(`failed: ${failure}`);
  const isWhole = lost === 0 && invented === 0 && doubled === 0 && differing === 0;
  return {
    bench,
    rate: Math.round(rate),
    unit,
    floor: Math.round(floor),
    ratio: rounded(floor > 0 ? rate / floor : 0),
    cpuSecondsPerMillion: rounded(cpuSecondsPerMillion),
    rssMiB: Math.round(rssMiB),
    lost,
    invented,
    doubled,
    differing,
    verdict: isWhole && failures.length === 0 ? 'ok' : 'failed',
    seed,
    commit: commitOf(),
  };
}

export const sumOf = (a: Correctness, b: Correctness): Correctness => ({
  lost: a.lost + b.lost,
  invented: a.invented + b.invented,
  doubled: a.doubled + b.doubled,
  differing: a.differing + b.differing,
});

/** Average load of the last minute, said beside any figure: others on the machine cost time. */
export const loadNow = (): string => `load ${loadavg()[0]?.toFixed(2)}`;

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

function commitOf(): string {
  try {
    const git = (...args: readonly string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno') === '' ? '' : '-dirty');
  } catch {
    return 'unknown';
  }
}
