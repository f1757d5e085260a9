/**
 * Divides whole units by whole weights, exactly: each the floor of its part by magnitude, what is left over one unit each to the largest
 * remainders, the earlier of equals. All weights zero: all of it stays with the last, who stands for nobody.
 */
export function divideByWeight(total: number, weights: readonly number[]): readonly number[] {
  const magnitudes = weights.map((weight) => BigInt(Math.abs(weight)));
  const sum = magnitudes.reduce((a, b) => a + b, 0n);
  if (sum === 0n) return weights.map((_, i) => (i === weights.length - 1 ? total : 0));
  const whole = BigInt(Math.abs(total));
  const parts = magnitudes.map((weight, at) => ({ at, floor: (whole * weight) / sum, rest: (whole * weight) % sum }));
  let left = whole - parts.reduce((a, { floor }) => a + floor, 0n);
  const raised = new Set<number>();
  for (const { at } of parts.toSorted((a, b) => (a.rest === b.rest ? a.at - b.at : a.rest > b.rest ? -1 : 1))) {
    if (left === 0n) break;
    raised.add(at);
    left -= 1n;
  }
  return parts.map(({ at, floor }) => {
    const part = Number(floor + (raised.has(at) ? 1n : 0n));
    return total < 0 && part !== 0 ? -part : part;
  });
}

const MICRO_PER_FEN = 10_000;

/** Millionths of a yuan to fen: the rows add up to their rounded total (largest remainders, the earlier of equals). */
export function toFen(micros: readonly number[]): { readonly fen: readonly number[]; readonly total: number } {
  const sum = micros.reduce((a, b) => a + b, 0);
  // Math.round gives −0 for a small negative; money has one zero
  const total = Math.round(sum / MICRO_PER_FEN) + 0;
  const floors = micros.map((micro) => Math.floor(micro / MICRO_PER_FEN));
  const rests = micros.map((micro, at) => ({ at, rest: micro - (floors[at] ?? 0) * MICRO_PER_FEN }));
  const left = total - floors.reduce((a, b) => a + b, 0);
  const raised = new Set(
    rests
      .toSorted((a, b) => b.rest - a.rest || a.at - b.at)
      .slice(0, left)
      .map(({ at }) => at),
  );
  return { fen: floors.map((fen, at) => fen + (raised.has(at) ? 1 : 0)), total };
}
