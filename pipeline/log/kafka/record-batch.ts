import type { LogRecord } from '../port.ts';

/** What the library reads a fetch answer with: bytes, and how far it has come. */
export interface FetchCursor {
  readonly buffer: Buffer;
  offset: number;
}

/**
 * A record batch as it came. The library passes it on as if it were one record: of a fetch answer, which holds a batch or more of each partition, records are made
 * only as they are handed over. Numbers where the library has text.
 */
export interface PackedBatch {
  /** Of its last record. */
  readonly offset: number;
  /** The batch, its own header included. */
  readonly value: Buffer;
  readonly key: null;
  readonly isControlRecord: false;
  /** The library asks it where an answer tells of aborted transactions. */
  readonly batchContext: { readonly inTransaction: false };
  readonly isPacked: true;
}

/** Positions in a record batch of magic 2 (Kafka protocol, Record Batch). */
const [LENGTH, ATTRIBUTES, LAST_OFFSET, FIRST_TIMESTAMP, MAX_TIMESTAMP, COUNT, RECORDS] = [8, 21, 23, 27, 35, 57, 61];
const [CODEC, LOG_APPEND_TIME, TRANSACTIONAL, CONTROL] = [0x07, 0x08, 0x10, 0x20];

/** The batch at the cursor; undefined where it is the library's to read: one that is compressed, empty, part of a transaction or cut off by the size of the answer. */
export function packedBatch({ buffer, offset }: FetchCursor): PackedBatch | undefined {
  const end = offset + LENGTH + 4 + buffer.readInt32BE(offset + LENGTH);
  if (end > buffer.length || end <= offset + RECORDS) return undefined;
  if ((buffer.readInt16BE(offset + ATTRIBUTES) & (CODEC | TRANSACTIONAL | CONTROL)) !== 0) return undefined;
  if (buffer.readInt32BE(offset + COUNT) <= 0) return undefined;
  return {
    offset: wholeAt(buffer, offset) + buffer.readInt32BE(offset + LAST_OFFSET),
    value: buffer.subarray(offset, end),
    key: null,
    isControlRecord: false,
    batchContext: { inTransaction: false },
    isPacked: true,
  };
}

/** Puts the records of a batch from an offset on to `into`. Throws RangeError where they do not fill it. */
export function readRecords(buffer: Buffer, partition: number, from: number, into: LogRecord[]): void {
  const firstOffset = wholeAt(buffer, 0);
  const isAppendTime = (buffer.readInt16BE(ATTRIBUTES) & LOG_APPEND_TIME) !== 0;
  const base = wholeAt(buffer, isAppendTime ? MAX_TIMESTAMP : FIRST_TIMESTAMP);
  at = RECORDS;
  for (let left = buffer.readInt32BE(COUNT); left > 0; left--) {
    const length = varint(buffer);
    const end = at + length;
    at += 1; // attributes of a record are unused
    const timestampDelta = varint(buffer);
    const offset = firstOffset + varint(buffer);
    pass(buffer); // the key: a frame names its device
    const valueLength = varint(buffer);
    const valueEnd = at + Math.max(0, valueLength);
    if (length <= 0 || end > buffer.length || valueEnd > end) throw damaged(firstOffset);
    if (offset >= from)
      into.push({
        partition,
        offset,
        appendedAt: isAppendTime ? base : base + timestampDelta,
        // one without bytes is poison, to be judged like any
        value: valueLength < 0 ? EMPTY : buffer.subarray(at, valueEnd),
      });
    // what is left of it are headers, which we do not use
    at = end;
  }
  if (at !== buffer.length) throw damaged(firstOffset);
}

export const EMPTY = Buffer.alloc(0);

const damaged = (firstOffset: number): RangeError =>
  new RangeError(`the record batch at offset ${firstOffset} is damaged`);

/** Where the last read ended. */
let at = 0;

/** A whole number of 64 bits, as offsets and times are: below 2^53. */
const wholeAt = (buffer: Buffer, position: number): number =>
  buffer.readInt32BE(position) * 2 ** 32 + buffer.readUInt32BE(position + 4);

/** Zigzag; up to 64 bits, exact to 53. */
function varint(buffer: Buffer): number {
  let byte = buffer[at++] ?? 0;
  if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
  let [value, scale] = [byte & 0x7f, 0x80];
  do {
    byte = buffer[at++] ?? 0;
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
  } while (byte >= 0x80);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Goes past bytes with their length before them. */
function pass(buffer: Buffer): void {
  const length = varint(buffer);
  if (length > 0) at += length;
}
