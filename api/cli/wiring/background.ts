import { setMaxListeners } from 'node:events';
import type { Closer } from '#platform';

export interface Background {
  /** Aborts when the person ends the program, or when a part failed. */
  readonly ending: AbortSignal;
  /** Starts a part that runs by itself until it is closed; its failure ends the others. */
  readonly run: (name: string, part: (signal: AbortSignal) => Promise<void>) => void;
  /** What this signal aborts for ends all parts, as the failure of one. */
  readonly endWith: (lost: AbortSignal) => void;
  /** Resolves when the end was asked for; rejects with the failure of a part. */
  readonly untilEnd: () => Promise<void>;
}

/** Parts that run side by side until the end; each is closed by `closer` in its turn. */
export function createBackground(signal: AbortSignal, closer: Closer): Background {
  const failed = new AbortController();
  const ending = AbortSignal.any([signal, failed.signal]);
  setMaxListeners(0, signal, failed.signal, ending);
  return {
    ending,
    run: (name, part) => {
      const own = new AbortController();
      const done = part(own.signal).then(
        () => undefined,
        (error: unknown) => {
          if (!own.signal.aborted) failed.abort(error);
        },
      );
      closer.add(name, () => {
        own.abort(new Error('the program ends'));
        return done;
      });
    },
    endWith: (lost) => lost.addEventListener('abort', () => failed.abort(lost.reason), { once: true }),
    untilEnd: async () => {
      await new Promise<void>((resolve) => {
        if (ending.aborted) resolve();
        else ending.addEventListener('abort', () => resolve(), { once: true });
      });
      if (failed.signal.aborted) throw failed.signal.reason;
    },
  };
}
