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
