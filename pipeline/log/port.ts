import type { Frame } from '#domain';

/**
 * The log: an ordered, partitioned, durable record of frames (architecture.md, The frame). Two adapters, `embedded/` (the
 * spool file itself) and `kafka/`, held by one conformance suite in test/contract/log.
 */
export interface LogRecord {
  readonly partition: number;
  readonly offset: number;
  /** Epoch ms, stamped by the log when it took the record; admission judges by it, so that a replay judges alike. */
  readonly appendedAt: number;
  /** Exactly the bytes that were appended. */
  readonly value: Uint8Array;
}

export interface LogBounds {
  /** First offset still retained. */
  readonly low: number;
  /** One past the last record. The next one gets this offset, or a later one where records were lost. */
  readonly high: number;
}

export interface LogProducer {
  /** Resolves when every record is durable (fsync, or acks=all). Records of one device keep their order. May repeat after a failure; delivery is idempotent by (src, seq). */
  readonly append: (records: readonly { readonly device: string; readonly value: Uint8Array }[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface LogConsumerHandlers {
  /** Called before the first record of newly assigned partitions; answers the offset to start from, per partition, from SQL. */
  readonly assigned: (partitions: readonly number[]) => Promise<ReadonlyMap<number, number>>;
  /** Records of one partition in offset order, without gaps but for compaction, retention and what a torn file lost. The next batch of the partition comes only after this resolves. */
  readonly records: (partition: number, records: readonly LogRecord[]) => Promise<void>;
  /** The partitions belong to somebody else now: drop what is in flight. */
  readonly revoked: (partitions: readonly number[]) => Promise<void>;
  /** All that was in the log when it was asked has been handed over; called again after each catching up. */
  readonly caughtUp?: ((partition: number) => Promise<void>) | undefined;
}

export interface LogConsumer {
  /** Resolves when stopped; rejects where it cannot go on: an offset outside what is retained (LOG_OFFSET_LOST), a log that is not the one the offset came from (LOG_REPLACED). Never skips. */
  readonly run: (handlers: LogConsumerHandlers) => Promise<void>;
  /** Drops and reassigns all partitions, so that `assigned` is asked again: after a fenced commit. */
  readonly rejoin: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface FrameLog {
  /** Identity of the log: a new spool file or a recreated topic has another one. */
  readonly identity: () => Promise<string>;
  readonly partitionCount: number;
  readonly producer: () => Promise<LogProducer>;
  readonly consumer: () => Promise<LogConsumer>;
  readonly bounds: () => Promise<ReadonlyMap<number, LogBounds>>;
  /** Reads a partition's retained records in order, from an offset on, up to the high mark of now. For rejoining, reconcile and replay. */
  readonly scan: (partition: number, from: number) => AsyncIterable<readonly LogRecord[]>;
  /** The embedded log may forget what is older than `before` (epoch ms) and below the committed offset. */
  readonly trim: (before: number, committed: ReadonlyMap<number, number>) => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Device → partition is ours and stored with the topic: FNV-1a (32 bit) of the UTF-8 of the device id, modulo the count. */
export function partitionOf(device: string, partitionCount: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(device)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % partitionCount;
}

export const encodeFrame = (frame: Frame): Uint8Array => Buffer.from(JSON.stringify(frame));
