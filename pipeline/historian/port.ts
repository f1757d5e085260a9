import type { Interval } from '#domain';

/**
 * The historian: every raw reading and gauge by time, for curves. Derived from the log, rebuildable, never the book
 * (architecture.md, Parts): it may be empty, behind or lost without any figure changing.
 */
export interface Historian {
  /** Resolves when all are stored; rejects with a StoreError otherwise, then any of them may be. Writing one again changes nothing. */
  readonly write: (points: readonly HistorianPoint[]) => Promise<void>;
  /** Windows that hold at least one reading, in time order. */
  readonly series: (query: SeriesQuery) => Promise<readonly SeriesWindow[]>;
  /** Address and bucket: what its position in the log is remembered under. */
  readonly identity: string;
}

/** A reading as it stood in its frame: meter-face integer, or thousandths of a gauge's unit. One per register and instant: of several the last written stays, the books keep both. */
export interface HistorianPoint {
  readonly site: string;
  readonly device: string;
  readonly register: string;
  readonly kind: 'counter' | 'gauge';
  /** Epoch ms. */
  readonly at: number;
  readonly value: number;
}

export interface SeriesQuery {
  readonly site: string;
  readonly device: string;
  readonly register: string;
  readonly interval: Interval;
  /** A historian's windows are aligned to the epoch; the service puts them together by the days of the site, of which each has a whole number. */
  readonly windowMs: number;
}

/** What one window holds; values as in HistorianPoint. */
export interface SeriesWindow {
  readonly start: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
}
