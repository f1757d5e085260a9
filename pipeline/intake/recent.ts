import { hash } from 'node:crypto';

/** Frames of one spool that were taken lately, so that what a gateway repeats after a lost answer is not appended twice. */
export interface RecentFrames {
  /** `new`; `repeated`: the same bytes; `other`: this seq with other bytes, as a spool restored from a copy gives. */
  readonly look: (src: string, seq: number, value: Uint8Array) => 'new' | 'repeated' | 'other';
  readonly note: (src: string, seq: number, value: Uint8Array) => void;
}

/** A gateway repeats its last request; several of them are kept per spool. */
const KEPT_PER_SOURCE = 20_000;

export function recentFrames(keptPerSource: number = KEPT_PER_SOURCE): RecentFrames {
  const sources = new Map<string, Map<number, string>>();
  const digest = (value: Uint8Array): string => hash('sha256', value, 'base64url').slice(0, 16);
  return {
    look: (src, seq, value) => {
      const known = sources.get(src)?.get(seq);
      if (known === undefined) return 'new';
      return known === digest(value) ? 'repeated' : 'other';
    },
    note: (src, seq, value) => {
      const frames = sources.get(src) ?? new Map<number, string>();
      sources.set(src, frames);
      frames.delete(seq);
      frames.set(seq, digest(value));
      const [oldest] = frames.keys();
      if (frames.size > keptPerSource && oldest !== undefined) frames.delete(oldest);
    },
  };
}
