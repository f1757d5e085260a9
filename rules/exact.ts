import { invariantError, requestError } from '#domain';

/**
 * An exact ratio of whole numbers of any size, denominator > 0. Sums and products of factors stay exact; they become doubles only
 * at the edge, by `roundHalfUp`. Not kept in lowest terms: factors are decimals, so one denominator mostly divides the other.
 */
export interface Exact {
  readonly num: bigint;
  readonly den: bigint;
}

export const ZERO: Exact = { num: 0n, den: 1n };

const POWERS = Array.from({ length: 40 }, (_, n) => 10n ** BigInt(n));
const power = (n: number): bigint => POWERS[n] ?? 10n ** BigInt(n);

export const exactOf = (num: bigint | number, den: bigint | number = 1n): Exact => ({
  num: BigInt(num),
  den: BigInt(den),
});

/** Reads a decimal as written, `1234.5` or `1e-7`; a number is taken by its shortest decimal. Throws QUANTITY_INVALID. */
export function parseExact(decimal: string | number): Exact {
  if (typeof decimal === 'number' && Number.isSafeInteger(decimal)) return { num: BigInt(decimal), den: 1n };
  const match = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(String(decimal).trim());
  if (!match) {
    throw requestError('QUANTITY_INVALID', `"${decimal}" is not a number`, {
      cure: 'write digits with a point, such as 1234.5',
    });
  }
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = match;
  const shift = fraction.length - Number(exponent);
  const digits = BigInt(`${sign}${whole}${fraction}`.replace('+', ''));
  return shift > 0 ? { num: digits, den: power(shift) } : { num: digits * power(-shift), den: 1n };
}

export function add(a: Exact, b: Exact): Exact {
  if (a.den === b.den) return { num: a.num + b.num, den: a.den };
  if (b.den % a.den === 0n) return { num: a.num * (b.den / a.den) + b.num, den: b.den };
  if (a.den % b.den === 0n) return { num: a.num + b.num * (a.den / b.den), den: a.den };
  return { num: a.num * b.den + b.num * a.den, den: a.den * b.den };
}

export const negate = (a: Exact): Exact => ({ num: -a.num, den: a.den });
export const subtract = (a: Exact, b: Exact): Exact => add(a, negate(b));
export const multiply = (a: Exact, b: Exact): Exact => ({ num: a.num * b.num, den: a.den * b.den });
export const sum = (terms: readonly Exact[]): Exact => terms.reduce(add, ZERO);

/** Throws for a divisor of zero: callers ask for the denominator first. */
export function divide(a: Exact, b: Exact): Exact {
  if (b.num === 0n) throw invariantError('EXACT_ZERO', 'a figure was divided by zero');
  const sign = b.num < 0n ? -1n : 1n;
  return { num: a.num * b.den * sign, den: a.den * b.num * sign };
}

/** −1, 0 or 1. */
export function compare(a: Exact, b: Exact): number {
  const [left, right] = [a.num * b.den, b.num * a.den];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Digits after the point of every figure that leaves the rules. */
export const EDGE_DIGITS = 6;

/** value × 10^digits as a whole number, halves away from zero. */
export function scaledHalfUp({ num, den }: Exact, digits: number): bigint {
  const scaled = (num < 0n ? -num : num) * power(digits);
  const rounded = (2n * scaled + den) / (2n * den);
  return num < 0n ? -rounded : rounded;
}

/** The double nearest to the value rounded to `digits` decimals, halves away from zero: the only way out of exact figures. */
export function roundHalfUp(value: Exact, digits: number = EDGE_DIGITS): number {
  // The double is off by less than 10^-3 below 10^12, so its nearest whole number is right unless it lies that near a half.
  const near = (Number(value.num) / Number(value.den)) * 10 ** digits;
  const whole = Math.round(near);
  if (Math.abs(near) < 1e12 && Math.abs(near - whole) < 0.499) return whole / 10 ** digits + 0;
  const scaled = scaledHalfUp(value, digits);
  const double = Number(scaled);
  return Number.isSafeInteger(double) ? double / 10 ** digits : Number(decimalText(scaled, digits));
}

function decimalText(scaled: bigint, digits: number): string {
  const text = String(scaled < 0n ? -scaled : scaled).padStart(digits + 1, '0');
  return `${scaled < 0n ? '-' : ''}${text.slice(0, text.length - digits)}.${text.slice(text.length - digits)}`;
}

/**
 * Parts rounded so that they add up to their rounded total: what rounding down leaves over goes, one last digit each, to
 * the parts that lost most (the earlier one of equals).
 */
export function roundParts(parts: readonly Exact[], digits: number = EDGE_DIGITS): readonly number[] {
  const floors = parts.map(({ num, den }) => floorDivide(num * power(digits), den));
  const lost = parts.map(({ num, den }, at) => ({
    at,
    rest: { num: num * power(digits) - (floors[at] ?? 0n) * den, den },
  }));
  const left = scaledHalfUp(sum(parts), digits) - floors.reduce((a, b) => a + b, 0n);
  const raised = new Set(
    lost
      .toSorted((a, b) => compare(b.rest, a.rest) || a.at - b.at)
      .slice(0, Number(left))
      .map(({ at }) => at),
  );
  return floors.map((floor, at) =>
    roundHalfUp({ num: floor + (raised.has(at) ? 1n : 0n), den: power(digits) }, digits),
  );
}

const floorDivide = (a: bigint, b: bigint): bigint => {
  const quotient = a / b;
  return a % b !== 0n && a < 0n ? quotient - 1n : quotient;
};
