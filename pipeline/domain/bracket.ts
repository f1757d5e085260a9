/** How far a reading is trusted where two claim one instant (ledger.md, 3.2). */
export const RANK = { uncertain: 0, good: 1, event: 2 } as const;
export type Rank = (typeof RANK)[keyof typeof RANK];

/** A reading as a bracket keeps it: epoch ms, face value (safe integer), rank, and the second greatest claim at that instant. */
export interface Stamp {
  readonly at: number;
  readonly value: number;
  readonly rank: Rank;
  readonly other?: { readonly value: number; readonly rank: Rank } | undefined;
}

/** Earliest and latest reading between `start` (a slot's start, or a cut within the slot) and the next start. */
export interface Bracket {
  readonly start: number;
  readonly first: Stamp;
  readonly last: Stamp;
}

/** Gauge over a slot: never summed. Values in the register's unit. */
export interface GaugeSlot {
  readonly start: number;
  readonly min: number;
  readonly max: number;
  /** Greatest (at, value) of the slot. */
  readonly lastAt: number;
  readonly last: number;
}
