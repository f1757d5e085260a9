import type { FrameDraft } from '#domain';

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
  /** Oldest frames not yet acknowledged, in `seq` order. */
  readonly peek: (limit: number) => Promise<readonly SpooledFrame[]>;
  /** The log has them all up to and including this seq. */
  readonly acknowledge: (seq: number) => Promise<void>;
  readonly depth: () => { readonly frames: number; readonly oldestAt?: number | undefined; readonly bytes: number };
  readonly close: () => Promise<void>;
}

export interface SpooledFrame {
  readonly seq: number;
  readonly device: string;
  readonly value: Uint8Array;
}
