/** What the library reads a fetch answer with: bytes, and how far it has come. */
export interface FetchCursor {
  readonly buffer: Buffer;
  offset: number;
}

/** A record of a fetch answer, with what the library and we ask of it; numbers where the library has text. */
export interface FetchedRecord {
  readonly offset: number;
  /** Epoch ms: of the append where the topic says so, else of the sender. */
  readonly timestamp: number;
  /** Of control records only, where it tells a commit from an abort. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

/** Positions in a record batch of magic 2 (Kafka protocol, Record Batch). */
const [LENGTH, ATTRIBUTES, FIRST_TIMESTAMP, MAX_TIMESTAMP, PRODUCER, COUNT, RECORDS] = [8, 21, 27, 35, 43, 57, 61];
const [CODEC, LOG_APPEND_TIME, TRANSACTIONAL, CONTROL] = [0x07, 0x08, 0x10, 0x20];

/** Bytes of the batch at the cursor with its own header; undefined where it is cut off by the size of the answer. */
export function batchEnd({ buffer, offset }: FetchCursor): number | undefined {
  const end = offset + LENGTH + 4 + buffer.readInt32BE(offset + LENGTH);
  return end <= buffer.length ? end : undefined;
}

export const isCompressed = ({ buffer, offset }: FetchCursor): boolean =>
  (buffer.readInt16BE(offset + ATTRIBUTES) & CODEC) !== 0;

/** Records of the uncompressed batch that ends at `end`. Throws RangeError where they do not fill it. */
export function readRecords({ buffer, offset }: FetchCursor, end: number): FetchedRecord[] {
  const firstOffset = wholeAt(buffer, offset);
  const attributes = buffer.readInt16BE(offset + ATTRIBUTES);
  const isAppendTime = (attributes & LOG_APPEND_TIME) !== 0;
  const base = wholeAt(buffer, offset + (isAppendTime ? MAX_TIMESTAMP : FIRST_TIMESTAMP));
  const isControlRecord = (attributes & CONTROL) !== 0;
  const batchContext = {
    producerId: String(buffer.readBigInt64BE(offset + PRODUCER)),
    inTransaction: (attributes & TRANSACTIONAL) !== 0,
  };
  const records: FetchedRecord[] = [];
  at = offset + RECORDS;
  for (let left = buffer.readInt32BE(offset + COUNT); left > 0; left--) {
    const length = varint(buffer);
    const recordEnd = at + length;
    at += 1; // attributes of a record are unused
    const timestampDelta = varint(buffer);
    const offsetDelta = varint(buffer);
    const key = bytes(buffer, isControlRecord, recordEnd);
    const value = bytes(buffer, true, recordEnd);
    if (length <= 0 || recordEnd > end || at > recordEnd) throw damaged(firstOffset);
    // what is left of it are headers, which we do not use
    at = recordEnd;
    records.push({
      offset: firstOffset + offsetDelta,
      timestamp: isAppendTime ? base : base + timestampDelta,
      key,
      value,
      isControlRecord,
      batchContext,
    });
  }
  if (at !== end) throw damaged(firstOffset);
  return records;
}

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

/** Bytes with their length before them; null: none, or not wanted. */
function bytes(buffer: Buffer, isWanted: boolean, limit: number): Buffer | null {
  const length = varint(buffer);
  if (length < 0) return null;
  const from = at;
  at += length;
  return isWanted && at <= limit ? buffer.subarray(from, at) : null;
}
