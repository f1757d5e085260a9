/** Repeatable randomness: the same seed gives the same world, on every machine. */
export interface Random {
  /** Whole number, both ends included. */
  readonly int: (least: number, greatest: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(choices: readonly T[]) => T;
  readonly shuffled: <T>(items: readonly T[]) => T[];
}

/** Mulberry32: 32 bits of state are plenty for a test. */
export const randomOf = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (least: number, greatest: number): number => least + Math.floor(next() * (greatest - least + 1));
  const pick = <T>(choices: readonly T[]): T => {
    if (choices.length === 0) throw new Error('world: nothing to pick from');
    // The index is within the list, and `undefined` may itself be a choice.
    return choices[int(0, choices.length - 1)] as T;
  };
  const shuffled = <T>(items: readonly T[]): T[] => {
    const rest = [...items];
    return items.flatMap(() => rest.splice(int(0, rest.length - 1), 1));
  };
  return { int, chance: (probability) => next() < probability, pick, shuffled };
};
