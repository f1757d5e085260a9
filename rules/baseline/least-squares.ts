/** Ordinary least squares by normal equations: a handful of columns over a year of days. */
export interface Fit {
  readonly coefficients: readonly number[];
  /** Inverse of X′X. */
  readonly inverse: readonly (readonly number[])[];
  /** Σ (y − ŷ)². */
  readonly squares: number;
}

type Matrix = readonly (readonly number[])[];

/** Undefined where the columns depend on each other (a balance point beyond all days, say). */
export function leastSquares(columns: Matrix, y: readonly number[]): Fit | undefined {
  const products = columns.map((a) => columns.map((b) => dot(a, b)));
  const inverse = inverseOf(products);
  if (!inverse) return undefined;
  const right = columns.map((column) => dot(column, y));
  const coefficients = inverse.map((row) => dot(row, right));
  const rest = residuals(columns, coefficients, y);
  return { coefficients, inverse, squares: dot(rest, rest) };
}

/** y − ŷ. */
export function residuals(columns: Matrix, coefficients: readonly number[], y: readonly number[]): readonly number[] {
  const rest = [...y];
  columns.forEach((column, of) => {
    const coefficient = coefficients[of] ?? 0;
    for (let at = 0; at < rest.length; at += 1) rest[at] = (rest[at] ?? 0) - coefficient * (column[at] ?? 0);
  });
  return rest;
}

/** v′ M v. */
export const quadratic = (matrix: Matrix, vector: readonly number[]): number =>
  dot(
    vector,
    matrix.map((row) => dot(row, vector)),
  );

export function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}

/** Gauss and Jordan with pivots, on columns scaled to a diagonal of 1 so that "nearly 0" means the same for all. */
function inverseOf(matrix: Matrix): Matrix | undefined {
  const scale = matrix.map((row, at) => Math.sqrt(row[at] ?? 0));
  if (scale.some((value) => !(value > 0))) return undefined;
  const size = matrix.length;
  const work = matrix.map((row, i) => [
    ...row.map((value, j) => value / ((scale[i] ?? 1) * (scale[j] ?? 1))),
    ...row.map((_, j) => (i === j ? 1 : 0)),
  ]);
  for (let step = 0; step < size; step += 1) {
    const below = work.slice(step).map((row) => Math.abs(row[step] ?? 0));
    const chosen = step + below.indexOf(Math.max(...below));
    const pivot = work[chosen];
    if (!pivot || Math.abs(pivot[step] ?? 0) < 1e-9) return undefined;
    work[chosen] = work[step] ?? pivot;
    const head = pivot[step] ?? 1;
    const line = pivot.map((value) => value / head);
    work[step] = line;
    for (let i = 0; i < size; i += 1) {
      const row = work[i];
      const factor = row?.[step] ?? 0;
      if (i === step || !row || factor === 0) continue;
      work[i] = row.map((value, j) => value - factor * (line[j] ?? 0));
    }
  }
  return work.map((row, i) => row.slice(size).map((value, j) => value / ((scale[i] ?? 1) * (scale[j] ?? 1))));
}
