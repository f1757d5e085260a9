import type { Random } from '../oracle/world/random.ts';

/** Faults by the seed. Each kind that struck is counted, so that a run can prove that it was tried. */
export interface Faults {
  /** Whether the fault of this kind happens here. Never once it is quiet. */
  readonly strikes: (kind: FaultKind, probability: number) => boolean;
  readonly silence: () => void;
  readonly fired: () => Readonly<Record<FaultKind, number>>;
}

export const FAULT_KINDS = [
  'workerDied',
  'workerFrozen',
  'gatewayDied',
  'spoolSyncLost',
  'storeCrashed',
  'replyOfCommitLost',
  'commitRefused',
  'storeSlow',
  'rebalanced',
  'registryChanged',
  'appendRepeated',
  'appendRefused',
  'clockStepped',
  'lineRefused',
  'lineCut',
  'unitSilent',
  'unitBusy',
  'poison',
  'late',
  'duplicate',
  'contradicted',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export function createFaults(random: Random): Faults {
  const fired = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  let quiet = false;
  return {
    strikes: (kind, probability) => {
      if (quiet || !random.chance(probability)) return false;
      fired[kind] += 1;
      return true;
    },
    silence: () => {
      quiet = true;
    },
    fired: () => fired,
  };
}
