import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { MeterEventBody, Registry } from '../../../pipeline/domain/index.ts';
import { openService } from '../../../pipeline/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { consumeAll } from '../../support/run-books.ts';
import { local, SITE } from '../../support/small-site.ts';
import {
  figures,
  frame,
  offset,
  records,
  recordEvent,
  registry,
  settle,
  withoutCounts,
  withRegister,
  workersByHand,
} from './workers-by-hand.ts';

const { planted, start, wanted } = workersByHand();

const replacement: MeterEventBody = {
  kind: 'replacement',
  point: 'p',
  at: local('2026-03-02T10:25'),
  serial: 's2',
  final: 5_100,
  initial: 5_101,
};

/** What the books show where the replacement was known before the first reading. */
async function wantedWithReplacement(): Promise<readonly string[]> {
  const known = await planted();
  await recordEvent(known, replacement);
  return (await consumeAll(known, memoryLog(records))).text.split('\n');
}

describe('an event recorded while a worker holds the rows', () => {
  it('parts the slot for good: what memory joined before is not written over it', async () => {
    const books = await planted();
    const a = start(books);
    await a.driven.assign();
    await a.commit(0, 30);
    await recordEvent(books, replacement);
    await settle(books);
    await a.commit(30, 60);
    expect(a.driven.rejoins()).toBe(1);
    expect(await offset(books)).toMatchObject({ next_offset: 30 });
    const from = await a.driven.assign();
    expect(from).toBe(30);
    await a.commit(from, 60);
    await settle(books);
    expect(await figures(books)).toEqual(await wantedWithReplacement());
  });

  it('also where the worker had folded, but not committed, the readings of that slot', async () => {
    const books = await planted();
    const a = start(books);
    await a.driven.assign();
    await a.commit(0, 12);
    await a.driven.hand(12, 30);
    await recordEvent(books, replacement);
    await settle(books);
    await a.commit(30, 40);
    expect(a.driven.rejoins()).toBe(1);
    await a.commit(await a.driven.assign(), 60);
    await settle(books);
    expect(await figures(books)).toEqual(await wantedWithReplacement());
  });
});

describe('an event recorded between the last record and the commit', () => {
  it('makes the commit begin again: nothing joined without its cut is written', async () => {
    const books = await planted();
    const a = start(books);
    await a.driven.assign();
    await a.driven.hand(0, 30);
    await recordEvent(books, replacement);
    await settle(books);
    await a.checkpoint();
    expect(a.driven.rejoins()).toBe(1);
    expect(await offset(books)).toMatchObject({ next_offset: 0, folded: 0 });
    await a.commit(await a.driven.assign(), 60);
    await settle(books);
    expect(await figures(books)).toEqual(await wantedWithReplacement());
  });
});

describe('quarantine', () => {
  it.each([
    ['a record of zeros', Buffer.alloc(16)],
    ['a frame that is broken by a zero', Buffer.from('{"v":1,\0')],
    ['a frame with a zero in the name of a register', frame(99, '2026-03-02T08:05', 5, 'e\0').value],
  ])('takes %s and goes on', async (_what, value) => {
    const books = await planted();
    const poison = { device: 'd-p', appendedAt: local('2026-03-02T12:00'), value };
    await consumeAll(books, memoryLog([...records.slice(0, 30), poison, ...records.slice(30)]));
    expect(await offset(books)).toMatchObject({ next_offset: 61, folded: 60, quarantined: 1 });
    const kept = await books.db.selectFrom('quarantine').select('payload').executeTakeFirstOrThrow();
    expect(kept.payload.equals(value)).toBe(true);
  });

  it.each([Number.MAX_SAFE_INTEGER, 999_999_999_999_999])(
    'takes a frame of the number %i, to which no spool comes, and nothing is missing up to it',
    async (seq) => {
      const books = await planted();
      await consumeAll(books, memoryLog([...records, frame(seq, '2026-03-02T18:05', 5)]));
      const service = openService({ books, clock: systemClock, telemetry: silentTelemetry() });
      expect((await service.status()).partitions).toMatchObject([{ folded: 60, quarantined: 1, missing: 0 }]);
      const { items } = await service.quarantine({ limit: 5 });
      expect(items).toMatchObject([{ reason: 'not-a-frame', detail: expect.stringMatching(/^seq \d+ is beyond/) }]);
      // what an earlier release has taken of it
      await sql`update log_source set seqs = seqs + int8multirange(int8range(${seq}, null))`.execute(books.db);
      expect((await service.status()).partitions).toMatchObject([{ missing: 0 }]);
      await service.stop();
    },
  );

  it('gives back, once the site file knows a register, books that equal those that knew it from the start', async () => {
    const unknown = Array.from({ length: 12 }, (_, i) =>
      frame(100 + i, `2026-03-02T${String(i + 8).padStart(2, '0')}:30`, 900 + i, 'later'),
    );
    const given = [...records, ...unknown, frame(200, '2026-03-02T09:00', -4, 'later')];
    const taught = withRegister(registry);
    const mounted: Registry = {
      ...taught,
      points: [...taught.points, ...taught.points.map((p) => ({ ...p, id: 'q' }))],
      mountings: [
        ...taught.mountings,
        ...taught.mountings.map((m) => ({ ...m, id: 'q/s1', point: 'q', register: 'later' })),
      ],
    };
    const books = await planted();
    const log = memoryLog(given);
    await consumeAll(books, log);
    const service = openService({ books, log, clock: systemClock, telemetry: silentTelemetry() });
    expect((await service.status()).quarantineOpen).toEqual({ 'unknown-register': 13 });
    const page = await service.quarantine({ limit: 5, site: SITE });
    expect(page.items.map((q) => [q.offset, q.register, q.reason])).toEqual(
      [60, 61, 62, 63, 64].map((o) => [o, 'later', 'unknown-register']),
    );
    expect((await service.quarantine({ limit: 50, ...(page.next ? { cursor: page.next } : {}) })).items).toHaveLength(
      8,
    );
    await expect(service.quarantine({ limit: 5, cursor: 'x' })).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
    expect(await service.replayQuarantine({ site: SITE })).toEqual({ admitted: 0, refused: 13 });
    await service.applyRegistry(mounted, { take: 'additions', commit: true });
    expect(await service.replayQuarantine({ site: SITE })).toEqual({ admitted: 12, refused: 1 });
    expect(await service.replayQuarantine({ site: SITE })).toEqual({ admitted: 0, refused: 1 });
    await service.settle();
    await service.stop();
    expect(withoutCounts(await figures(books))).toEqual(withoutCounts(await wanted(mounted, given)));
  });
});
