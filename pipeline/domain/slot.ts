/** A slot is a base interval aligned to UTC (ledger.md, 2); its start names it. */
export const SLOT_MINUTES = [15, 30, 60] as const;
export type SlotMinutes = (typeof SLOT_MINUTES)[number];

export const slotStart = (at: number, slotMs: number): number => Math.floor(at / slotMs) * slotMs;

/**
 * Start of the bracket that holds `at`: the start of its slot, or a later cut in that slot at or before `at`. Cuts are
 * instants at which readings change side: a meter is mounted or removed, a register reset, an exclusion begins or ends.
 */
export function bracketStart(at: number, slotMs: number, cuts: readonly number[]): number {
  let start = slotStart(at, slotMs);
  for (const cut of cuts) if (cut <= at && cut > start) start = cut;
  return start;
}
