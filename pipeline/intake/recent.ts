import { hash } from 'node:crypto';

/** Frames of one spool that were taken lately, so that what a gateway repeats after a lost answer is not appended twice. */
export interface RecentFrames {
  /** `new`; `repeated`: the same bytes; `other`: this seq with other bytes, as a spool restored from a copy gives. */
  readonly look: (src: string, seq: number, value: Uint8Array) => 'new' | 'repeated' | 'other';
  readonly note: (src: string, seq: number, value: Uint8Array) => void;
}

/** A gateway repeats its last request; several of them are kept per spool. */
const KEPT_PER_SOURCE = 20_000;
/** A frame costs 140 bytes: without a bound a thousand gateways, or one with a new spool at each start, would fill the memory. */
const KEPT_IN_ALL = 400_000;

export function recentFrames(keptPerSource: number = KEPT_PER_SOURCE, keptInAll: number = KEPT_IN_ALL): RecentFrames {
  /** The spool that came last is the last. */
  const sources = new Map<string, Map<number, string>>();
  const digest = (value: Uint8Array): string => hash('sha256', value, 'base64url').slice(0, 16);
  let kept = 0;
  const forgetOldest = (frames: Map<number, string>): void => {
    const [oldest] = frames.keys();
    if (oldest !== undefined && frames.delete(oldest)) kept -= 1;
  };
  return {
    look: (src, seq, value) => {
      const known = sources.get(src)?.get(seq);
      if (known === undefined) return 'new';
      return known === digest(value) ? 'repeated' : 'other';
    },
    note: (src, seq, value) => {
      const frames = sources.get(src) ?? new Map<number, string>();
      sources.delete(src);
      sources.set(src, frames);
      if (!frames.delete(seq)) kept += 1;
      frames.set(seq, digest(value));
      if (frames.size > keptPerSource) forgetOldest(frames);
      if (kept <= keptInAll) return;
      for (const [silent, its] of sources) {
        forgetOldest(its);
        if (its.size === 0) sources.delete(silent);
        return;
      }
    },
  };
}
