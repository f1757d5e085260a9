import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHistory } from '../../../collectors/opcua/history.ts';
import type { Sample } from '../../../collectors/opcua/sample.ts';
import type { HistoryPiece, HistoryRequest } from '../../../collectors/opcua/session.ts';

const T = Date.UTC(2026, 2, 2);
const sample = (sourceAt: number): Sample => ({
  status: 0,
  statusName: 'Good',
  value: sourceAt,
  type: 'Double',
  sourceAt,
});
const good = (samples: readonly Sample[], continuation?: Buffer): HistoryPiece => ({
  status: 0,
  statusName: 'Good',
  samples,
  continuation,
});
const bad = (statusName: string): HistoryPiece => ({ status: 0x8000_0000, statusName, samples: [] });

/** A server with these times that answers in pieces, with continuation points, without them, or forgetting every third. */
function server(times: readonly number[], piece: number, manner: 'continues' | 'cuts' | 'forgets') {
  let asked = 0;
  return (request: HistoryRequest): Promise<HistoryPiece> => {
    asked += 1;
    if (manner === 'forgets' && request.continuation && asked % 3 === 0) {
      return Promise.resolve(bad('BadContinuationPointInvalid'));
    }
    const there = times.filter((at) => at >= request.from && at <= request.to);
    const begin = request.continuation ? Number(request.continuation.toString()) : 0;
    const end = Math.min(there.length, begin + Math.min(piece, request.limit));
    const more = manner !== 'cuts' && end < there.length ? Buffer.from(String(end)) : undefined;
    return Promise.resolve(good(there.slice(begin, end).map(sample), more));
  };
}

const span = { nodeId: 'n', from: T, to: T + 1_000_000 };

test('every value between the two times comes once and in order, however the server cuts its answers', async () => {
  const times = fc.uniqueArray(fc.integer({ min: -50, max: 1_100 }), { maxLength: 120 });
  const manners = fc.constantFrom('continues' as const, 'cuts' as const, 'forgets' as const);
  await fc.assert(
    fc.asyncProperty(times, fc.integer({ min: 1, max: 60 }), manners, async (offsets, piece, manner) => {
      const all = offsets.map((offset) => T + offset * 1_000).toSorted((a, b) => a - b);
      const taken: number[] = [];
      const reason = await readHistory(server(all, piece, manner), span, (_, at) => taken.push(at));
      expect(reason).toBeUndefined();
      expect(taken).toEqual(all.filter((at) => at >= span.from && at <= span.to));
    }),
  );
});

test('a server that keeps no history says why', async () => {
  const read = (): Promise<HistoryPiece> => Promise.resolve(bad('BadHistoryOperationUnsupported'));
  expect(await readHistory(read, span, () => undefined)).toBe('BadHistoryOperationUnsupported');
});

test('no data in the span is no refusal', async () => {
  expect(
    await readHistory(
      () => Promise.resolve(bad('BadNoData')),
      span,
      () => undefined,
    ),
  ).toBeUndefined();
  expect(
    await readHistory(
      () => Promise.resolve(good([])),
      span,
      () => undefined,
    ),
  ).toBeUndefined();
});

test('a server that promises more for ever, or repeats itself, is left alone', async () => {
  const empty = (): Promise<HistoryPiece> => Promise.resolve(good([], Buffer.from('more')));
  expect(await readHistory(empty, span, () => undefined)).toBe('no-progress');
  const same = (): Promise<HistoryPiece> => Promise.resolve(good([sample(T + 5)], Buffer.from('more')));
  expect(await readHistory(same, span, () => undefined)).toBe('no-progress');
});

test('values outside of the span, or without a time, are not taken', async () => {
  const odd = [sample(T - 1), { ...sample(T), sourceAt: undefined }, sample(T + 7), sample(span.to + 1)];
  const taken: number[] = [];
  const read = ({ from }: HistoryRequest): Promise<HistoryPiece> => Promise.resolve(good(from === T ? odd : []));
  await readHistory(read, span, (_, at) => taken.push(at));
  expect(taken).toEqual([T + 7]);
});
