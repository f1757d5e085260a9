import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { addSeqs, countSeqs, invariantError, type SeqRange, type SeqSet, seqsOutside } from '#domain';
import type { Clock, EventSpec, Telemetry } from '#platform';
import { createAppender } from './appender.ts';
import { encodeDrafts, packValues, unpackValues } from './encode.ts';
import { unwritable } from './failure.ts';
import type { SpoolFile } from './port.ts';
import type { FrameBlock, SpoolState } from './protocol.ts';
import { type SpoolThread, startThread } from './thread.ts';

export interface SpoolOptions {
  /** Path of the SQLite file; it and its folder are made where missing. */
  readonly file: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** What `append` does while the disk or the file is full: hold its caller up (default), or reject. Never drop. */
  readonly whenFull?: 'wait' | 'reject' | undefined;
  /** Largest size of the file in bytes; the disk's where absent. */
  readonly maxBytes?: number | undefined;
  /** Free space of the disk, in bytes, that appending leaves alone, so that a full spool can still be emptied; 64 MB by default, a twentieth of a small disk. */
  readonly reserveBytes?: number | undefined;
  /** How long acknowledged frames stay in the file: 0 for a gateway (default), 400 days where the file is the log. */
  readonly keepMs?: number | undefined;
  /** How long a commit waits for others to share it: with many lines it saves most of the fsyncs. 0 by default. */
  readonly gatherMs?: number | undefined;
  /** How long to wait for another process to let the file go; 2 s by default. */
  readonly lockTimeoutMs?: number | undefined;
}

const SPOOL_TORN: EventSpec = {
  level: 'error',
  message: 'the end of the spool was lost: these frames are a gap in seq',
};

/** What the roles that collect give as `gatherMs`: a reading is on disk this much later. */
export const COMMIT_GATHER_MS = 5;

const FRAMES_PER_TRIM = 10_000;
const RESERVE_BYTES = 64 * 1024 * 1024;

/**
 * Opens the spool, alone: a second process is refused (SPOOL_LOCKED), and a lock never outlives its process.
 * Errors: SPOOL_LOCKED, SPOOL_UNWRITABLE, SPOOL_NOT_OURS, SPOOL_TOO_NEW, SPOOL_SQLITE_TOO_OLD (ConfigError), SPOOL_FULL,
 * SPOOL_DISK_FAILED, SPOOL_CORRUPT, SPOOL_CLOSED, SPOOL_THREAD_ENDED (StoreError).
 */
export async function openSpool(options: SpoolOptions): Promise<SpoolFile> {
  const file = resolve(options.file);
  const { clock, telemetry, maxBytes, keepMs = 0, lockTimeoutMs = 2_000, gatherMs = 0, whenFull = 'wait' } = options;
  const { reserveBytes = RESERVE_BYTES } = options;
  makeFolder(file);
  const thread = await startThread({
    file,
    now: clock.now(),
    maxBytes,
    lockTimeoutMs,
    reserveBytes,
  });
  let told = 0;
  const tellLost = (): void => {
    const { lost } = thread.state();
    if (lost > told) telemetry.emit('spoolTorn', SPOOL_TORN, { file }, lost - told);
    told = lost;
  };
  tellLost();
  const listeners = new Set<() => void>();
  const appender = createAppender({
    file,
    clock,
    telemetry,
    whenFull,
    // of the disk, not of the program's time: a real timer
    gather: gatherMs > 0 ? () => setTimeout(gatherMs) : undefined,
    write: async (groups) => {
      await thread.ask({ kind: 'append', groups });
      for (const listener of listeners) listener();
    },
  });
  const trim = (before: number, below: number): Promise<number> => trimInSteps(thread, before, below);
  let acknowledging: Promise<unknown> = Promise.resolve();
  /** One after the other: each is worked out from what the last one left. */
  const acknowledge = (range: SeqRange, forget: boolean): Promise<void> => {
    const done = acknowledging.then(() => acknowledgeRange(thread, range, forget));
    acknowledging = done.catch(() => undefined);
    return done;
  };

  return {
    src: thread.state().src,
    append: async (drafts) => {
      if (drafts.length > 0) await appender.append(encodeDrafts(drafts, clock.now()));
    },
    appendValues: async (records) => {
      if (records.length === 0) return;
      const devices = records.map(({ device }) => device);
      await appender.append({
        kind: 'values',
        at: clock.now(),
        devices,
        block: packValues(records.map((r) => r.value)),
      });
    },
    pending: () => pendingIn(thread.state()),
    peek: async ([from, to]) => {
      const block = await readBlock(thread, from, to - from, true);
      return unpackValues(block).map((value, i) => ({ seq: block.from + i, device: block.devices?.[i] ?? '', value }));
    },
    read: async (from, limit) => {
      const block = await readBlock(thread, from, limit, false);
      const stamps = block.appendedAt;
      return unpackValues(block).map((value, i) => ({ offset: block.from + i, appendedAt: stamps[i] ?? 0, value }));
    },
    bounds: () => ({ low: thread.state().low, high: thread.state().next }),
    gaps: () => thread.state().gaps,
    skip: async (below) => {
      await thread.ask({ kind: 'skip', below });
      tellLost();
    },
    onAppend: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    acknowledge: async (range) => {
      await acknowledge(range, keepMs === 0);
      if (keepMs > 0) await trim(clock.now() - keepMs, range[1]);
    },
    trim: async (before, below) => {
      await acknowledge([0, below], false);
      return trim(before, below);
    },
    depth: () => {
      const { oldestAt, bytes } = thread.state();
      return { frames: countSeqs(pendingIn(thread.state())), oldestAt, bytes };
    },
    lost: thread.lost,
    holdNoMore: appender.holdNoMore,
    close: async () => {
      await appender.close();
      await thread.close();
    },
  };
}

const pendingIn = ({ acknowledged, sent, next }: SpoolState): SeqSet => seqsOutside(sent, [acknowledged, next]);

async function acknowledgeRange(thread: SpoolThread, [from, to]: SeqRange, forget: boolean): Promise<void> {
  const { acknowledged, sent, next } = thread.state();
  const taken: SeqRange = [from, Math.min(to, next)];
  const [first = [0, 0], ...others] = addSeqs(addSeqs(sent, [0, acknowledged]), taken);
  const begins = first[0] === 0;
  await thread.ask({
    kind: 'acknowledge',
    acknowledged: begins ? first[1] : acknowledged,
    sent: begins ? others : [first, ...others],
    forget: forget ? taken : undefined,
  });
}

async function readBlock(thread: SpoolThread, from: number, limit: number, devices: boolean): Promise<FrameBlock> {
  const { block } = await thread.ask({ kind: 'read', from, limit, devices });
  if (!block) throw invariantError('SPOOL_FAILED', 'a read was answered without a block');
  return block;
}

/** In steps, so that an append never waits for a long clean-up. */
async function trimInSteps(thread: SpoolThread, before: number, below: number): Promise<number> {
  for (let total = 0; ;) {
    const { removed = 0 } = await thread.ask({ kind: 'trim', below, before, limit: FRAMES_PER_TRIM });
    total += removed;
    if (removed < FRAMES_PER_TRIM) return total;
  }
}

function makeFolder(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (error) {
    throw unwritable(file, error instanceof Error ? error.message : String(error));
  }
}
