import type { Kysely } from 'kysely';
import { type Bracket, DAY, dayStart, localDay, zoneOf } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { type EffectiveMounting, type EffectiveRegister, holdsAt } from '../ledger/effective.ts';
import { judge, type Judged } from '../ledger/judge.ts';
import { LOOK_BACK } from '../ledger/path.ts';
import { loadBrackets, placeOf } from './brackets.ts';

export interface JudgedWindow {
  readonly judged: Judged;
  /** First local day that the window covers whole; −Infinity: the mounting from its beginning. */
  readonly completeFrom: number;
  /** Instant of the window's first reading; −Infinity: as above. */
  readonly firstAt: number;
}

const ANCHOR = LOOK_BACK + 1;
const WINDOWS_DAYS = [3, 40];

/**
 * Judges a mounting so that everything from `from` on stands as if judged from its beginning. Where 31 readings well before `from` follow one
 * another (the findings of the books know of nothing there), the path can only go through the last of them, so the window begins there; else it
 * begins with the mounting. `to`: how far the answer is needed; the window goes on until later readings cannot change it.
 */
export async function judgeWindow(
  db: Kysely<Tables>,
  site: DirectorySite,
  register: EffectiveRegister,
  mounting: EffectiveMounting,
  from: number,
  to = Infinity,
): Promise<JudgedWindow> {
  const place = placeOf(site, register);
  for (const days of WINDOWS_DAYS) {
    const start = from - days * DAY;
    if (!Number.isFinite(start) || (mounting.mountedAt ?? -Infinity) >= start) break;
    const brackets = await loadBrackets(db, place, start, Number.isFinite(to) ? to + days * DAY : Infinity);
    const anchor = await anchorOf(db, site, mounting, register, brackets, from);
    if (!anchor) continue;
    const judged = judge(register, mounting, brackets, { slotMs: site.slotMs, anchored: true });
    if (Number.isFinite(to) && judged.settledTail < ANCHOR) continue;
    return { judged, ...anchor };
  }
  const all = await loadBrackets(db, place, mounting.mountedAt ?? -Infinity, mounting.removedAt ?? Infinity);
  return {
    judged: judge(register, mounting, all, { slotMs: site.slotMs }),
    completeFrom: -Infinity,
    firstAt: -Infinity,
  };
}

async function anchorOf(
  db: Kysely<Tables>,
  site: DirectorySite,
  mounting: EffectiveMounting,
  register: EffectiveRegister,
  brackets: readonly Bracket[],
  from: number,
): Promise<{ readonly completeFrom: number; readonly firstAt: number } | undefined> {
  const before = brackets
    .flatMap(({ first, last }) => (first.at === last.at ? [first.at] : [first.at, last.at]))
    .filter((at) => at < from && holdsAt(mounting, at));
  const [first, last] = [before[0], before[ANCHOR - 1]];
  const lookBack = before.at(-ANCHOR);
  if (first === undefined || last === undefined || lookBack === undefined || before.length < 2 * ANCHOR)
    return undefined;
  const disturbed = (at: number): boolean => first <= at && at <= last;
  if (register.cuts.some(disturbed) || register.admits.some((a) => disturbed(a.at))) return undefined;
  const zone = zoneOf(site.registry.site.zone);
  const completeFrom = localDay(first, zone) + 1;
  if (dayStart(completeFrom, zone) > lookBack) return undefined;
  const settled = await db
    .selectFrom('evidence')
    .select('first_at')
    .where('site', '=', site.registry.site.id)
    .where('mounting', '=', mounting.id)
    .executeTakeFirst();
  if (!settled || settled.first_at > first) return undefined;
  const faults = await db
    .selectFrom('finding')
    .select('kind')
    .where('site', '=', site.registry.site.id)
    .where('mounting', '=', mounting.id)
    .where('kind', 'in', ['outlier', 'pending', 'break'])
    .where('to_at', '>=', first)
    .where('from_at', '<=', last)
    .limit(1)
    .execute();
  return faults.length === 0 ? { completeFrom, firstAt: first } : undefined;
}
