import type { LogRecord } from '../port.ts';
import type { LogFile } from './file.ts';

/** Records handed over at once: some tens of ms of folding, so that a stop or a rejoin is never far. */
export const BATCH_RECORDS = 5_000;

export async function readRecords(file: LogFile, from: number, limit: number): Promise<readonly LogRecord[]> {
  const read = await file.read(from, limit);
  return read.map(({ offset, appendedAt, value }) => ({ partition: 0, offset, appendedAt, value }));
}
