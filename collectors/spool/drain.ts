import type { SeqRange, SeqSet } from '#domain';
import type { Clock } from '#platform';

/** Which frames go next, and how fast what has waited may go. */
const FRAMES_PER_BATCH = 4_000;
/** A batch that has waited is made so long that it holds up the live ones by about this. */
const HOLD_UP_MS = 1_000;
const SMALLEST_BATCH = 10;

export interface Batch {
  readonly range: SeqRange;
}

/** Nothing may go before this has passed or frames are appended; absent: nothing waits. */
export interface Wait {
  readonly waitMs?: number | undefined;
}

/**
 * What goes next: live frames in their order; without any, the newest of what waits. `liveFrom` is the first seq after what
 * went through last, absent while nothing has. `allowance`: how much of what waits may go now.
 */
export function chooseBatch(pending: SeqSet, liveFrom: number | undefined, allowance: Allowance): Batch | Wait {
  const newest = pending.at(-1);
  if (!newest) return {};
  const [from, to] = newest;
  if (liveFrom !== undefined && to > liveFrom) {
    const start = Math.max(from, liveFrom);
    return { range: [start, Math.min(to, start + FRAMES_PER_BATCH)] };
  }
  if (allowance.frames < 1) return { waitMs: allowance.refillMs };
  return { range: [Math.max(from, to - Math.floor(allowance.frames)), to] };
}

export interface Allowance {
  readonly frames: number;
  /** How long until there is more. */
  readonly refillMs: number;
}

export interface Pace {
  readonly allowance: () => Allowance;
  /** So many frames that had waited have gone, in so much time. */
  readonly sent: (frames: number, ms: number) => void;
  /** So many did not get through in so much time: the next are fewer, until what goes fits a line that is slow. */
  readonly failed: (frames: number, ms: number) => void;
}

/**
 * At most so many frames per second, and never so many at once that they hold up the live ones on a slow line. A clock that
 * is set costs or gives one second's worth at most.
 */
export function createPace(framesPerSecond: number | undefined, clock: Clock): Pace {
  const most = Math.max(1, Math.min(FRAMES_PER_BATCH, framesPerSecond ?? FRAMES_PER_BATCH));
  const least = Math.min(SMALLEST_BATCH, most);
  let size = most;
  let tokens = most;
  let filledAt = clock.now();
  const refill = (): void => {
    if (framesPerSecond === undefined) return void (tokens = most);
    const now = clock.now();
    tokens = Math.min(most, tokens + (framesPerSecond * Math.min(1_000, Math.max(0, now - filledAt))) / 1_000);
    filledAt = now;
  };
  return {
    allowance: () => {
      refill();
      const wanted = Math.min(size, most);
      const perMs = (framesPerSecond ?? Infinity) / 1_000;
      // small portions would cost a request each
      if (tokens >= wanted) return { frames: wanted, refillMs: 0 };
      return { frames: 0, refillMs: Math.max(1, Math.ceil((wanted - tokens) / perMs)) };
    },
    sent: (frames, ms) => {
      tokens = Math.max(0, tokens - frames);
      size =
        ms > HOLD_UP_MS
          ? Math.max(least, Math.floor((frames * HOLD_UP_MS) / ms))
          : Math.min(most, Math.max(size, frames * 2));
    },
    failed: (frames, ms) => {
      if (ms > HOLD_UP_MS) size = Math.max(least, Math.floor(Math.min(size, frames) / 2));
    },
  };
}
