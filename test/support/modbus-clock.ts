import type { Clock } from '#platform';

export interface DrivenClock extends Clock {
  /** Lets the time pass, from one sleeper to the next, until the condition holds. Fails when nobody sleeps any more. */
  readonly runUntil: (condition: () => boolean) => Promise<void>;
}

interface Sleeper {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
  gone: boolean;
}

/** Time that passes only when everybody waits for it: streams in memory and sleepers, in the order of their instants. */
export function drivenClock(start = Date.UTC(2026, 0, 5)): DrivenClock {
  let now = start;
  let order = 0;
  const heap: Sleeper[] = [];
  const before = (a: Sleeper | undefined, b: Sleeper | undefined): boolean =>
    a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order));

  const swap = (i: number, j: number): void => {
    const [a, b] = [heap[i], heap[j]];
    if (a && b) [heap[i], heap[j]] = [b, a];
  };
  const add = (sleeper: Sleeper): void => {
    heap.push(sleeper);
    for (let i = heap.length - 1; i > 0 && before(heap[i], heap[(i - 1) >> 1]); i = (i - 1) >> 1) swap(i, (i - 1) >> 1);
  };
  const first = (): Sleeper | undefined => {
    const [top] = heap;
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    heap[0] = last;
    for (let i = 0; ;) {
      const least = [2 * i + 1, 2 * i + 2].reduce((l, child) => (before(heap[child], heap[l]) ? child : l), i);
      if (least === i) return top;
      swap(i, least);
      i = least;
    }
  };

  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        const onAbort = (): void => {
          sleeper.gone = true;
          reject(signal?.reason as Error);
        };
        const wake = (): void => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        };
        const sleeper: Sleeper = { at: now + Math.max(0, ms), order: order++, wake, gone: false };
        signal?.addEventListener('abort', onAbort, { once: true });
        add(sleeper);
      }),
    runUntil: async (condition) => {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        if (condition()) return;
        let sleeper = first();
        while (sleeper?.gone) sleeper = first();
        if (!sleeper) throw new Error('nobody waits for the time any more');
        now = Math.max(now, sleeper.at);
        sleeper.wake();
      }
    },
  };
}
