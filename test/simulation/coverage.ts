import { REFUSALS } from '../../pipeline/ledger/admission.ts';

/** What the simulation does to the product. */
export const FAULT_KINDS = [
  'workerDied',
  'workerFrozen',
  'workerFrozenInCommit',
  'workerStopped',
  'gatewayDied',
  'gatewayFrozen',
  'spoolTailTorn',
  'spoolAnswerLost',
  'spoolFull',
  'storeCrashed',
  'storeDown',
  'storeSlow',
  'replyOfCommitLost',
  'commitRefused',
  'rowTouched',
  'rebalanced',
  'registryChanged',
  'logDown',
  'appendRepeated',
  'appendRefused',
  'clockStepped',
  'lineRefused',
  'lineCut',
  'unitSilent',
  'unitBusy',
  'rangeRefused',
  'poison',
  'late',
  'duplicate',
  'contradicted',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What the product tells of by itself (its telemetry), with the reason where it is what tells two branches apart. */
const EVENTS = [
  'commitFenced',
  'registryChanged',
  'workInterrupted',
  'relayStalled',
  'relayResumed',
  'frameHeld',
  'lineNotOpened',
  'linePoisoned timeout',
  'requestFailed timeout',
  'requestFailed closed',
  'requestFailed exception-6',
  'readSplit',
  'deviceLost',
  'deviceRecovered',
  'pollsSkipped',
] as const;

/** What the simulation sees of the product's rare ways from where it stands: at the store, the group, the log, the books. */
const SIGHTS = [
  'unknownCommitWasWritten',
  'unknownCommitWasNot',
  'commitOutdated',
  'commitRaced',
  'hotRowReloaded',
  'takenFromTheLiving',
  'takenFromTheDead',
  'takenFromTheFrozen',
  'diedAfterCommit',
  'revokedUncommitted',
  'rebalancedInBatch',
  'longBatch',
  'noWorkerAlive',
  'arrivedOutOfOrder',
  'lateToClosedDay',
  'sentNewestFirst',
  'sentAgain',
  'clockWentBack',
  'contradictionKept',
] as const;

export type Branch =
  | `fault ${FaultKind}`
  | `event ${(typeof EVENTS)[number]}`
  | `refused ${(typeof REFUSALS)[number]}`
  | `seen ${(typeof SIGHTS)[number]}`;

/** The rare branches by name: a long run must have been through each of them. */
export const BRANCHES: readonly Branch[] = [
  ...FAULT_KINDS.map((name) => `fault ${name}` as const),
  ...EVENTS.map((name) => `event ${name}` as const),
  ...REFUSALS.map((name) => `refused ${name}` as const),
  ...SIGHTS.map((name) => `seen ${name}` as const),
];

export type Counts = Readonly<Record<Branch, number>>;

export interface Coverage {
  readonly hit: (branch: Branch, times?: number) => void;
  /** What is no rare branch is not counted. */
  readonly hitIfNamed: (name: string) => void;
  readonly counts: () => Counts;
}

export function createCoverage(): Coverage {
  const counts = new Map<string, number>(BRANCHES.map((branch) => [branch, 0]));
  const hit = (name: string, times = 1): void => {
    counts.set(name, (counts.get(name) ?? 0) + times);
  };
  return {
    hit,
    hitIfNamed: (name) => {
      if (counts.has(name)) hit(name);
    },
    counts: () => Object.fromEntries(counts) as Counts,
  };
}

/** Counts of many seeds as one. */
export const totalOf = (all: readonly Counts[]): Counts =>
  Object.fromEntries(BRANCHES.map((name) => [name, all.reduce((sum, counts) => sum + counts[name], 0)])) as Counts;

export const neverHit = (counts: Counts): readonly Branch[] => BRANCHES.filter((name) => counts[name] === 0);
