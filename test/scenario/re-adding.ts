import { expect } from 'vitest';
import type { TraceNode } from '../../pipeline/index.ts';

const floorDivide = (a: bigint, b: bigint): bigint => (a % b !== 0n && a < 0n !== b < 0n ? a / b - 1n : a / b);

const TERM = /([+−]?)\s*(?:(\d+) × )?(?:floor\((\d+)(?:\/(\d+))? × (-?\d+)\)|(-?\d+))/g;

/** What a person gets who works out `floor(3/7 × 90) + 1 × floor(3/7 × 9000) − floor(3/7 × 8990)`. */
export function workedOut(formula: string): bigint {
  let sum = 0n;
  for (const [, sign, times, num, den, face, plain] of formula.matchAll(TERM)) {
    const value =
      plain === undefined ? floorDivide(BigInt(num ?? 1) * BigInt(face ?? 0), BigInt(den ?? 1)) : BigInt(plain);
    sum += (sign === '−' ? -1n : 1n) * BigInt(times ?? 1) * value;
  }
  return sum;
}

/** The formula gives the amount, and each boundary's face follows from the readings beside it. */
export function checkSpan(node: TraceNode, meter: TraceNode['meter']): void {
  const { span } = node;
  if (!span) throw new Error(`${node.id} has no span`);
  const [left, right] = span.formula.split(' = ');
  expect(workedOut(left ?? ''), span.formula).toBe(BigInt(node.amount));
  expect(right).toBe(`${node.amount} ${right?.split(' ')[1]}`);
  const modulus = meter?.modulus ?? undefined;
  if (node.label.en.startsWith('admitted')) return;
  for (const [boundary, iso] of [
    [span.start, node.from],
    [span.end, node.to],
  ] as const) {
    const { before, after, face, exact } = boundary;
    expect(before).not.toBeNull();
    if (!before) continue;
    if (exact || !after) {
      expect([face, Date.parse(before.at)]).toEqual([before.value, Date.parse(iso)]);
      continue;
    }
    const [at, from, to] = [iso, before.at, after.at].map((t) => BigInt(Date.parse(t)));
    if (at === undefined || from === undefined || to === undefined) continue;
    const placed = (advance: number): number =>
      before.value + Number(floorDivide(BigInt(advance) * (at - from), to - from));
    const wrapped = modulus === undefined ? [] : [placed(after.value - before.value + modulus)];
    const faces = [placed(after.value - before.value), ...wrapped].map((v) =>
      modulus === undefined ? v : ((v % modulus) + modulus) % modulus,
    );
    expect(faces, node.id).toContain(face);
  }
}

/** What a node names is the sum of what stands under it. */
export function checkSum(node: TraceNode): void {
  const sum = node.terms.reduce((total, t) => total + (t.sign ?? 1) * t.amount, 0);
  expect(sum, node.label.en).toBe(node.amount);
}

/** A part is within one unit a day of its share of the term below. */
export function checkShare(node: TraceNode): void {
  const [term] = node.terms;
  const ratio = /^(\d+)(?:\/(\d+))?$/.exec(node.share?.ratio ?? '');
  if (!term || !ratio) return;
  const exact = (Math.abs(term.amount) * Number(ratio[1])) / Number(ratio[2] ?? 1);
  expect(Math.abs(Math.abs(node.amount) - exact), node.label.en).toBeLessThan(6 + exact * 1e-9);
}
