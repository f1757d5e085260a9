import { randomOf } from '../oracle/world/random.ts';
import { memoryStore } from '../support/memory-store.ts';
import { directoryAt, START } from './building.ts';
import { type Counts, createCoverage } from './coverage.ts';
import { createFaults } from './faults.ts';
import { type GatewaySite, gatewaySite, startGateway } from './gateway.ts';
import { groupLog } from './group-log.ts';
import { arrivedOf, countArrivals, lostFrames } from './seen.ts';
import { watchedTelemetry } from './telemetry.ts';
import { type Process, virtualTime } from './time.ts';
import { type Strikes, trouble } from './trouble.ts';
import { compare, type Comparison } from './verdict.ts';
import { type RunningWorker, startWorker } from './worker.ts';

export interface Outcome extends Comparison {
  readonly seed: number;
  readonly days: number;
  readonly branches: Counts;
  readonly records: number;
  /** Frames that a spool acknowledged to a collector and the log does not have. */
  readonly lostFrames: number;
  /** Partitions that were not read to their end five minutes after the last fault. */
  readonly behind: number;
  readonly failure: string | undefined;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const QUIET_MS = 5 * 60_000;
const WORKERS = 3;
const GATEWAYS = 2;
const SYNC_MS = 10;
const LEAST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const CLOCK_ERRORS_MS = [0, 1_000, -1_000, HOUR, -HOUR, 365 * DAY, -365 * DAY] as const;

/** Every eighth seed has three days, so that 200 seeds fit into the half minute of a commit; the others have one. */
export const daysOf = (seed: number): number => (seed % 8 === 0 ? 3 : 1);

/** One world by its seed: 50 meters, two gateways, three workers, days of faults, five quiet minutes; then the verdict. */
export async function simulate(seed: number, days = daysOf(seed)): Promise<Outcome> {
  const faultsEnd = START + days * DAY;
  const random = randomOf(seed);
  const coverage = createCoverage();
  const faults = createFaults(random, coverage);
  const telemetry = watchedTelemetry(coverage);
  const time = virtualTime(START);
  const ending = new AbortController();
  const { signal } = ending;
  let directory = directoryAt(1);
  let version = 1;
  let [storeBackAt, logBackAt] = [-Infinity, -Infinity];
  let failure: string | undefined;
  const pause = (): number => random.int(LEAST_PAUSE_MS, LONGEST_PAUSE_MS);
  const store = memoryStore({
    directory: () => directory,
    sync: async () => {
      await new Promise<void>((resolve) => time.at(time.now() + SYNC_MS, resolve));
      if (faults.strikes('storeCrashed', 0.01)) store.crash();
    },
  });
  const committed = (partition: number): number => store.books().positions.get(`simulated/${partition}`)?.next ?? 0;
  const log = groupLog(time, random, random.int(2, 8), {
    revoked: (positions) => {
      if ([...positions].some(([p, next]) => next > committed(p))) coverage.hit('seen revokedUncommitted');
    },
    longBatch: () => coverage.hit('seen longBatch'),
    rebalancedInBatch: () => coverage.hit('seen rebalancedInBatch'),
  });
  const scene = { time, random, faults, coverage, telemetry, log, signal };

  const sites = Array.from({ length: GATEWAYS }, (_, i) => gatewaySite(i));
  const gateways = new Map<GatewaySite, Process>();
  const runGateway = (site: GatewaySite): void => {
    const died = (): void => void time.at(time.now() + pause(), () => runGateway(site));
    const isLogDown = (): boolean => time.now() < logBackAt;
    gateways.set(site, startGateway({ ...scene, isLogDown, site, gateways: GATEWAYS, died }));
  };

  const workers = new Map<number, RunningWorker>();
  const holders = new Map<number, Process>();
  const runWorker = (number: number): void => {
    const again = (): void => void time.at(time.now() + pause(), () => runWorker(number));
    const isStoreDown = (): boolean => time.now() < storeBackAt;
    const died = (): void => {
      if ([...workers.values()].every(({ process }) => !process.isAlive())) coverage.hit('seen noWorkerAlive');
      log.expireAfterSession();
      again();
    };
    const failed = (error: unknown): void => {
      failure ??= `worker ${number}: ${error instanceof Error ? error.stack : String(error)}`;
    };
    const ended = (): void => {
      if (!signal.aborted) again();
    };
    workers.set(number, startWorker({ ...scene, store, isStoreDown, holders, died, ended, failed }));
  };

  const until = (ms: number): number => Math.min(faultsEnd, time.now() + ms);
  const strikes: Strikes = {
    workerFrozen: [0.03, () => random.pick([...workers.values()]).freeze()],
    workerStopped: [0.03, () => random.pick([...workers.values()]).stop()],
    gatewayFrozen: [0.01, () => random.pick([...gateways.values()]).freeze(until(random.int(60_000, 3 * HOUR)))],
    clockStepped: [
      0.02,
      () => {
        const site = random.pick(sites);
        site.offset = random.pick(CLOCK_ERRORS_MS);
        gateways.get(site)?.setOffset(site.offset);
      },
    ],
    registryChanged: [
      0.02,
      () => {
        directory = directoryAt(++version);
      },
    ],
    storeDown: [
      0.02,
      () => {
        storeBackAt = until(pause());
      },
    ],
    logDown: [
      0.02,
      () => {
        logBackAt = until(random.int(60_000, 2 * HOUR));
      },
    ],
    rebalanced: [0.05, log.rebalance],
  };

  sites.forEach(runGateway);
  for (let i = 0; i < WORKERS; i++) runWorker(i);
  trouble({ ...scene, until: faultsEnd }, strikes);
  await time.runTo(faultsEnd);
  faults.silence();
  for (const [site, process] of gateways) {
    site.offset = 0;
    process.setOffset(0);
  }
  await time.runTo(faultsEnd + QUIET_MS);

  const behind = [...log.highs()].filter(([partition, high]) => committed(partition) < high).length;
  ending.abort(new Error('the simulation ends'));
  await time.runTo(time.now() + 60_000);
  const records = log.records();
  const arrived = arrivedOf(records);
  countArrivals(arrived, new Set(sites.map(({ disk }) => disk.src)), coverage);
  const comparison = compare(store.books(), records, directory, coverage);
  return {
    seed,
    days,
    branches: coverage.counts(),
    records: records.length,
    lostFrames: lostFrames(arrived, sites),
    behind,
    failure,
    ...comparison,
  };
}

/** What is wrong with an outcome, in words. */
export function faultOf(outcome: Outcome): string | undefined {
  const { lost, doubled, differing, lostFrames: frames, behind, failure, examples } = outcome;
  const wrong = Object.entries({ lost, doubled, differing, lostFrames: frames, behind }).filter(([, n]) => n > 0);
  if (wrong.length === 0) return failure;
  return [...wrong.map(([what, count]) => `${what} ${count}`), ...examples, ...(failure ? [failure] : [])].join('; ');
}
