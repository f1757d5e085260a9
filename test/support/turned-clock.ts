import type { Clock } from '../../pipeline/platform/index.ts';

/** A clock that a test turns: sleepers wake when it passes their time. */
export interface TurnedClock extends Clock {
  /** Sets the time and wakes whoever is due. */
  readonly turnTo: (at: number) => void;
  /** When the first sleeper wakes. */
  readonly firstWake: () => number | undefined;
  readonly sleepers: () => number;
}

export function turnedClock(start: number): TurnedClock {
  let now = start;
  const sleeping = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        const sleeper = {
          at: now + ms,
          wake: () => {
            sleeping.delete(sleeper);
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        const onAbort = (): void => {
          sleeping.delete(sleeper);
          reject(signal?.reason as Error);
        };
        sleeping.add(sleeper);
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
    turnTo: (at) => {
      now = at;
      for (const sleeper of [...sleeping].toSorted((a, b) => a.at - b.at)) if (sleeper.at <= now) sleeper.wake();
    },
    firstWake: () => (sleeping.size === 0 ? undefined : Math.min(...[...sleeping].map(({ at }) => at))),
    sleepers: () => sleeping.size,
  };
}
