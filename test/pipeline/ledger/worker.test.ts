import { describe, expect, it, vi } from 'vitest';
import type { Books } from '../../../pipeline/books/index.ts';
import { openService } from '../../../pipeline/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { consumeAll } from '../../support/run-books.ts';
import {
  figures,
  frame,
  offset,
  records,
  registry,
  settle,
  withoutCounts,
  withRegister,
  workersByHand,
} from './workers-by-hand.ts';

const { planted, start, wanted } = workersByHand();

describe('two workers on one partition', () => {
  it('the one that was overtaken is fenced: it writes nothing more and begins again', async () => {
    const books = await planted();
    const [a, b] = [start(books), start(books)];
    expect(await a.driven.assign()).toBe(0);
    await a.commit(0, 10);
    await a.driven.hand(10, 20);
    expect(await b.driven.assign()).toBe(10);
    await b.commit(10, 35);
    await a.commit(20, 30);
    expect([a.driven.rejoins(), b.driven.rejoins()]).toEqual([1, 0]);
    await a.commit(30, 40);
    expect(await offset(books)).toMatchObject({ next_offset: 35, epoch: 2, records: 35, folded: 35 });
    await b.commit(35, 60);
    expect(await offset(books)).toMatchObject({ next_offset: 60, records: 60, readings: 60, folded: 60 });
    await settle(books);
    expect(await figures(books)).toEqual(await wanted());
  });

  it('hand the partition to and fro without losing or doubling a reading', async () => {
    const books = await planted();
    const hands = [start(books), start(books), start(books)];
    for (let turn = 0, next = 0; next < records.length; turn++) {
      const hand = hands[turn % hands.length];
      const rival = hands[(turn + 1) % hands.length];
      next = (await hand?.driven.assign()) ?? 0;
      await hand?.commit(next, next + 7);
      await rival?.commit(next, next + 9);
      next = (await offset(books)).next_offset;
    }
    expect(await offset(books)).toMatchObject({ next_offset: 60, records: 60, readings: 60, folded: 60 });
    await settle(books);
    expect(await figures(books)).toEqual(await wanted());
  });
});

describe('a commit', () => {
  it('that died on the way is done again from the committed offset', async () => {
    const books = await planted();
    const a = start(failing(books, 'before'));
    await a.driven.assign();
    await expect(a.commit(0, 25)).rejects.toThrow('connection lost');
    expect(await offset(books)).toMatchObject({ next_offset: 0, folded: 0 });
    const b = start(books);
    expect(await b.driven.assign()).toBe(0);
    await b.commit(0, 60);
    await settle(books);
    expect(await figures(books)).toEqual(await wanted());
  });

  it('whose outcome is unknown is looked up, not guessed: done, it counts once', async () => {
    const books = await planted();
    const a = start(failing(books, 'after'));
    await a.driven.assign();
    await a.commit(0, 25);
    await a.commit(25, 60);
    expect(await offset(books)).toMatchObject({ next_offset: 60, records: 60, readings: 60, folded: 60 });
    await settle(books);
    expect(await figures(books)).toEqual(await wanted());
  });

  it('does not wait until a worker that is told to stop has left the group', async () => {
    const books = await planted();
    const left = Promise.withResolvers<void>();
    const a = start(books, records, left.promise);
    await a.driven.assign();
    await a.driven.hand(0, 25);
    expect(await offset(books)).toMatchObject({ next_offset: 0 });
    a.stop();
    await vi.waitUntil(async () => (await offset(books)).next_offset === 25, 5_000).finally(left.resolve);
  });

  it('after which the process died leaves its successor nothing to do twice', async () => {
    const books = await planted();
    const a = start(books);
    await a.driven.assign();
    await a.commit(0, 25);
    await a.driven.hand(25, 40);
    const b = start(books);
    expect(await b.driven.assign()).toBe(25);
    await b.driven.hand(0, 40);
    await b.commit(40, 60);
    expect(await offset(books)).toMatchObject({ next_offset: 60, records: 60, folded: 60 });
    await settle(books);
    expect(await figures(books)).toEqual(await wanted());
  });

  it('that meets a row somebody else wrote meanwhile joins what stands there', async () => {
    const given = [frame(60, '2026-03-02T08:05', 5_003, 'later'), ...records];
    const taught = withRegister(registry);
    const books = await planted();
    await consumeAll(books, memoryLog(given.slice(0, 1)));
    const service = openService({ books, clock: systemClock, telemetry: silentTelemetry() });
    await service.applyRegistry(taught, { take: 'all', commit: true, by: 'wang', reason: 'a second register' });
    const a = start(books, given);
    expect(await a.driven.assign()).toBe(1);
    await a.driven.hand(1, 40);
    expect(await service.replayQuarantine({})).toEqual({ admitted: 1, refused: 0 });
    await service.stop();
    await a.commit(40, 61);
    expect(a.driven.rejoins()).toBe(0);
    expect(await offset(books)).toMatchObject({ next_offset: 61, readings: 61, folded: 60, quarantined: 1 });
    await settle(books, given);
    expect(withoutCounts(await figures(books))).toEqual(withoutCounts(await wanted(taught, given)));
  });

  it('that meets another registry begins again under it', async () => {
    const poison = frame(60, '2026-03-02T08:05', 5_003, 'later');
    const given = [poison, ...records];
    const books = await planted();
    const a = start(books, given);
    await a.driven.assign();
    await a.commit(0, 20);
    await a.driven.hand(20, 50);
    const taught = withRegister(registry);
    const service = openService({ books, clock: systemClock, telemetry: silentTelemetry() });
    await service.applyRegistry(taught, { take: 'all', commit: true, by: 'wang', reason: 'a second register' });
    expect(await service.replayQuarantine({})).toEqual({ admitted: 1, refused: 0 });
    await service.stop();
    await a.commit(50, 61);
    expect(a.driven.rejoins()).toBe(1);
    await a.commit(await a.driven.assign(), 61);
    await settle(books, given);
    expect(withoutCounts(await figures(books))).toEqual(withoutCounts(await wanted(taught, given)));
  });
});

/** Books whose second transaction of a worker, the one after its claim, fails once, before or after it was committed. */
function failing(books: Books, when: 'before' | 'after'): Books {
  let left = 2;
  const db = new Proxy(books.db, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (key !== 'transaction') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      return () => ({
        execute: async (work: Parameters<ReturnType<typeof target.transaction>['execute']>[0]) => {
          const fails = left-- === 1;
          if (fails && when === 'before') throw new Error('connection lost');
          const result = await target.transaction().execute(work);
          if (fails) throw new Error('connection lost');
          return result;
        },
      });
    },
  });
  return { ...books, db };
}

describe('a log', () => {
  it('of another partition count under one identity is refused: it would scatter devices', async () => {
    const books = await planted();
    await consumeAll(books, memoryLog(records));
    await expect(consumeAll(books, memoryLog(records, { partitionCount: 3 }))).rejects.toMatchObject({
      code: 'PARTITIONS_CHANGED',
    });
  });
});
