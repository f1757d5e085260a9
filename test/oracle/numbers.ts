/** Whole-number arithmetic of the oracle: everything that is energy is a bigint. */
export interface Ratio {
  readonly num: bigint;
  readonly den: bigint;
}

export const big = (value: number): bigint => {
  if (!Number.isSafeInteger(value)) throw new RangeError(`oracle: ${value} is not a safe integer`);
  return BigInt(value);
};

/** Division that rounds towards minus infinity. */
export const floorDiv = (a: bigint, b: bigint): bigint => {
  if (b <= 0n) throw new RangeError(`oracle: division by ${b}`);
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
};

export const ratio = (json: { readonly num: number; readonly den: number }): Ratio => ({
  num: big(json.num),
  den: big(json.den),
});

export const times = (a: Ratio, b: Ratio): Ratio => ({ num: a.num * b.num, den: a.den * b.den });

/** floor(m × value) */
export const floorTimes = (m: Ratio, value: bigint): bigint => floorDiv(m.num * value, m.den);

export const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The elements of a list, keyed and grouped, in the order of arrival. */
export const groupBy = <T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
};
