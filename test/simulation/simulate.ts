import type { FrameEntry } from '../../pipeline/domain/index.ts';
import { encodeFrame } from '../../pipeline/log/port.ts';
import { createWorker } from '../../pipeline/ledger/worker.ts';
import type { LedgerStore } from '../../pipeline/ledger/store.ts';
import { type Random, randomOf } from '../oracle/world/random.ts';
import { memoryStore, serverGone } from '../support/memory-store.ts';
import { emptyDisk } from '../support/memory-spool.ts';
import { directoryAt, METERS, SITE } from './building.ts';
import { createFaults, type FaultKind, type Faults } from './faults.ts';
import { startGateway } from './gateway.ts';
import { type GroupLog, groupLog } from './group-log.ts';
import { nullTelemetry } from './telemetry.ts';
import { createProcess, type Process, virtualTime, type VirtualTime } from './time.ts';
import { compare, type Comparison } from './verdict.ts';

export interface Outcome extends Comparison {
  readonly seed: number;
  readonly fired: Readonly<Record<FaultKind, number>>;
  readonly records: number;
  /** Frames that a spool acknowledged to a collector and the log does not have. */
  readonly lostFrames: number;
  /** Partitions that were not read to their end five minutes after the last fault. */
  readonly behind: number;
  readonly failure: string | undefined;
}

const START = Date.UTC(2026, 2, 2);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const QUIET_MS = 5 * 60_000;
const WORKERS = 3;
const GATEWAYS = 2;
const SYNC_MS = 10;
const CHECKPOINT_MS = 60_000;

/** One world by its seed: 50 meters, two gateways, three workers, days of faults, five quiet minutes; then the verdict. */
export async function simulate(seed: number, days = 1): Promise<Outcome> {
  const faultsEnd = START + days * DAY;
  const random = randomOf(seed);
  const faults = createFaults(random);
  const time = virtualTime(START);
  const log = groupLog(time, random, random.int(2, 8));
  const ending = new AbortController();
  let version = 1;
  const store = memoryStore({
    directory: () => directoryAt(version),
    sync: async () => {
      await new Promise<void>((resolve) => time.at(time.now() + SYNC_MS, resolve));
      if (faults.strikes('storeCrashed', 0.01)) store.crash();
    },
  });
  const disks = Array.from({ length: GATEWAYS }, (_, i) => emptyDisk(`0000000${i + 1}`));
  const accepted = disks.map(() => 0);
  let failure: string | undefined;

  const runGateway = (number: number): void => {
    const disk = disks[number];
    if (!disk) return;
    const process = startGateway({
      time,
      random,
      faults,
      log,
      disk,
      number,
      gateways: GATEWAYS,
      signal: ending.signal,
      accepted: (frames) => {
        accepted[number] = (accepted[number] ?? 0) + frames;
      },
      died: () => time.at(time.now() + random.int(1_000, 60_000), () => runGateway(number)),
    });
    process.setOffset(offsets[number] ?? 0);
    gateways[number] = process;
  };
  const offsets = disks.map(() => 0);
  const gateways: Process[] = [];

  const runWorker = (number: number): void => {
    const process = createProcess(time, {
      dies: () => faults.strikes('workerDied', 0.0008),
      died: () => {
        log.expireAfterSession();
        time.at(time.now() + random.int(1_000, 60_000), () => runWorker(number));
      },
    });
    workers[number] = process;
    const worker = createWorker({
      store: overBadLine(store, process, faults, random),
      log: log.seenBy(process),
      clock: process.clock,
      telemetry: nullTelemetry(),
      checkpointMs: CHECKPOINT_MS,
      maxHotRows: 60,
    });
    worker.run(ending.signal).catch((error: unknown) => {
      failure ??= `worker ${number}: ${error instanceof Error ? error.stack : String(error)}`;
    });
  };
  const workers: Process[] = [];

  for (let i = 0; i < GATEWAYS; i++) runGateway(i);
  for (let i = 0; i < WORKERS; i++) runWorker(i);
  trouble(
    { time, random, faults, log, until: faultsEnd },
    {
      freezeWorker: () => freeze(time, log, random.pick(workers), random.int(1_000, 60_000)),
      changeRegistry: () => {
        version += 1;
      },
      stepClock: () => {
        const number = random.int(0, GATEWAYS - 1);
        offsets[number] = random.pick([0, 1_000, -1_000, HOUR, -HOUR, 365 * DAY, -365 * DAY]);
        gateways[number]?.setOffset(offsets[number] ?? 0);
      },
    },
  );
  await time.runTo(faultsEnd);
  faults.silence();
  gateways.forEach((process) => process.setOffset(0));
  await time.runTo(faultsEnd + QUIET_MS);

  const positions = store.books().positions;
  const behind = [...log.highs()].filter(([p, high]) => (positions.get(`simulated/${p}`)?.next ?? 0) < high).length;
  ending.abort(new Error('the simulation ends'));
  await time.runTo(time.now() + 60_000);
  const records = log.records();
  return {
    seed,
    fired: faults.fired(),
    records: records.length,
    lostFrames: lostFrames(
      records.map(({ value }) => Buffer.from(value).toString()),
      disks,
      accepted,
    ),
    behind,
    failure,
    ...compare(store.books(), records, directoryAt(version)),
  };
}

