import type { Books } from '../../../pipeline/books/index.ts';
import type { FrameLog } from '../../../pipeline/log/port.ts';
import { quantile } from './meter.ts';

/** How far the books are behind the log, looked at every so often. */
export interface LagWatch {
  /** Records that are in the log and not in the books, as seen last; Infinity before the first look. */
  readonly now: () => number;
  readonly most: () => number;
  /** Resolves after a look that begins later than this. */
  readonly looked: () => Promise<void>;
  /** Ends the looking. */
  readonly stop: () => Promise<Waits>;
}

/** Seconds from when records were in the log until they were in the books. */
export interface Waits {
  readonly p50: number;
  readonly p99: number;
}

const EVERY_MS = 100;

interface Seen {
  readonly at: number;
  readonly offsets: ReadonlyMap<number, number>;
}

export function watchLag(books: Books, log: FrameLog): LagWatch {
  const [produced, booked]: [Seen[], Seen[]] = [[], []];
  let [lag, most] = [Infinity, 0];
  let isOver = false;
  const look = async (): Promise<void> => {
    const bounds = await log.bounds();
    produced.push({ at: performance.now(), offsets: new Map([...bounds].map(([p, { high }]) => [p, high])) });
    const { rows } = await books.pool.query<{ partition: number; next_offset: number }>(
      'select partition, next_offset from log_offset',
    );
    const offsets = new Map(rows.map((r) => [r.partition, r.next_offset]));
    booked.push({ at: performance.now(), offsets });
    lag = [...bounds].reduce((sum, [p, { high }]) => sum + high - (offsets.get(p) ?? 0), 0);
    most = Math.max(most, lag);
  };
  const looking = (async () => {
    while (!isOver) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  return {
    now: () => lag,
    most: () => most,
    looked: async () => {
      for (const before = booked.length; booked.length < before + 2;)
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS / 2));
    },
    stop: async () => {
      isOver = true;
      await looking;
      const seconds = latencies(produced, booked);
      return { p50: quantile(seconds, 0.5), p99: quantile(seconds, 0.99) };
    },
  };
}

/** Per look and partition that moved: until the books were seen there; never less than it was. */
function latencies(produced: readonly Seen[], booked: readonly Seen[]): readonly number[] {
  const found: number[] = [];
  const before = new Map<number, number>();
  const at = new Map<number, number>();
  for (const { at: when, offsets } of produced) {
    for (const [partition, high] of offsets) {
      if (high <= (before.get(partition) ?? 0)) continue;
      before.set(partition, high);
      let i = at.get(partition) ?? 0;
      while (i < booked.length && (booked[i]?.offsets.get(partition) ?? 0) < high) i++;
      at.set(partition, i);
      found.push(((booked[i]?.at ?? Infinity) - when) / 1_000);
    }
  }
  return found;
}
