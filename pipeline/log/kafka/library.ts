import { createRequire } from 'node:module';
import type * as Library from 'kafkajs';
import type { LogRecord } from '../port.ts';
import { EMPTY, type FetchCursor, packedBatch, readRecords } from './record-batch.ts';

/**
 * kafkajs, but for how it decodes record batches, looks for requests that wait and connects again. A dozen objects and as many big integers for each record were a quarter of what a worker
 * spends when it drains (ADR 108). Must be loaded before anything else loads the library; where it is not, the library's own decoder goes on.
 */
const require = createRequire(import.meta.url);
const DECODER = 'kafkajs/src/protocol/recordBatch/v0/decoder.js';

type Decode = (cursor: FetchCursor) => Promise<{ readonly records: readonly unknown[] }>;

const original = require(DECODER) as Decode; // of the pinned version; record-batch.test.ts holds ours against it

const decode = async (cursor: FetchCursor): ReturnType<Decode> => {
  const batch = packedBatch(cursor);
  if (!batch) return original(cursor);
  cursor.offset += batch.value.length;
  return { records: [batch] };
};

const loaded = require.cache[require.resolve(DECODER)];
if (loaded) loaded.exports = decode;

/** What a connection has to do with requests that wait for others, or for a broker that throttles. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: () => void;
}

/** By itself a connection looks for them about a thousand times a second from its first answer on, whether there are any or not (ADR 115). */
const queue = (require('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueue }).prototype;
const { scheduleCheckPendingRequests } = queue;
queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
};

/** What a connection has received of answers that are not yet complete. */
interface Connection {
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  readonly isConnected: () => boolean;
  connect: () => Promise<boolean>;
}

const LENGTH_BYTES = 4;

/** By itself a connection that broke off within an answer takes what comes after it was made anew for the rest of that, and understands nothing any more: each request waits for its time-out. */
const connection = (require('kafkajs/src/network/connection') as { readonly prototype: Connection }).prototype;
const { connect } = connection;
connection.connect = function (this: Connection) {
  if (!this.isConnected()) Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: LENGTH_BYTES });
  return connect.call(this);
};

export const kafkajs = require('kafkajs') as typeof Library;

/** Records of what the library hands over, from an offset on. Throws KafkaJSNonRetriableError where a batch is damaged. */
export function recordsOf(
  partition: number,
  messages: readonly Library.KafkaMessage[],
  from: number,
): readonly LogRecord[] {
  const records: LogRecord[] = [];
  for (const message of messages) {
    const value = message.value ?? EMPTY;
    const offset = Number(message.offset);
    if ('isPacked' in message) unpack(value, partition, from, records);
    else if (offset >= from) records.push({ partition, offset, appendedAt: Number(message.timestamp), value });
  }
  return records;
}

function unpack(batch: Buffer, partition: number, from: number, into: LogRecord[]): void {
  try {
    readRecords(batch, partition, from, into);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new kafkajs.KafkaJSNonRetriableError(error.message);
  }
}
