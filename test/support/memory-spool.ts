import type { Frame, FrameDraft } from '../../pipeline/domain/index.ts';
import { rangesOf } from '../../pipeline/ledger/batch.ts';
import { encodeFrame } from '../../pipeline/log/port.ts';
import type { Spool, SpooledFrame } from '../../collectors/spool/port.ts';

/** The file of a spool: what survives a crash. */
export interface SpoolDisk {
  readonly src: string;
  /** Not yet acknowledged, in the order of `seq`. */
  frames: readonly SpooledFrame[];
  next: number;
}

export const emptyDisk = (src: string): SpoolDisk => ({ src, frames: [], next: 0 });

export interface MemorySpool extends Spool {
  readonly onAppend: (listener: () => void) => () => void;
}

/** A spool over a disk in memory: frames get their `seq` and are written when `sync` resolves; until then a crash loses them. */
export function memorySpool(disk: SpoolDisk, sync: () => Promise<void> = async () => undefined): MemorySpool {
  const listeners = new Set<() => void>();
  let turn: Promise<unknown> = Promise.resolve();
  let closed = false;

  const write = async (drafts: readonly FrameDraft[]): Promise<void> => {
    await sync();
    disk.frames = [
      ...disk.frames,
      ...drafts.map(({ site, device, at, got, r }) => {
        const seq = disk.next++;
        const frame: Frame = { v: 1, src: disk.src, site, device, seq, at, ...(got === undefined ? {} : { got }), r };
        return { seq, device, value: encodeFrame(frame) };
      }),
    ];
    for (const listener of listeners) listener();
  };

  return {
    src: disk.src,
    append: (drafts) => {
      if (closed) return Promise.reject(new Error('the spool is closed'));
      const done = turn.then(() => write(drafts));
      turn = done.catch(() => undefined);
      return done;
    },
    pending: () => rangesOf(disk.frames.map(({ seq }) => seq)),
    peek: async ([from, to]) => disk.frames.filter(({ seq }) => from <= seq && seq < to),
    acknowledge: async ([from, to]) => {
      disk.frames = disk.frames.filter(({ seq }) => seq < from || seq >= to);
    },
    depth: () => ({ frames: disk.frames.length, bytes: disk.frames.reduce((sum, f) => sum + f.value.length, 0) }),
    onAppend: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      closed = true;
      await turn;
    },
  };
}
