import type { Correctness } from '../form.ts';
import { faceOf, isGauge, nameOf, REGISTERS, SITE, unitOfDevice } from './site.ts';
import { wordOf } from './truth.ts';

interface SpooledFrame {
  readonly site: string;
  readonly device: string;
  readonly r: readonly (readonly [register: string, value: number, flags?: string])[];
}

const NAMES: ReadonlyMap<string, number> = new Map(
  Array.from({ length: REGISTERS }, (_, address) => [nameOf(address), address]),
);

/**
 * Holds frames against the number of answers that the server gave per unit. Each says by its first two registers which
 * answer it is. Counted in values.
 */
export function createJudge(
  seed: number,
  answers: readonly number[],
): { readonly take: (frame: SpooledFrame) => void; readonly verdict: () => Correctness } {
  const seen = answers.map(() => new Set<number>());
  const counts = { lost: 0, invented: 0, doubled: 0, differing: 0 };

  const isRight = (unit: number, n: number, [name, value, flags]: SpooledFrame['r'][number]): boolean => {
    const address = NAMES.get(name);
    return (
      address !== undefined &&
      value === faceOf(address, wordOf(seed, unit, address, n)) &&
      flags === (isGauge(address) ? 'g' : undefined)
    );
  };

  return {
    take: ({ site, device, r }) => {
      const unit = unitOfDevice(device);
      const n = (r[0]?.[1] ?? 0) + (r[1]?.[1] ?? 0) * 65_536;
      const known = seen[unit];
      if (site !== SITE || !known || n >= (answers[unit] ?? 0)) {
        counts.invented += r.length;
        return;
      }
      if (known.has(n)) {
        counts.doubled += r.length;
        return;
      }
      known.add(n);
      const names = new Set(r.map(([name]) => name));
      counts.lost += Math.max(0, REGISTERS - names.size);
      counts.doubled += r.length - names.size;
      counts.differing += r.filter((entry) => !isRight(unit, n, entry)).length;
    },
    verdict: () => {
      const absent = answers.reduce((sum, given, unit) => sum + given - (seen[unit]?.size ?? 0), 0);
      return { ...counts, lost: counts.lost + absent * REGISTERS };
    },
  };
}
