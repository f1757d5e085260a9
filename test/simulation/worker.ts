import { isPassing } from '../../pipeline/books/passing.ts';
import { createWorker } from '../../pipeline/ledger/worker.ts';
import type { Batch, BatchAnswer, LedgerStore, Position } from '../../pipeline/ledger/store.ts';
import type { Telemetry } from '../../pipeline/platform/index.ts';
import type { Random } from '../oracle/world/random.ts';
import { type MemoryStore, serverGone } from '../support/memory-store.ts';
import type { Coverage } from './coverage.ts';
import type { Faults } from './faults.ts';
import type { GroupLog } from './group-log.ts';
import { createProcess, type Process, type VirtualTime } from './time.ts';

export interface WorkerOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly faults: Faults;
  readonly coverage: Coverage;
  readonly telemetry: Telemetry;
  readonly log: GroupLog;
  readonly store: MemoryStore;
  readonly isStoreDown: () => boolean;
  /** Who claimed each partition last, over all workers. */
  readonly holders: Map<number, Process>;
  readonly signal: AbortSignal;
  readonly died: () => void;
  /** It ended after `stop`. */
  readonly ended: () => void;
  /** It gave up, which none may. */
  readonly failed: (error: unknown) => void;
}

export interface RunningWorker {
  readonly process: Process;
  /** For up to a minute: the group throws it out, and it does not know. */
  readonly freeze: () => void;
  /** Ends it as an operator does: with a last commit. */
  readonly stop: () => void;
}

const CHECKPOINT_MS = 60_000;
const MAX_HOT_ROWS = 60;

/** One life of a ledger worker. */
export function startWorker(options: WorkerOptions): RunningWorker {
  const { time, random, faults, coverage, log, signal } = options;
  const unanswered: Unanswered = { commits: 0 };
  const process = createProcess(time, {
    dies: () => faults.strikes('workerDied', 0.0008),
    died: () => {
      if (unanswered.commits > 0) coverage.hit('seen diedAfterCommit');
      options.died();
    },
  });
  const freeze = (): void => {
    const ms = random.int(1_000, 60_000);
    process.freeze(time.now() + ms);
    log.expireAfterSession();
    // when it goes on, it finds that the group went on without it
    time.at(time.now() + ms, log.rebalance);
  };
  const stopping = new AbortController();
  const worker = createWorker({
    store: overBadLine(options, process, { unanswered, freeze }),
    log: log.seenBy(process),
    clock: process.clock,
    telemetry: options.telemetry,
    checkpointMs: CHECKPOINT_MS,
    maxHotRows: MAX_HOT_ROWS,
  });
  // of a program that is dead the end of all is no end of its own
  const ifAlive = (tell: () => void): void => {
    if (process.isAlive()) tell();
  };
  worker.run(AbortSignal.any([signal, stopping.signal])).then(
    () => ifAlive(options.ended),
    (error: unknown) =>
      // a store that is away just then takes the last commit from it, which the next one makes
      ifAlive(() => (stopping.signal.aborted && isPassing(error) ? options.ended() : options.failed(error))),
  );
  return {
    process,
    freeze,
    stop: () => ifAlive(() => stopping.abort(new Error('the worker is stopped'))),
  };
}

/** Commits that are written, and the worker does not know it yet. */
interface Unanswered {
  commits: number;
}

interface Within {
  readonly unanswered: Unanswered;
  readonly freeze: () => void;
}

/** The store as a worker reaches it: through a process that may die, over a line that may swallow the answer. */
function overBadLine(options: WorkerOptions, process: Process, { unanswered, freeze }: Within): LedgerStore {
  const { random, faults, coverage, store, isStoreDown, holders } = options;
  const ask = <T>(effect: () => Promise<T>): Promise<T> =>
    process.ask(() => (isStoreDown() ? Promise.reject(serverGone()) : effect()));
  const late = async (): Promise<void> => {
    if (faults.strikes('storeSlow', 0.003)) await process.clock.sleep(random.int(100, 10_000));
  };
  const claimed = (partition: number): void => {
    const before = holders.get(partition);
    holders.set(partition, process);
    if (before === undefined || before === process) return;
    coverage.hit(`seen takenFromThe${before.isAlive() ? (before.isFrozen() ? 'Frozen' : 'Living') : 'Dead'}`);
  };
  const written = async (batch: Batch): Promise<BatchAnswer> => {
    const answer = await store.commit(batch);
    if (answer.outcome === 'committed') unanswered.commits += 1;
    if (faults.strikes('workerFrozenInCommit', 0.0005)) freeze();
    return answer;
  };
  /** Batches of which it is not known whether they are written, by partition. */
  const doubtful = new Map<number, Batch>();
  const settled = (partition: number, stands: Position | undefined): void => {
    const batch = doubtful.get(partition);
    doubtful.delete(partition);
    if (batch) coverage.hit(stands?.next === batch.to ? 'seen unknownCommitWasWritten' : 'seen unknownCommitWasNot');
  };
  const commit = async (batch: Batch): Promise<BatchAnswer> => {
    const row = random.pick([...batch.rows.bracket, undefined]);
    if (row && row.version > 0 && faults.strikes('rowTouched', 0.01)) store.touch('bracket', row);
    await late();
    if (faults.strikes('commitRefused', 0.005)) throw serverGone();
    if (faults.strikes('workerFrozenInCommit', 0.0005)) freeze();
    const answer = await ask(() => written(batch));
    if (answer.outcome === 'committed') unanswered.commits -= 1;
    if (faults.strikes('replyOfCommitLost', 0.02)) throw serverGone();
    return answer;
  };
  return {
    acquaint: (...given) => ask(() => store.acquaint(...given)),
    claim: async (log, partition, low) => {
      claimed(partition);
      return ask(() => store.claim(log, partition, low));
    },
    position: async (log, partition) => {
      const stands = await ask(() => store.position(log, partition));
      settled(partition, stands);
      return stands;
    },
    registryEdition: () => ask(() => store.registryEdition()),
    loadDirectory: () => ask(() => store.loadDirectory()),
    readRows: async (...given) => {
      await late();
      const rows = await ask(() => store.readRows(...given));
      if (rows.length > 0) coverage.hit('seen hotRowReloaded');
      return rows;
    },
    commit: async (batch) => {
      const answer = await commit(batch).catch((error: unknown) => {
        doubtful.set(batch.partition, batch);
        throw error;
      });
      if (answer.outcome === 'outdated') coverage.hit('seen commitOutdated');
      if (answer.outcome === 'raced') coverage.hit('seen commitRaced');
      return answer;
    },
  };
}
