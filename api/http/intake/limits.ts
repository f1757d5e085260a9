import type { Clock } from '#platform';

/** How often somebody may do something: so many at once, then so many per second. */
export interface Rate {
  /** Takes one of its turns, where there is one left. */
  readonly allows: (who: string) => boolean;
}

/** Whoever has not come for long is forgotten. */
const REMEMBERED = 10_000;

export function createRate({ burst, perSecond, clock }: { burst: number; perSecond: number; clock: Clock }): Rate {
  const known = new Map<string, { readonly turns: number; readonly at: number }>();
  return {
    allows: (who) => {
      const now = clock.now();
      const last = known.get(who) ?? { turns: burst, at: now };
      const turns = Math.min(burst, last.turns + (Math.max(0, now - last.at) / 1_000) * perSecond);
      known.delete(who);
      known.set(who, { turns: turns >= 1 ? turns - 1 : turns, at: now });
      const [oldest] = known.keys();
      if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
      return turns >= 1;
    },
  };
}

/** How many things of somebody may be under way at once. */
export interface Places {
  /** Takes one of them, where one is free, and answers what gives it back; to be called once. */
  readonly take: (who: string) => (() => void) | undefined;
}

export function createPlaces(most: number): Places {
  const taken = new Map<string, number>();
  return {
    take: (who) => {
      const before = taken.get(who) ?? 0;
      if (before >= most) return undefined;
      taken.set(who, before + 1);
      return () => {
        const left = (taken.get(who) ?? 0) - 1;
        if (left > 0) taken.set(who, left);
        else taken.delete(who);
      };
    },
  };
}
