import { requestError } from '#domain';
import { type Exact, exactOf, roundParts } from '../exact.ts';

/**
 * `total` in whole parts that stand to each other as `weights` and add up to it exactly (largest remainder, the earlier one of equals). Where
 * no weight is above 0 the parts are equal. Throws SPLIT_INVALID.
 */
export function splitExact(total: number, weights: readonly (number | bigint)[]): readonly number[] {
  const whole = weights.map((weight) => weightOf(weight));
  if (!Number.isSafeInteger(total) || total < 0 || whole.length === 0) {
    throw requestError('SPLIT_INVALID', `${total} cannot be split into ${weights.length} parts`, {
      cure: 'give a whole number of at least 0 and at least one part',
    });
  }
  const sum = whole.reduce((a, b) => a + b, 0n);
  const parts: readonly Exact[] = whole.map((weight) =>
    sum === 0n ? exactOf(total, whole.length) : exactOf(BigInt(total) * weight, sum),
  );
  return roundParts(parts, 0);
}

function weightOf(weight: number | bigint): bigint {
  if (weight >= 0 && (typeof weight === 'bigint' || Number.isSafeInteger(weight))) return BigInt(weight);
  throw requestError('SPLIT_INVALID', `${weight} is no weight`, { cure: 'give whole numbers of at least 0' });
}
