/** A reading of the server's ServerStatus (Part 5, 12.10): when it started and what its clock shows; epoch ms. */
export interface ServerTimes {
  readonly startedAt: number | undefined;
  readonly shows: number | undefined;
  /** Our time before and after the request. */
  readonly asked: number;
  readonly got: number;
}

export interface ClockNote {
  readonly reason: 'restarted' | 'stepped-forward' | 'stepped-back' | 'stands-still' | 'apart' | 'together';
  readonly byMs: number;
}

/** Node ids of ServerStatus.StartTime and .CurrentTime (Part 6, annex A). */
export const START_TIME = 'i=2257';
export const CURRENT_TIME = 'i=2258';

/** A step smaller than this is taken for a slow answer, or for a server whose clock ticks in seconds. */
const LEAST_STEP_MS = 5_000;
/** A clock that showed one time for so long stands still. */
const STILL_MS = 10_000;
/** Clocks further apart than this are reported, once. */
const APART_MS = 60_000;

/** Compares what the server's clock shows from one reading to the next: what it did, or ours. Lives as long as its collector. */
export function createServerClock(): (times: ServerTimes) => readonly ClockNote[] {
  let startedAt: number | undefined;
  let last: { readonly shows: number; readonly got: number } | undefined;
  /** Since when (our time) the clock shows what it shows. */
  let stillSince = 0;
  let still = false;
  let apart = false;

  return (times) => {
    const notes: ClockNote[] = [];
    if (times.startedAt !== undefined) {
      if (startedAt !== undefined && times.startedAt !== startedAt) {
        notes.push({ reason: 'restarted', byMs: times.startedAt - startedAt });
      }
      startedAt = times.startedAt;
    }
    const { shows, asked, got } = times;
    if (shows === undefined) return notes;
    if (last && shows === last.shows) {
      if (!still && got - stillSince > STILL_MS) {
        still = true;
        notes.push({ reason: 'stands-still', byMs: got - stillSince });
      }
    } else {
      const drift = last ? shows - last.shows - (got - last.got) : 0;
      const tolerance = LEAST_STEP_MS + (got - asked);
      // a clock that stood still and goes on where it stood has not stepped
      if (last && !still && Math.abs(drift) > tolerance) {
        notes.push({ reason: drift > 0 ? 'stepped-forward' : 'stepped-back', byMs: Math.abs(drift) });
      }
      still = false;
      stillSince = got;
      last = { shows, got };
    }
    const distance = shows - got;
    const isApart = Math.abs(distance) > APART_MS;
    if (isApart !== apart) notes.push({ reason: isApart ? 'apart' : 'together', byMs: distance });
    apart = isApart;
    return notes;
  };
}
