import { createRequire } from 'node:module';
import type * as Library from 'kafkajs';
import { batchEnd, type FetchCursor, type FetchedRecord, isCompressed, readRecords } from './record-batch.ts';

/**
 * kafkajs, but for how it decodes record batches: a dozen objects and as many big integers for each record were a quarter of what a worker
 * spends when it drains (ADR 108). Must be loaded before anything else loads the library; where it is not, the library's own decoder goes on.
 */
const require = createRequire(import.meta.url);
const DECODER = 'kafkajs/src/protocol/recordBatch/v0/decoder.js';

type Decode = (cursor: FetchCursor) => Promise<{ readonly records: readonly unknown[] }>;

const original = require(DECODER) as Decode; // of the pinned version; record-batch.test.ts holds ours against it

const decode = async (cursor: FetchCursor): ReturnType<Decode> => {
  const end = batchEnd(cursor);
  // a batch cut off is for the library to refuse in its own way
  if (end === undefined || isCompressed(cursor)) return original(cursor);
  const records = recordsOf(cursor, end);
  cursor.offset = end;
  return { records };
};

function recordsOf(cursor: FetchCursor, end: number): readonly FetchedRecord[] {
  try {
    return readRecords(cursor, end);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new kafkajs.KafkaJSNonRetriableError(error.message);
  }
}

const loaded = require.cache[require.resolve(DECODER)];
if (loaded) loaded.exports = decode;

export const kafkajs = require('kafkajs') as typeof Library;
