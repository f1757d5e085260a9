import { type Sample, severityOf } from './sample.ts';
import type { HistoryPiece, HistoryRequest } from './session.ts';

/** Values asked for at once. Servers may give fewer. */
const LIMIT = 1_000;
/** Answers in a row that bring nothing newer, and yet promise more. */
const MOST_STALLS = 3;

/**
 * Reads all that a server kept of one node between two source times (both included, epoch ms), piece by piece. It follows
 * continuation points; and because a server may cut without one, or drop it, it asks again from after the last value
 * until nothing newer comes. Of values within one millisecond that a cut separates, the later ones are passed over.
 * Resolves with the server's reason where it keeps no history, else with nothing.
 */
export async function readHistory(
  read: (request: HistoryRequest) => Promise<HistoryPiece>,
  span: { readonly nodeId: string; readonly from: number; readonly to: number },
  take: (sample: Sample, at: number) => void,
): Promise<string | undefined> {
  let { from } = span;
  let continuation: Buffer | undefined;
  let newest = from - 1;
  let stalls = 0;
  while (from <= span.to) {
    const piece = await read({ ...span, from, limit: LIMIT, continuation });
    const refused = severityOf(piece.status) === 'bad' && piece.statusName !== 'BadNoData';
    if (refused && continuation === undefined) return piece.statusName;
    const before = newest;
    for (const sample of piece.samples) {
      const { sourceAt } = sample;
      if (sourceAt === undefined || sourceAt < from || sourceAt > span.to) continue;
      take(sample, sourceAt);
      newest = Math.max(newest, sourceAt);
    }
    stalls = newest > before ? 0 : stalls + 1;
    if (stalls >= MOST_STALLS) return 'no-progress';
    continuation = refused ? undefined : piece.continuation;
    if (continuation !== undefined) continue;
    if (newest < from) return undefined;
    from = newest + 1;
  }
  return undefined;
}
