import type { FrameLog, LogRecord } from '../port.ts';
import { createEmbeddedConsumer } from './consumer.ts';
import type { LogFile } from './file.ts';
import { BATCH_RECORDS, boundsOf, onward, readRecords } from './read.ts';

export interface EmbeddedLogOptions {
  readonly file: LogFile;
}

/** The spool file itself as the log: nothing is copied. The file belongs to who opened it; closing the log leaves it open. */
export function openEmbeddedLog({ file }: EmbeddedLogOptions): FrameLog {
  return {
    identity: () => Promise.resolve(file.src),
    partitionCount: 1,
    producer: () => Promise.resolve({ append: file.appendValues, close: () => Promise.resolve() }),
    consumer: () => Promise.resolve(createEmbeddedConsumer(file)),
    bounds: () => Promise.resolve(new Map([[0, boundsOf(file)]])),
    scan: (partition, from) => scan(file, partition, from),
    trim: (before, committed) => file.trim(before, committed.get(0) ?? 0),
    close: () => Promise.resolve(),
  };
}

async function* scan(file: LogFile, partition: number, from: number): AsyncGenerator<readonly LogRecord[]> {
  const { high } = file.bounds();
  if (partition !== 0) return;
  for (let at = onward(file, from); at < high;) {
    const records = await readRecords(file, at, Math.min(BATCH_RECORDS, high - at));
    const last = records.at(-1);
    if (!last) return;
    at = onward(file, last.offset + 1);
    yield records;
  }
}
