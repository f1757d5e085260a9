/**
 * Divides whole units by whole weights, exactly: each the floor of its part by magnitude, what is left over one unit each to the largest
 * remainders, the earlier of equals. All weights zero: all of it stays with the last, who stands for nobody. The weights add up to a safe integer.
 */
export function divideByWeight(total: number, weights: readonly number[]): readonly number[] {
  const magnitudes = weights.map(Math.abs);
  const sum = magnitudes.reduce((a, b) => a + b, 0);
  if (sum === 0) return weights.map((_, i) => (i === weights.length - 1 ? total : 0));
  const whole = Math.abs(total);
  const parts = magnitudes.map((weight, at) => ({ at, ...quotient(whole, weight, sum) }));
  const left = whole - parts.reduce((a, { floor }) => a + floor, 0);
  const raised = new Set(
    left === 0
      ? []
      : parts
          .toSorted((a, b) => b.rest - a.rest || a.at - b.at)
          .slice(0, left)
          .map(({ at }) => at),
  );
  return parts.map(({ at, floor }) => {
    const part = floor + (raised.has(at) ? 1 : 0);
    return total < 0 && part !== 0 ? -part : part;
  });
}

/** whole × weight ÷ sum, of whole numbers. Below 2^50 the double next to a quotient cannot reach the whole number above it. */
function quotient(whole: number, weight: number, sum: number): { readonly floor: number; readonly rest: number } {
  const product = whole * weight;
  if (product < 2 ** 50) {
    const floor = Math.floor(product / sum);
    return { floor, rest: product - floor * sum };
  }
  const [exact, by] = [BigInt(whole) * BigInt(weight), BigInt(sum)];
  return { floor: Number(exact / by), rest: Number(exact % by) };
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
