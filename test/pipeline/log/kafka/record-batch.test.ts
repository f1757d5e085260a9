import { createRequire } from 'node:module';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { KafkaMessage } from 'kafkajs';
import type { LogRecord } from '../../../../pipeline/log/port.ts';
import { type FetchCursor, packedBatch, readRecords } from '../../../../pipeline/log/kafka/record-batch.ts';

type Decode = (cursor: unknown) => Promise<{ readonly records: readonly Decoded[] }>;
interface Decoded {
  readonly offset: string | number;
  readonly timestamp: string | number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}
interface Given {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, Buffer>>;
  readonly timestampDelta: number;
  readonly gap: number;
}

const library = createRequire(import.meta.url);
const DECODER = 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
/** The library's own, read before ours takes its place. */
const theirs = library(DECODER) as Decode;
const Cursor = library('kafkajs/src/protocol/decoder.js') as new (buffer: Buffer) => FetchCursor;
const { RecordBatch } = library('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<{ readonly buffer: Buffer }>;
};
const Record = library('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => object;

const ATTRIBUTES = 21;
const bytes = fc.option(fc.uint8Array({ maxLength: 300 }));
const given = fc.record({
  key: bytes,
  value: bytes,
  headers: fc.dictionary(
    fc.string({ maxLength: 5 }),
    fc.uint8Array({ maxLength: 5 }).map((b) => Buffer.from(b)),
    {
      maxKeys: 2,
    },
  ),
  timestampDelta: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  gap: fc.integer({ min: 0, max: 100_000 }),
});
const batches = fc.record({
  records: fc.array(given, { minLength: 1, maxLength: 30 }),
  firstOffset: fc.nat({ max: 2 ** 40 }),
  firstTimestamp: fc.nat({ max: 2 ** 42 }),
  maxTimestamp: fc.nat({ max: 2 ** 42 }),
  producerId: fc.integer({ min: -1, max: 2 ** 30 }),
  flags: fc.constantFrom(0, 0x08, 0x10, 0x18, 0x30),
});
type Batch = typeof batches extends fc.Arbitrary<infer T> ? T : never;

async function encoded({ records, flags, ...batch }: Batch, compression = 0): Promise<Buffer> {
  let offsetDelta = -1;
  const list = records.map(({ gap, key, value, ...record }: Given) => {
    offsetDelta += 1 + gap;
    return Record({ ...record, offsetDelta, key: key && Buffer.from(key), value: value && Buffer.from(value) });
  });
  const { buffer } = await RecordBatch({ ...batch, compression, lastOffsetDelta: offsetDelta, records: list });
  buffer.writeInt16BE(buffer.readInt16BE(ATTRIBUTES) | flags, ATTRIBUTES);
  return buffer;
}

/** Records as a log gives them. */
const logged = (records: readonly Decoded[], from: number): readonly LogRecord[] =>
  records
    .filter(({ offset }) => Number(offset) >= from)
    .map(({ offset, timestamp, value }) => ({
      partition: 3,
      offset: Number(offset),
      appendedAt: Number(timestamp),
      value: value ?? Buffer.alloc(0),
    }));

/** Whether a batch is refused by name or what it gives lies in it. */
function readingOf(buffer: Buffer): string {
  const records: LogRecord[] = [];
  try {
    readRecords(buffer, 3, 0, records);
    return records.reduce((sum, { value }) => sum + value.length, 0) < buffer.length ? 'inside' : 'beyond';
  } catch (error) {
    return /^RangeError: the record batch at offset \d+ is damaged$/.test(String(error)) ? 'damaged' : String(error);
  }
}

describe('record batches of a fetch answer', () => {
  let ours: Decode;
  let recordsOf: (partition: number, messages: readonly KafkaMessage[], from: number) => readonly LogRecord[];
  beforeAll(async () => {
    ({ recordsOf } = await import('../../../../pipeline/log/kafka/library.ts'));
    ours = library(DECODER) as Decode;
  });

  it('give the records that the library reads, from an offset on: plain, compressed or of a transaction, one after the other', async () => {
    expect(ours).not.toBe(theirs);
    let packed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(batches, fc.boolean()), { minLength: 1, maxLength: 3 }),
        fc.nat({ max: 40 }),
        async (list, skipped) => {
          const all = Buffer.concat(await Promise.all(list.map(([b, isPacked]) => encoded(b, isPacked ? 1 : 0))));
          const [mine, other] = [new Cursor(all), new Cursor(all)];
          for (const _ of list) {
            const [found, wanted] = [(await ours(mine)).records, (await theirs(other)).records];
            expect(mine.offset).toBe(other.offset);
            const from = Number(wanted[skipped]?.offset ?? 0);
            // what stands in the place of the library's records, as it hands it over
            expect(recordsOf(3, found as unknown as readonly KafkaMessage[], from)).toEqual(logged(wanted, from));
            expect(Number(found.at(-1)?.offset)).toBe(Number(wanted.at(-1)?.offset));
            if (found.length === 1 && wanted.length > 1) packed += 1;
          }
          expect(mine.offset).toBe(all.length);
        },
      ),
      { numRuns: 200 },
    );
    expect(packed).toBeGreaterThan(20);
  });

  it('of a transaction are left to the library, which knows of aborted ones', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.constantFrom(0x10 as const, 0x18 as const, 0x30 as const), async (batch, flags) => {
        const buffer = await encoded({ ...batch, flags });
        expect(packedBatch({ buffer, offset: 0 })).toBeUndefined();
      }),
    );
  });

  it('stay where transactions of others beside them were aborted', async () => {
    type Filter = (given: object) => readonly unknown[];
    const filter = library('kafkajs/src/consumer/filterAbortedMessages.js') as Filter;
    await fc.assert(
      fc.asyncProperty(batches, async (batch) => {
        const { records } = await ours(new Cursor(await encoded({ ...batch, flags: 0 })));
        const aborted = [{ producerId: String(batch.producerId), firstOffset: '0' }];
        expect(filter({ messages: records, abortedTransactions: aborted })).toEqual(records);
      }),
    );
  });

  it('that the size of the answer cuts off are left for the next', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(), async (batch, at) => {
        const whole = await encoded(batch);
        const cut = whole.subarray(0, 49 + (at % (whole.length - 49)));
        await expect(ours(new Cursor(cut))).rejects.toMatchObject({ name: 'KafkaJSPartialMessageError' });
      }),
    );
  });

  it('that are damaged are refused by name, or give records that lie in them: nothing is read beyond', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(), fc.integer({ min: 1, max: 255 }), async (batch, at, flip) => {
        const buffer = await encoded(batch);
        const place = 57 + (at % (buffer.length - 57));
        buffer[place] = (buffer[place] ?? 0) ^ flip;
        expect(['damaged', 'inside']).toContain(readingOf(buffer));
      }),
      { numRuns: 500 },
    );
  });
});