/** The store as a worker reaches it: through a process that may die, over a line that may swallow the answer. */
function overBadLine(store: LedgerStore, process: Process, faults: Faults, random: Random): LedgerStore {
  const late = async (): Promise<void> => {
    if (faults.strikes('storeSlow', 0.003)) await process.clock.sleep(random.int(100, 10_000));
  };
  return {
    acquaint: (...given) => process.ask(() => store.acquaint(...given)),
    claim: (...given) => process.ask(() => store.claim(...given)),
    position: (...given) => process.ask(() => store.position(...given)),
    registryVersions: () => process.ask(() => store.registryVersions()),
    loadDirectory: () => process.ask(() => store.loadDirectory()),
    readRows: async (...given) => {
      await late();
      return process.ask(() => store.readRows(...given));
    },
    commit: async (batch) => {
      await late();
      if (faults.strikes('commitRefused', 0.005)) throw serverGone();
      const answer = await process.ask(() => store.commit(batch));
      if (faults.strikes('replyOfCommitLost', 0.02)) throw serverGone();
      return answer;
    },
  };
}

function freeze(time: VirtualTime, log: GroupLog, process: Process | undefined, ms: number): void {
  process?.freeze(time.now() + ms);
  log.expireAfterSession();
  // when it goes on, it finds that the group went on without it
  time.at(time.now() + ms, log.rebalance);
}

interface Scene {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly faults: Faults;
  readonly log: GroupLog;
  readonly until: number;
}

/** What happens to the whole from outside, every few minutes. */
function trouble(
  { time, random, faults, log, until }: Scene,
  does: Readonly<Record<'freezeWorker' | 'changeRegistry' | 'stepClock', () => void>>,
): void {
  let foreign = 0;
  const put = (value: Uint8Array): void => log.put([{ device: `meter-${random.int(0, METERS - 1)}`, value }]);
  const past = (): void => {
    const device = `meter-${random.int(0, METERS - 1)}`;
    const at = Math.round(time.now()) - random.int(0, 40 * DAY);
    const frame = (): Uint8Array => {
      const value = random.int(0, 4_000_000_000);
      const r: FrameEntry = random.chance(0.3) ? ['e', value, 'u'] : ['e', value];
      return encodeFrame({ v: 1, src: '0000000f', site: SITE, device, seq: foreign++, at, r: [r] });
    };
    const value = frame();
    log.put([{ device, value }]);
    if (faults.strikes('duplicate', 0.3)) log.put([{ device, value }]);
    if (faults.strikes('contradicted', 0.3)) log.put([{ device, value: frame() }]);
  };
  const next = (): void => {
    if (time.now() >= until) return;
    if (faults.strikes('workerFrozen', 0.03)) does.freezeWorker();
    if (faults.strikes('registryChanged', 0.02)) does.changeRegistry();
    if (faults.strikes('clockStepped', 0.02)) does.stepClock();
    if (faults.strikes('rebalanced', 0.05)) log.rebalance();
    if (faults.strikes('poison', 0.05)) put(random.pick(POISON));
    if (faults.strikes('late', 0.3)) past();
    time.at(time.now() + random.int(60_000, 900_000), next);
  };
  next();
}

const POISON: readonly Uint8Array[] = [
  '{"v":1,"src":"00000001"',
  '[]',
  '',
  '{"v":2}',
  JSON.stringify({ v: 1, src: '0000000e', site: SITE, device: 'nobody', seq: 0, at: START, r: [['e', 1]] }),
  JSON.stringify({ v: 1, src: '0000000e', site: SITE, device: 'meter-1', seq: 1, at: START, r: [['x', 1]] }),
  JSON.stringify({ v: 1, src: '0000000e', site: SITE, device: 'meter-1', seq: 2, at: START, r: [['e', 1.5]] }),
  JSON.stringify({ v: 1, src: '0000000e', site: 'elsewhere', device: 'meter-1', seq: 3, at: START, r: [['e', 5]] }),
].map((text) => Buffer.from(text));

/** By the spools' own numbers: what was acknowledged to a collector is below `next`, and each below it is in the log or still waits. */
function lostFrames(
  values: readonly string[],
  disks: readonly {
    readonly src: string;
    readonly next: number;
    readonly frames: readonly { readonly seq: number }[];
  }[],
  accepted: readonly number[],
): number {
  const seen = new Set(
    values.flatMap((value) => /"src":"([0-9a-f]{8})".*?"seq":(\d+)/.exec(value)?.slice(1).join(':') ?? []),
  );
  return disks.reduce((lost, { src, next, frames }, i) => {
    const waiting = new Set(frames.map(({ seq }) => seq));
    const missing = Array.from({ length: next }, (_, seq) => seq).filter(
      (s) => !seen.has(`${src}:${s}`) && !waiting.has(s),
    );
    return lost + missing.length + Math.max(0, (accepted[i] ?? 0) - next);
  }, 0);
}

/** What is wrong with an outcome, in words. */
export function faultOf(outcome: Outcome): string | undefined {
  const { lost, doubled, differing, lostFrames, behind, failure, examples } = outcome;
  const wrong = Object.entries({ lost, doubled, differing, lostFrames, behind }).filter(([, count]) => count > 0);
  if (wrong.length === 0) return failure;
  return [...wrong.map(([what, count]) => `${what} ${count}`), ...examples, ...(failure ? [failure] : [])].join('; ');
}
