/**
 * The file that the embedded log is: the spool satisfies it (collectors/spool), `api/cli` hands it over. One partition,
 * offset = seq, without gaps but for what a torn file has lost.
 */
export interface LogFile {
  /** New whenever a file is created: the identity of the log. */
  readonly src: string;
  readonly appendValues: (records: readonly { readonly device: string; readonly value: Uint8Array }[]) => Promise<void>;
  /** From `from` on, or from the first that is kept; at most `limit` and a few MB. */
  readonly read: (
    from: number,
    limit: number,
  ) => Promise<readonly { readonly offset: number; readonly appendedAt: number; readonly value: Uint8Array }[]>;
  readonly bounds: () => { readonly low: number; readonly high: number };
  /** Ranges [from, to) below `high` that were lost, ascending: no record has them, and none ever will. */
  readonly gaps: () => readonly (readonly [from: number, to: number])[];
  /** Calls back after each commit; gives the way to stop. */
  readonly onAppend: (listener: () => void) => () => void;
  /** All below offset `below` are committed downstream; those taken before `before` (epoch ms) may go. */
  readonly trim: (before: number, below: number) => Promise<number>;
}
