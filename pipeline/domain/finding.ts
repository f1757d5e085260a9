/** What the ledger says about a register, derived from its brackets and events (ledger.md, 3.3). */
export const FINDING_KINDS = ['outlier', 'pending', 'break', 'gap', 'conflict'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  readonly kind: FindingKind;
  readonly mounting: string;
  readonly device: string;
  readonly register: string;
  /** outlier, pending, conflict: the reading's instant, twice. break, gap: the two believed readings around it. */
  readonly from: number;
  readonly to: number;
  /** Face values at `from` and `to`; of a conflict the winner and the other. */
  readonly fromValue: number;
  readonly toValue: number;
  /** Of a break: that an event explains it (a reset, or an admitted amount). */
  readonly explained?: boolean | undefined;
}
