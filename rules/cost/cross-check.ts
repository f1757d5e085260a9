/** How far a unit price may lie from what is expected before someone should look at the bill. Ours, not a standard's. */
export const SUSPICIOUS_DEVIATION = 0.2;

/** Months needed before neighbours say anything. */
const LEAST_NEIGHBOURS = 3;

export interface PriceCheck {
  readonly against: 'tariff' | 'neighbours';
  readonly expected: number;
  /** price ÷ expected − 1. */
  readonly deviation: number;
  readonly suspicious: boolean;
}

/** A unit price (cost ÷ quantity) against the tariff's, else against the median of its neighbours; undefined where neither is known. */
export function checkPrice(
  price: number,
  tariff: number | undefined,
  neighbours: readonly number[],
): PriceCheck | undefined {
  const expected = tariff ?? (neighbours.length >= LEAST_NEIGHBOURS ? median(neighbours) : undefined);
  if (expected === undefined || expected <= 0 || !Number.isFinite(price)) return undefined;
  const deviation = price / expected - 1;
  return {
    against: tariff === undefined ? 'neighbours' : 'tariff',
    expected,
    deviation,
    suspicious: Math.abs(deviation) > SUSPICIOUS_DEVIATION,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1] ?? 0, sorted[middle] ?? 0];
  return (low + high) / 2;
}
