/** A list in runs that follow one another, each of at most so much in all, or of one item that alone is more. */
export function* inRuns<T>(items: readonly T[], most: number, sizeOf: (item: T) => number): Generator<readonly T[]> {
  let [from, size] = [0, 0];
  for (const [i, item] of items.entries()) {
    const own = sizeOf(item);
    if (i > from && size + own > most) {
      yield items.slice(from, i);
      [from, size] = [i, 0];
    }
    size += own;
  }
  if (from < items.length) yield items.slice(from);
}

/** Least and greatest of numbers, which may be more than a call takes arguments. */
export const spanOf = (numbers: readonly number[]): { readonly from: number; readonly to: number } => ({
  from: numbers.reduce((least, each) => Math.min(least, each), Infinity),
  to: numbers.reduce((most, each) => Math.max(most, each), -Infinity),
});
