import type { Clock } from './clock.ts';
import type { EventSpec, Telemetry } from './events.ts';

export interface PersistOptions {
  /** What is being done, for the event. */
  readonly name: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Whether waiting can help. What cannot is thrown on. */
  readonly isPassing: (error: unknown) => boolean;
  /** Changes when the work has got on: then it was no failure at once, however soon it came. */
  readonly progress?: () => unknown;
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
}

const INTERRUPTED: EventSpec = { level: 'warn', message: 'work was interrupted and is tried again', labels: ['name'] };

/**
 * Does the work again after a failure that passes, until it resolves or the signal aborts. Pauses grow while the work fails sooner than it
 * was waited for, so that a server that is down is not stormed, and one that fails now and then is not waited for long.
 */
export async function persist(work: () => Promise<void>, options: PersistOptions, signal: AbortSignal): Promise<void> {
  const { name, clock, telemetry, isPassing, progress, firstPauseMs = 500, longestPauseMs = 30_000 } = options;
  let waited = 0;
  while (!signal.aborted) {
    const [started, before] = [clock.now(), progress?.()];
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      const gotOn = clock.now() - started > waited || progress?.() !== before;
      const pause = gotOn ? firstPauseMs : Math.min(longestPauseMs, Math.max(firstPauseMs, 2 * waited));
      telemetry.emit('workInterrupted', INTERRUPTED, { name, reason: String(error), pauseMs: pause });
      await clock.sleep(pause, signal).catch(() => undefined);
      waited = pause;
    }
  }
}
