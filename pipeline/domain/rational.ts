import { requestError } from './errors.ts';

/** An exact positive ratio of safe integers in lowest terms: CT × PT, a register's scale, an allocation's share. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

export const ONE: Rational = { num: 1, den: 1 };

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Lowest terms. Throws RATIO_INVALID unless both are safe integers, num ≥ 0, den > 0. */
export function rational(num: number, den = 1): Rational {
  if (!Number.isSafeInteger(num) || !Number.isSafeInteger(den) || num < 0 || den <= 0) {
    throw requestError('RATIO_INVALID', `${num}/${den} is not a ratio of whole numbers`, {
      cure: 'write a whole number, a decimal or a fraction such as 80, 0.25 or 400/5',
    });
  }
  const divisor = gcd(num, den) || 1;
  return { num: num / divisor, den: den / divisor };
}

/** Reads 80, "80", "0.01", "400/5", "1/800". */
export function parseRational(text: string | number): Rational {
  const match = /^\s*(\d+)(?:\.(\d+))?\s*(?:\/\s*(\d+)(?:\.(\d+))?\s*)?$/.exec(String(text));
  if (!match) {
    throw requestError('RATIO_INVALID', `"${text}" is not a ratio`, {
      cure: 'write a whole number, a decimal or a fraction such as 80, 0.25 or 400/5',
    });
  }
  const [, whole = '0', decimals = '', below = '1', belowDecimals = ''] = match;
  const num = BigInt(whole + decimals) * 10n ** BigInt(belowDecimals.length);
  const den = BigInt(below + belowDecimals) * 10n ** BigInt(decimals.length);
  let [a, b] = [num, den];
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? rational(Number(num), Number(den)) : rational(Number(num / a), Number(den / a));
}

export const formatRational = (ratio: Rational): string =>
  ratio.den === 1 ? String(ratio.num) : `${ratio.num}/${ratio.den}`;

export const multiplyRational = (a: Rational, b: Rational): Rational => {
  const [x, y] = [gcd(a.num, b.den) || 1, gcd(b.num, a.den) || 1];
  return rational((a.num / x) * (b.num / y), (a.den / y) * (b.den / x));
};

/** floor(value × num / den), exact whatever the size of the product. Also for negative values (rounds down). */
export function scaleFloor(value: number, num: number, den: number): number {
  const product = value * num;
  if (Number.isSafeInteger(product)) {
    // a quotient of safe integers that is not whole can still round up to a whole double near 2^53
    const quotient = Math.floor(product / den);
    return Math.abs(product) < 2 ** 50 ? quotient : Number(floorDivide(BigInt(product), BigInt(den)));
  }
  return Number(floorDivide(BigInt(value) * BigInt(num), BigInt(den)));
}

const floorDivide = (a: bigint, b: bigint): bigint => {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
};

/** floor(value × ratio). */
export const timesFloor = (value: number, ratio: Rational): number =>
  ratio.den === 1 && ratio.num === 1 ? value : scaleFloor(value, ratio.num, ratio.den);
