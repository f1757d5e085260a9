import type { Clock } from '../../pipeline/platform/index.ts';

/** Virtual time: what waits is woken in the order of its instants, and nothing else moves the hands. */
export interface VirtualTime {
  readonly now: () => number;
  /** Calls back at the instant, or at once if it has passed; gives the way to call it off. */
  readonly at: (instant: number, action: () => void) => () => void;
  /** Runs whatever is due up to the instant; after each action all promises that it settled have run on. */
  readonly runTo: (instant: number) => Promise<void>;
}

interface Waiting {
  readonly instant: number;
  readonly order: number;
  readonly action: () => void;
  off: boolean;
}

const isBefore = (a: Waiting, b: Waiting): boolean =>
  a.instant < b.instant || (a.instant === b.instant && a.order < b.order);

export function virtualTime(start: number): VirtualTime {
  const heap: Waiting[] = [];
  let now = start;
  let orders = 0;
  const push = (item: Waiting): void => {
    heap.push(item);
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      const [a, b] = [heap[i], heap[parent]];
      if (!a || !b || !isBefore(a, b)) return;
      [heap[i], heap[parent]] = [b, a];
      i = parent;
    }
  };
  const pop = (): Waiting | undefined => {
    const [first, last] = [heap[0], heap.pop()];
    if (!first || !last || heap.length === 0) return first;
    heap[0] = last;
    for (let i = 0; ;) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      const least = [left, right].reduce((best, child) => {
        const [a, b] = [heap[child], heap[best]];
        return a && b && isBefore(a, b) ? child : best;
      }, i);
      const [a, b] = [heap[i], heap[least]];
      if (least === i || !a || !b) return first;
      [heap[i], heap[least]] = [b, a];
      i = least;
    }
  };
  return {
    now: () => now,
    at: (instant, action) => {
      const item = { instant: Math.max(instant, now), order: orders++, action, off: false };
      push(item);
      return () => {
        item.off = true;
      };
    },
    runTo: async (instant) => {
      for (let next = heap[0]; next && next.instant <= instant; next = heap[0]) {
        pop();
        if (next.off) continue;
        if (next.instant - now >= LEAP_MS) await unhandledTold();
        now = next.instant;
        next.action();
        await settled();
      }
      now = instant;
    },
  };
}

/** All microtasks run before the next tick, whatever they add to themselves. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

const LEAP_MS = 25_000;
/** Node tells of a rejection that nobody handles only when no tick waits; it costs a turn of the event loop, hence not after each action. */
const unhandledTold = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A program under virtual time, which can die or be stopped at any await. */
export interface Process {
  readonly clock: Clock;
  /** What the program asks of the world outside; a dead program never gets an answer, a frozen one gets it when it goes on. */
  readonly ask: <T>(effect: () => T | Promise<T>) => Promise<T>;
  readonly kill: () => void;
  readonly freeze: (until: number) => void;
  /** The process's own clock against true time, ms. */
  readonly setOffset: (ms: number) => void;
  readonly isAlive: () => boolean;
  readonly isFrozen: () => boolean;
}

export interface ProcessFaults {
  /** Asked before and after each effect: the process dies here. */
  readonly dies: () => boolean;
  readonly died: () => void;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

export function createProcess(time: VirtualTime, faults: ProcessFaults): Process {
  let alive = true;
  let frozenUntil = -Infinity;
  let offset = 0;
  const kill = (): void => {
    if (!alive) return;
    alive = false;
    faults.died();
  };
  const isFrozen = (): boolean => frozenUntil > time.now();
  /** It may die here; whether it goes on at once. */
  const goesOn = (): boolean => {
    if (alive && faults.dies()) kill();
    return alive && !isFrozen();
  };
  const thawed = async (): Promise<void> => {
    while (alive && isFrozen()) await new Promise<void>((resolve) => time.at(frozenUntil, resolve));
    if (!alive) await never();
  };
  return {
    kill,
    freeze: (until) => {
      frozenUntil = until;
    },
    setOffset: (ms) => {
      offset = ms;
    },
    isAlive: () => alive,
    isFrozen,
    ask: async (effect) => {
      if (!goesOn()) await thawed();
      try {
        return await effect();
      } finally {
        if (!goesOn()) await thawed();
      }
    },
    clock: {
      now: () => Math.round(time.now() + offset),
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason as Error);
          const wake = (): void => {
            if (!alive) return;
            if (isFrozen()) return void time.at(frozenUntil, wake);
            signal?.removeEventListener('abort', onAbort);
            resolve();
          };
          const callOff = time.at(time.now() + Math.max(0, ms), wake);
          const onAbort = (): void => {
            callOff();
            reject(signal?.reason as Error);
          };
          signal?.addEventListener('abort', onAbort, { once: true });
        }),
    },
  };
}
