import { isMeteringError, type MeteringError } from '#domain';
import type { Clock, EventSpec, Telemetry } from '#platform';
import { spoolClosed } from './failure.ts';
import type { AppendGroup } from './protocol.ts';

const EVENTS = {
  spoolStalled: { level: 'error', message: 'the spool takes no frames; they wait', labels: ['code'] },
  spoolResumed: { level: 'info', message: 'the spool takes frames again' },
} as const satisfies Record<string, EventSpec>;

const FRAMES_PER_COMMIT = 20_000;
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [500, 30_000];

export interface AppenderOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly whenFull: 'wait' | 'reject';
  /** Waits a moment before each commit, for others to share it; absent: not at all. */
  readonly gather?: (() => Promise<void>) | undefined;
  readonly write: (groups: readonly AppendGroup[]) => Promise<void>;
}

export interface Appender {
  readonly append: (group: AppendGroup) => Promise<void>;
  /** From now on nobody is held up: what a full disk does not take is rejected (SPOOL_CLOSED). */
  readonly holdNoMore: () => void;
  /** Writes what is queued; rejects what a full disk still holds up. */
  readonly close: () => Promise<void>;
}

interface Queued {
  readonly group: AppendGroup;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: while one commit is under way the calls that come queue up, and share the next. Order is kept, also
 * through a stall. A commit that fails is whole: nothing of it was written.
 */
export function createAppender(options: AppenderOptions): Appender {
  const queue: Queued[] = [];
  const holding = new AbortController();
  let closed = false;
  let draining: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      if (!closed) await options.gather?.();
      const commit = takeCommit(queue);
      try {
        await writeOrWait(options, commit, holding.signal);
        for (const { resolve } of commit) resolve();
      } catch (error) {
        for (const { reject } of commit) reject(error);
      }
    }
    draining = undefined;
  };

  const holdNoMore = (): void => holding.abort(spoolClosed(options.file));

  return {
    append: (group) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(spoolClosed(options.file));
        queue.push({ group, resolve, reject });
        draining ??= drain();
      }),
    holdNoMore,
    close: async () => {
      holdNoMore();
      closed = true;
      await draining;
    },
  };
}

async function writeOrWait(options: AppenderOptions, commit: readonly Queued[], holding: AbortSignal): Promise<void> {
  const groups = commit.map(({ group }) => group);
  const frames = groups.reduce((sum, group) => sum + countOf(group), 0);
  let stalled = false;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      await options.write(groups);
      if (stalled) options.telemetry.emit('spoolResumed', EVENTS.spoolResumed, { file: options.file, frames });
      return;
    } catch (error) {
      if (options.whenFull === 'reject' || !canCure(error)) throw error;
      if (!stalled) {
        const { code, message, cure } = error;
        options.telemetry.emit('spoolStalled', EVENTS.spoolStalled, {
          code,
          why: message,
          cure,
          file: options.file,
          frames,
        });
      }
      stalled = true;
      await options.clock.sleep(pause, holding);
    }
  }
}

const canCure = (error: unknown): error is MeteringError =>
  isMeteringError(error) && (error.code === 'SPOOL_FULL' || error.code === 'SPOOL_DISK_FAILED');

function takeCommit(queue: Queued[]): readonly Queued[] {
  let frames = 0;
  const end = queue.findIndex(({ group }) => (frames += countOf(group)) >= FRAMES_PER_COMMIT);
  return queue.splice(0, end < 0 ? queue.length : end + 1);
}

const countOf = (group: AppendGroup): number => (group.kind === 'drafts' ? group.count : group.devices.length);
