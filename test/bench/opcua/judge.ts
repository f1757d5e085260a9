import type { Correctness } from '../form.ts';
import { deviceOf, nameOf, REGISTERS, SITE, tickAt, timeOfTick, valueOf } from './site.ts';

interface SpooledFrame {
  readonly site: string;
  readonly device: string;
  readonly at: number;
  readonly r: readonly (readonly [register: string, value: number, flags?: string])[];
}

/** The ticks that the server made, and those of them of which every value must be in the spool. */
export interface Expected {
  readonly made: ReadonlySet<number>;
  readonly due: readonly number[];
}

const numbered = (count: number, nameAt: (n: number) => string): ReadonlyMap<string, number> =>
  new Map(Array.from({ length: count }, (_, n) => [nameAt(n), n]));
const REGISTER_OF = numbered(REGISTERS, nameOf);

/** Holds frames against what the server made; a value is known by its node and its source time. Counted in values. */
export function createJudge(
  seed: number,
  devices: number,
  { made, due }: Expected,
): { readonly take: (frame: SpooledFrame) => void; readonly verdict: () => Correctness } {
  const deviceNumbers = numbered(devices, deviceOf);
  const nodes = devices * REGISTERS;
  const counts = { invented: 0, doubled: 0, differing: 0 };
  /** By tick: which nodes are there. */
  const seen = new Map<number, Uint8Array>();

  const takeEntry = (device: number, tick: number, [name, value, flags]: SpooledFrame['r'][number]): void => {
    const register = REGISTER_OF.get(name);
    if (register === undefined) {
      counts.invented += 1;
      return;
    }
    const place = device * REGISTERS + register;
    const there = seen.get(tick) ?? new Uint8Array(nodes);
    seen.set(tick, there);
    if (there[place]) counts.doubled += 1;
    there[place] = 1;
    if (value !== valueOf(seed, place, tick) || flags !== undefined) counts.differing += 1;
  };

  return {
    take: ({ site, device, at, r }) => {
      const [number, tick] = [deviceNumbers.get(device), tickAt(at)];
      if (site !== SITE || number === undefined || at !== timeOfTick(tick) || !made.has(tick))
        counts.invented += r.length;
      else for (const entry of r) takeEntry(number, tick, entry);
    },
    verdict: () => {
      const there = (tick: number): number => (seen.get(tick) ?? new Uint8Array()).reduce((sum, is) => sum + is, 0);
      return { ...counts, lost: due.reduce((sum, tick) => sum + nodes - there(tick), 0) };
    },
  };
}
