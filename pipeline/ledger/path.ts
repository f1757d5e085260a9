import { step, type StepRule } from './step.ts';

/** The readings of one mounting in time order, each instant once. `weight` overrides the cost of leaving one out (admitted readings). */
export interface Sequence {
  readonly length: number;
  readonly at: Float64Array;
  readonly value: Float64Array;
  /** Index → cost of leaving it out, where it is not the common one. */
  readonly weight?: ReadonlyMap<number, number> | undefined;
}

export interface Path {
  /** Indices of the believed readings, ascending. */
  readonly believed: Int32Array;
  readonly outliers: readonly number[];
  readonly pending: readonly number[];
  /** How many readings at the end are each other's neighbours on the path without a break: 0 where the end is unsettled. */
  readonly settledTail: number;
}

export const BREAK_COST = 4;
/** Readings that can be left out in a row. */
export const LOOK_BACK = 30;
/**
 * A run of readings on the path stays on it, whatever comes later, but for its last few: leaving out more readings than a
 * break costs never pays, because the path can break after them instead.
 */
export const UNSURE_END = BREAK_COST + 1;
const SIX_HOURS = 6 * 3_600_000;

/**
 * The cheapest explanation of a register's readings (ledger.md, 4), forward in one pass. While the last 31 readings follow one
 * another at equal cost, the best predecessor is the reading before: every other one leaves out at least that reading.
 * `anchored`: the first 31 readings are known to be such a run, cut out of a longer register.
 */
export function cheapestPath(rule: StepRule, sequence: Sequence, anchored = false): Path {
  const { length } = sequence;
  if (length === 0) return { believed: new Int32Array(0), outliers: [], pending: [], settledTail: 0 };
  const table = fillTable(rule, sequence, anchored);
  const end = cheapestEnd(table, length);
  return trace(table, end, length);
}

interface Table {
  /** before[i] = sum of the weights of readings 0 … i−1. */
  readonly before: Float64Array;
  readonly cost: Float64Array;
  readonly breaks: Int32Array;
  /** −1: the path begins here. */
  readonly predecessor: Int32Array;
  /** Length of the run of neighbours at equal cost that ends at a reading. */
  readonly run: Int32Array;
}

function weightsBefore({ length, at, weight }: Sequence): Float64Array {
  const before = new Float64Array(length + 1);
  for (let i = 0; i < length; i++) {
    const k = Math.max(i, 1);
    const gap = length === 1 ? 0 : (at[k] ?? 0) - (at[k - 1] ?? 0);
    const common = Math.min(BREAK_COST, Math.max(1, Math.floor(gap / SIX_HOURS)));
    before[i + 1] = (before[i] ?? 0) + (weight?.get(i) ?? common);
  }
  return before;
}

function fillTable(rule: StepRule, sequence: Sequence, anchored: boolean): Table {
  const { length, at, value } = sequence;
  const before = weightsBefore(sequence);
  const cost = new Float64Array(length);
  const breaks = new Int32Array(length);
  const predecessor = new Int32Array(length);
  const run = new Int32Array(length);
  const known = anchored ? Math.min(length, LOOK_BACK + 1) : 0;
  for (let i = 0; i < length; i++) {
    const t = at[i] ?? 0;
    const v = value[i] ?? 0;
    if (i < known) {
      predecessor[i] = i - 1;
      run[i] = LOOK_BACK + 1;
      continue;
    }
    const runBefore = i === 0 ? 0 : (run[i - 1] ?? 0);
    if (
      i > 0 &&
      runBefore >= Math.min(i, LOOK_BACK + 1) &&
      !Number.isNaN(step(rule, at[i - 1] ?? 0, value[i - 1] ?? 0, t, v))
    ) {
      cost[i] = cost[i - 1] ?? 0;
      breaks[i] = breaks[i - 1] ?? 0;
      predecessor[i] = i - 1;
      run[i] = runBefore + 1;
      continue;
    }
    let best = i <= LOOK_BACK && !anchored ? (before[i] ?? 0) : Infinity;
    let bestBreaks = 0;
    let from = -1;
    let fromBroken = 0;
    for (let j = i - 1; j >= Math.max(0, i - LOOK_BACK - 1); j--) {
      const leftOut = (cost[j] ?? 0) + (before[i] ?? 0) - (before[j + 1] ?? 0);
      if (leftOut > best) continue;
      const broken = Number.isNaN(step(rule, at[j] ?? 0, value[j] ?? 0, t, v)) ? 1 : 0;
      const candidate = leftOut + BREAK_COST * broken;
      const candidateBreaks = (breaks[j] ?? 0) + broken;
      // tie: fewer breaks, then the later predecessor, which came first; a path that begins here keeps a tie
      const better = candidate < best || (candidate === best && candidateBreaks < bestBreaks);
      if (better) [best, bestBreaks, from, fromBroken] = [candidate, candidateBreaks, j, broken];
    }
    cost[i] = best;
    breaks[i] = bestBreaks;
    predecessor[i] = from;
    run[i] = i > 0 && from === i - 1 && fromBroken === 0 ? runBefore + 1 : 1;
  }
  return { before, cost, breaks, predecessor, run };
}

function cheapestEnd({ before, cost, breaks }: Table, length: number): number {
  let end = length - 1;
  let best = Infinity;
  let bestBreaks = Infinity;
  for (let i = length - 1; i >= Math.max(0, length - LOOK_BACK - 1); i--) {
    const total = (cost[i] ?? 0) + (before[length] ?? 0) - (before[i + 1] ?? 0);
    const b = breaks[i] ?? 0;
    if (total < best || (total === best && b < bestBreaks)) [end, best, bestBreaks] = [i, total, b];
  }
  return end;
}

function trace({ predecessor, run }: Table, end: number, length: number): Path {
  const room = new Int32Array(end + 1);
  let begin = room.length;
  for (let i = end; i >= 0; i = predecessor[i] ?? -1) room[--begin] = i;
  const believed = room.subarray(begin);
  const outliers: number[] = [];
  let k = 0;
  for (let i = 0; i < end; i++) {
    if (believed[k] === i) k++;
    else outliers.push(i);
  }
  const pending = Array.from({ length: length - 1 - end }, (_, i) => end + 1 + i);
  return { believed, outliers, pending, settledTail: pending.length === 0 ? (run[end] ?? 0) : 0 };
}
