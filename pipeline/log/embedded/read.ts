import type { LogBounds, LogRecord } from '../port.ts';
import type { LogFile } from './file.ts';

/** Records handed over at once: some tens of ms of folding, so that a stop or a rejoin is never far. */
export const BATCH_RECORDS = 5_000;

/** The next record's place from `at` on: past what was lost, and past nothing else. */
export const onward = (file: Pick<LogFile, 'gaps'>, at: number): number =>
  file.gaps().reduce((to, [from, end]) => (from <= to && to < end ? end : to), at);

/** What the log holds: up to its last record. */
export function boundsOf(file: LogFile): LogBounds {
  const { low, high } = file.bounds();
  return { low, high: file.gaps().reduceRight((end, [from, to]) => (to === end ? from : end), high) };
}

export async function readRecords(file: LogFile, from: number, limit: number): Promise<readonly LogRecord[]> {
  const read = await file.read(from, limit);
  return read.map(({ offset, appendedAt, value }) => ({ partition: 0, offset, appendedAt, value }));
}
