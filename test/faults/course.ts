import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Books } from '../../pipeline/books/index.ts';
import type { Registry } from '../../pipeline/domain/index.ts';
import type { FrameLog } from '../../pipeline/log/port.ts';
import { freshBooks } from '../support/postgres.ts';
import { plant } from '../support/run-books.ts';
import { patience } from './form.ts';
import type { Load, Offer } from './load.ts';
import { openObligations, readObligations } from './obligations.ts';
import { type Happened, judge, type Verdict } from './verdict.ts';

/** Waits for a condition; a failure of asking counts as "not yet". What is waited for may be told as it stands at the end. */
export async function until(
  what: string | (() => string),
  done: () => boolean | Promise<boolean>,
  withinMs = 120_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      if (await done()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      const told = typeof what === 'string' ? what : what();
      throw new Error(`waited ${withinMs / 1_000} s for ${told}`, { cause: last });
    }
    await wait(20);
  }
}

/** One fault test: books of its own, a log, a load, and what was sent. */
export interface Course {
  readonly books: Books;
  readonly dsn: string;
  readonly log: FrameLog;
  /** Offers quarter hours until the log has them, again and again as the spool does. */
  readonly send: (ticks: number) => Promise<void>;
  /** Offers these as well, through another door where one is given. */
  readonly offer: (offers: readonly Offer[], append?: Append) => Promise<void>;
  /** Goes on sending a quarter hour every so often until it is stopped. */
  readonly keepSending: (everyMs: number) => Sending;
  /** The same by the clock: what an outage held up is sent after it without a pause. */
  readonly keepPace: (everyMs: number) => Sending;
  /** How often the log took what was offered, and how often it did not. */
  readonly acceptances: () => number;
  readonly refusals: () => number;
  /** Milliseconds until all that is in the log now is in the books. */
  readonly caughtUp: (withinMs?: number, at?: Place) => Promise<number>;
  /** Sends what is still on its way, waits until all is in the books, and judges them. */
  readonly verdict: (
    happened: Happened,
    more?: Partial<Place> & { readonly registry?: Registry; readonly replayed?: number },
  ) => Promise<Verdict>;
  readonly close: () => Promise<void>;
}

export interface Sending {
  readonly stop: () => Promise<void>;
}

type Append = (offers: readonly Offer[]) => Promise<void>;

/** Which books are asked, and about which log. */
export interface Place {
  readonly books: Books;
  readonly log: FrameLog;
}

export interface CourseOptions {
  readonly load: Load;
  readonly log: FrameLog;
  /** In which the load's registry is planted; fresh ones where absent. */
  readonly books?: { readonly books: Books; readonly dsn: string; readonly close: () => Promise<void> };
}

const RETRY_MS = 200;

export async function openCourse({ load, log, books: given }: CourseOptions): Promise<Course> {
  const { books, dsn, close } = given ?? (await freshBooks());
  await plant(books, load.registry, []);
  const folder = mkdtempSync(join(tmpdir(), 'faults-'));
  const file = join(folder, 'sent');
  const obligations = openObligations(file);
  const producer = await log.producer();
  let [acceptances, refusals] = [0, 0];

  const put: Append = (offers) => producer.append(offers.map(({ device, value }) => ({ device: device ?? '', value })));
  const offer = async (offers: readonly Offer[], append = put): Promise<void> => {
    if (offers.length === 0) return;
    const accept = obligations.offer(offers);
    for (;;) {
      try {
        await append(offers);
        acceptances += 1;
        return accept();
      } catch {
        refusals += 1;
        await wait(RETRY_MS);
      }
    }
  };
  const send = async (ticks: number): Promise<void> => {
    for (let i = 0; i < ticks; i++) await offer(load.tick());
  };
  const sendingAfter = (pauseMs: () => number): Sending => {
    let going = true;
    const running = (async () => {
      while (going) {
        await send(1);
        await wait(pauseMs());
      }
    })();
    return {
      stop: async () => {
        going = false;
        await running;
      },
    };
  };
  const positions = async (of: Books): Promise<ReadonlyMap<number, number>> => {
    const rows = await of.db.selectFrom('log_offset').select(['partition', 'next_offset']).execute();
    return new Map(rows.map((r) => [r.partition, r.next_offset]));
  };
  const caughtUp = async (withinMs?: number, at: Place = { books, log }): Promise<number> => {
    const started = performance.now();
    const bounds = await at.log.bounds();
    let found: ReadonlyMap<number, number> = new Map();
    const stands = (): string => {
      const high = JSON.stringify([...bounds].map(([partition, of]) => [partition, of.high]));
      return `the books to reach ${high}; they are at ${JSON.stringify([...found])}`;
    };
    const behind = async (): Promise<boolean> => {
      found = await positions(at.books);
      return [...bounds].every(([partition, { low, high }]) => high === low || (found.get(partition) ?? 0) >= high);
    };
    await until(stands, behind, withinMs);
    return performance.now() - started;
  };

  return {
    books,
    dsn,
    log,
    send,
    offer,
    keepSending: (everyMs) => sendingAfter(() => everyMs),
    keepPace: (everyMs) => {
      let due = performance.now();
      return sendingAfter(() => Math.max(0, (due += everyMs) - performance.now()));
    },
    acceptances: () => acceptances,
    refusals: () => refusals,
    caughtUp,
    verdict: async (happened, more = {}) => {
      await offer(load.rest());
      const place = { books, log, ...more };
      await caughtUp(patience(180_000), place);
      const sent = await readObligations(file);
      return judge({ registry: load.registry, sent, ...place }, happened);
    },
    close: async () => {
      obligations.close();
      await producer.close().catch(() => undefined);
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Records that the books have taken in. */
export async function takenIn({ db }: Books): Promise<number> {
  const rows = await db.selectFrom('log_offset').select('records').execute();
  return rows.reduce((sum, { records }) => sum + records, 0);
}
