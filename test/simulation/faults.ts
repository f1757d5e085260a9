import type { Random } from '../oracle/world/random.ts';
import type { Coverage, FaultKind } from './coverage.ts';

/** Faults by the seed. Each that struck is counted, so that a run can prove that it was tried. */
export interface Faults {
  /** Whether the fault of this kind happens here. Never once it is quiet. */
  readonly strikes: (kind: FaultKind, probability: number) => boolean;
  readonly silence: () => void;
}

export function createFaults(random: Random, coverage: Coverage): Faults {
  let quiet = false;
  return {
    strikes: (kind, probability) => {
      if (quiet || !random.chance(probability)) return false;
      coverage.hit(`fault ${kind}`);
      return true;
    },
    silence: () => {
      quiet = true;
    },
  };
}
