import { type ClockStep, MAX_REPORTED_STEPS } from '#domain';
import type { Clock, EventSpec, Telemetry } from '#platform';

const CLOCK_STEPPED: EventSpec = {
  level: 'error',
  message: 'the clock of this machine was set; frames keep the times that they were given',
  labels: ['direction'],
};

/** A clock that is slewed runs at most half a thousandth fast or slow: 2.5 ms between two looks. */
const LOOK_MS = 5_000;
const STEP_MS = 500;
/** Two clocks are read one after the other; when that takes long, they are read again. */
const ATTEMPTS = 5;
const LONGEST_READ_MS = 20;

export interface ClockWatchOptions {
  readonly clock: Clock;
  /** Ms since some instant, of a clock that nobody sets. */
  readonly monotonic: () => number;
  readonly telemetry: Telemetry;
}

export interface ClockWatch {
  /** Looks until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** The latest steps, oldest first. */
  readonly steps: () => readonly ClockStep[];
}

/** Finds steps of the wall clock against the monotonic one: an event each. What was read meanwhile keeps its time. */
export function createClockWatch({ clock, monotonic, telemetry }: ClockWatchOptions): ClockWatch {
  let steps: readonly ClockStep[] = [];
  const aheadNow = (): number => {
    for (let attempt = 1; ; attempt++) {
      const before = monotonic();
      const wall = clock.now();
      const after = monotonic();
      if (after - before <= LONGEST_READ_MS || attempt === ATTEMPTS) return wall - (before + after) / 2;
    }
  };
  return {
    run: async (signal) => {
      let ahead = aheadNow();
      while (!signal.aborted) {
        await clock.sleep(LOOK_MS, signal).catch(() => undefined);
        const now = aheadNow();
        const byMs = Math.round(now - ahead);
        ahead = now;
        if (Math.abs(byMs) < STEP_MS) continue;
        steps = [...steps, { at: Math.round(clock.now()), byMs }].slice(-MAX_REPORTED_STEPS);
        telemetry.emit('clockStepped', CLOCK_STEPPED, { direction: byMs > 0 ? 'forward' : 'back', byMs });
      }
    },
    steps: () => steps,
  };
}
