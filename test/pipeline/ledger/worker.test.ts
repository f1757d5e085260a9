import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Books } from '../../../pipeline/books/index.ts';
import type { MeterEventBody, Registry } from '../../../pipeline/domain/index.ts';
import { createWorker, dumpBooks, openService, sqlStore } from '../../../pipeline/index.ts';
import { type Clock, systemClock } from '../../../pipeline/platform/index.ts';
import { type Driven, drivenLog } from '../../support/driven-log.ts';
import { type GivenRecord, memoryLog } from '../../support/memory-log.ts';
import { type FreshBooks, freshBooks, silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { consumeAll, plant } from '../../support/run-books.ts';
import { local, SITE, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

const opened: FreshBooks[] = [];
const running: { readonly stop: AbortController; readonly done: Promise<unknown> }[] = [];
afterEach(async () => {
  for (const { stop, done } of running.splice(0)) {
    stop.abort();
    await done;
  }
  for (const { close } of opened.splice(0)) await close();
});

const registry = smallRegistry([{ point: 'p', mounting: { maxRate: 1_000 } }]);

async function planted(target: Registry = registry): Promise<Books> {
  const fresh = await freshBooks();
  opened.push(fresh);
  await plant(fresh.books, target, []);
  return fresh.books;
}

const frame = (seq: number, at: string, value: number, register = 'e'): GivenRecord => ({
  device: 'd-p',
  appendedAt: local(at) + 1_000,
  value: Buffer.from(
    JSON.stringify({ v: 1, src: '00000001', site: SITE, device: 'd-p', seq, at: local(at), r: [[register, value]] }),
  ),
});

/** Readings every ten minutes from 08:00 on. */
const records = Array.from({ length: 60 }, (_, i) => {
  const [hour, tens] = [8 + Math.floor(i / 6), i % 6];
  return frame(i, `2026-03-02T${String(hour).padStart(2, '0')}:${tens}0`, 5_000 + i * 7);
});

/** Time that stands until it is moved, for checkpoints when the test says so. */
function handClock(): Clock & { readonly move: (ms: number) => void } {
  let now = local('2026-03-03');
  return {
    now: () => now,
    sleep: (_ms, signal) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('stop')))),
    move: (ms) => {
      now += ms;
    },
  };
}

interface Hand {
  readonly driven: Driven;
  readonly failed: () => unknown;
  /** Hands over and lets a checkpoint follow. */
  readonly commit: (from: number, to: number) => Promise<void>;
  /** A checkpoint without a record. */
  readonly checkpoint: () => Promise<void>;
  readonly stop: () => void;
}

function start(books: Books, given: readonly GivenRecord[] = records, left?: Promise<void>): Hand {
  const driven = drivenLog(given, left);
  const clock = handClock();
  const worker = createWorker({
    store: sqlStore(books),
    log: driven.log,
    clock,
    telemetry: silentTelemetry(),
    checkpointMs: 1_000,
  });
  const stop = new AbortController();
  let failure: unknown;
  const done = worker.run(stop.signal).catch((error: unknown) => {
    failure = error;
  });
  running.push({ stop, done });
  return {
    driven,
    failed: () => failure,
    commit: async (from, to) => {
      clock.move(2_000);
      await driven.hand(from, to);
    },
    checkpoint: async () => {
      clock.move(2_000);
      await driven.caughtUp();
    },
    stop: () => stop.abort(),
  };
}

const figures = async (books: Books): Promise<readonly string[]> => (await dumpBooks(books.db)).text.split('\n');
const settle = async (books: Books, given: readonly GivenRecord[] = records): Promise<void> => {
  const log = memoryLog(given);
  const service = openService({ books, log, clock: systemClock, telemetry: silentTelemetry() });
  await service.settle();
  await service.stop();
};
const wanted = async (target: Registry = registry, given = records): Promise<readonly string[]> => {
  const books = await planted(target);
  return (await consumeAll(books, memoryLog(given))).text.split('\n');
};
const offset = (books: Books) =>
  books.db
    .selectFrom('log_offset')
    .select(['next_offset', 'epoch', 'records', 'readings', 'folded', 'quarantined'])
    .executeTakeFirstOrThrow();

async function recordEvent(books: Books, body: MeterEventBody): Promise<void> {
  const service = openService({ books, clock: systemClock, telemetry: silentTelemetry() });
  await service.recordEvent(SITE, body, { by: 'wang', reason: 'seen' });
  await service.stop();
}

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
    const lines = (all: readonly string[]): readonly string[] => all.filter((l) => !l.startsWith('count|'));
    expect(lines(await figures(books))).toEqual(lines(await wanted(taught, given)));
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
    const lines = (all: readonly string[]): readonly string[] => all.filter((l) => !l.startsWith('count|'));
    expect(lines(await figures(books))).toEqual(lines(await wanted(taught, given)));
  });
});

/** The same site with one more register on the device. */
const withRegister = (target: Registry): Registry => ({
  ...target,
  devices: target.devices.map((d) => ({
    ...d,
    registers: [...d.registers, ...d.registers.map((r) => ({ ...r, name: 'later' }))],
  })),
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

describe('an event recorded while a worker holds the rows', () => {
  const at = local('2026-03-02T10:25');
  const replacement: MeterEventBody = {
    kind: 'replacement',
    point: 'p',
    at,
    serial: 's2',
    final: 5_100,
    initial: 5_101,
  };

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
    const known = await planted();
    await recordEvent(known, replacement);
    expect(await figures(books)).toEqual((await consumeAll(known, memoryLog(records))).text.split('\n'));
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
    const known = await planted();
    await recordEvent(known, replacement);
    expect(await figures(books)).toEqual((await consumeAll(known, memoryLog(records))).text.split('\n'));
  });
});

describe('an event recorded between the last record and the commit', () => {
  it('makes the commit begin again: nothing joined without its cut is written', async () => {
    const books = await planted();
    const a = start(books);
    await a.driven.assign();
    await a.driven.hand(0, 30);
    const at = local('2026-03-02T10:25');
    const body: MeterEventBody = { kind: 'replacement', point: 'p', at, serial: 's2', final: 5_100, initial: 5_101 };
    await recordEvent(books, body);
    await settle(books);
    await a.checkpoint();
    expect(a.driven.rejoins()).toBe(1);
    expect(await offset(books)).toMatchObject({ next_offset: 0, folded: 0 });
    await a.commit(await a.driven.assign(), 60);
    await settle(books);
    const known = await planted();
    await recordEvent(known, body);
    expect(await figures(books)).toEqual((await consumeAll(known, memoryLog(records))).text.split('\n'));
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
    const lines = (all: readonly string[]): readonly string[] => all.filter((l) => !l.startsWith('count|'));
    expect(lines(await figures(books))).toEqual(lines(await wanted(mounted, given)));
  });
});

describe('a log', () => {
  it('of another partition count under one identity is refused: it would scatter devices', async () => {
    const books = await planted();
    await consumeAll(books, memoryLog(records));
    await expect(consumeAll(books, memoryLog(records, { partitionCount: 3 }))).rejects.toMatchObject({
      code: 'PARTITIONS_CHANGED',
    });
  });
});
