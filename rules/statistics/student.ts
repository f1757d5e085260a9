import { bisect, gammaln } from 'simple-statistics';

const TINY = 1e-300;
const EXACT_ENOUGH = 1e-14;

/** Continued fraction of the incomplete beta function (modified Lentz); converges fast for x < (a + 1) / (a + b + 2). */
function fraction(x: number, a: number, b: number): number {
  const safe = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / safe(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 500; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / safe(1 + even * d);
    c = safe(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / safe(1 + odd * d);
    c = safe(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < EXACT_ENOUGH) break;
  }
  return result;
}

/** Regularised incomplete beta function I_x(a, b), a and b > 0. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b;
}

/** P(|T| > |t|) of Student's distribution. `freedom` > 0, need not be whole. */
export const studentTwoSided = (t: number, freedom: number): number =>
  incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);

/** The t that |T| exceeds with probability 1 − `confidence`: 2.228 for 0.95 and 10 degrees of freedom. */
export function studentQuantile(confidence: number, freedom: number): number {
  const beyond = (t: number): number => studentTwoSided(t, freedom) - (1 - confidence);
  let high = 2;
  while (beyond(high) > 0) high *= 2;
  return bisect(beyond, 0, high, 200, 1e-10);
}
