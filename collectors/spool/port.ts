import type { FrameDraft, SeqRange, SeqSet } from '#domain';

/**
 * Store and forward: every frame is on disk before it is offered to the log, and leaves only after the log has
 * acknowledged. One SQLite file, one connection, WAL, synchronous=FULL, group commit. In the embedded set-up the file is
 * the log as well (pipeline/log/embedded reads it).
 */
export interface Spool {
  /** 8 hexadecimal digits, new whenever a spool file is created. */
  readonly src: string;
  /** Gives each draft the next `seq` and resolves when all are durable. Concurrent calls share one commit. */
  readonly append: (drafts: readonly FrameDraft[]) => Promise<void>;
  /** What is not acknowledged, ascending. */
  readonly pending: () => SeqSet;
  /** Frames of `range`, in `seq` order: from its first on, at most about 2 MB of them. */
  readonly peek: (range: SeqRange) => Promise<readonly SpooledFrame[]>;
  /** The log has all of this range; they may be any, not only the oldest. */
  readonly acknowledge: (range: SeqRange) => Promise<void>;
  readonly depth: () => { readonly frames: number; readonly oldestAt?: number | undefined; readonly bytes: number };
  readonly close: () => Promise<void>;
}

export interface SpooledFrame {
  readonly seq: number;
  readonly device: string;
  readonly value: Uint8Array;
}

/** The spool where its file is the log as well: what pipeline/log/embedded needs of it, and what relays and imports use. */
export interface SpoolFile extends Spool {
  /** Appends finished values, byte for byte: readings of other sources, and whatever else is to be judged downstream. */
  readonly appendValues: (records: readonly { readonly device: string; readonly value: Uint8Array }[]) => Promise<void>;
  /** Frames from seq `from` on, acknowledged or not, at most `limit` and about 2 MB; `offset` is the seq. */
  readonly read: (
    from: number,
    limit: number,
  ) => Promise<readonly { readonly offset: number; readonly appendedAt: number; readonly value: Uint8Array }[]>;
  /** First seq kept, and the next to be given. */
  readonly bounds: () => { readonly low: number; readonly high: number };
  /** Numbers below the next that the file has lost, ascending: no frame has them, and none ever will. */
  readonly gaps: () => SeqSet;
  /** Numbers below `below` were read from this file once: none of them is given again, and those that it lacks are a gap. */
  readonly skip: (below: number) => Promise<void>;
  /** Aborts when the file takes and gives nothing any more until the program starts again; the reason is the error. */
  readonly lost: AbortSignal;
  /** The program ends: nobody is held up by a full disk any more, what it does not take is rejected. */
  readonly holdNoMore: () => void;
  /** Calls back after each commit; gives the way to stop. */
  readonly onAppend: (listener: () => void) => () => void;
  /** Acknowledges all below seq `below`, and forgets those of them that were taken before `before` (epoch ms). Answers how many went. */
  readonly trim: (before: number, below: number) => Promise<number>;
}
