import type { Kysely } from 'kysely';
import { type Bracket, DAY, dayStart, localDay, slotStart, zoneOf } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { type EffectiveMounting, type EffectiveRegister, holdsAt } from '../ledger/effective.ts';
import { judge, type Judged } from '../ledger/judge.ts';
import { LOOK_BACK, UNSURE_END } from '../ledger/path.ts';
import { type BracketPlace, loadBrackets, placeOf } from './brackets.ts';

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
    if (
      Number.isFinite(to) &&
      !(isCertainUntil(judged, to + site.slotMs) || (await endsBefore(db, place, to + days * DAY)))
    )
      continue;
    return { judged, ...anchor };
  }
  const all = await loadBrackets(db, place, mounting.mountedAt ?? -Infinity, mounting.removedAt ?? Infinity);
  return {
    judged: judge(register, mounting, all, { slotMs: site.slotMs }),
    completeFrom: -Infinity,
    firstAt: -Infinity,
  };
}

/** Later readings cannot change what is believed up to an instant. */
const isCertainUntil = (judged: Judged, at: number): boolean =>
  judged.settledTail >= ANCHOR + UNSURE_END &&
  (judged.believedAt[judged.believedAt.length - 1 - UNSURE_END] ?? -Infinity) >= at;

async function endsBefore(db: Kysely<Tables>, place: BracketPlace, at: number): Promise<boolean> {
  const later = await db
    .selectFrom('bracket')
    .select('day')
    .where('device_key', '=', place.deviceKey)
    .where('part', '=', place.part)
    .where('day', '>', Math.floor(at / DAY))
    .limit(1)
    .execute();
  return later.length === 0;
}

/** The window's first readings, where they are certain: up to `last` nothing is disputed, left out or waiting to be settled. */
async function anchorOf(
  db: Kysely<Tables>,
  site: DirectorySite,
  mounting: EffectiveMounting,
  register: EffectiveRegister,
  brackets: readonly Bracket[],
  from: number,
): Promise<{ readonly completeFrom: number; readonly firstAt: number } | undefined> {
  const excluded = (at: number): boolean => register.excludes.some((e) => e.from <= at && at < e.to);
  const before = brackets
    .flatMap(({ first, last }) => (first.at === last.at ? [first.at] : [first.at, last.at]))
    .filter((at) => at < slotStart(from, site.slotMs) && holdsAt(mounting, at) && !excluded(at));
  const first = before[0];
  if (first === undefined) return undefined;
  const zone = zoneOf(site.registry.site.zone);
  const completeFrom = localDay(first, zone) + 1;
  // the slot at that midnight ends, and has its neighbours, within what is certain
  const needed = dayStart(completeFrom, zone) + 2 * site.slotMs;
  const certain = Math.max(
    ANCHOR - 1,
    before.findIndex((at) => at >= needed),
  );
  const last = before[certain + UNSURE_END];
  if (last === undefined || (before[certain] ?? 0) < needed) return undefined;
  const disturbed = (at: number): boolean => first <= at && at <= last;
  if (register.cuts.some(disturbed) || register.admits.some((a) => disturbed(a.at))) return undefined;
  const marked = await db
    .selectFrom('dirty')
    .select('from_at')
    .where('site', '=', site.registry.site.id)
    .where('device', '=', register.device)
    .where('register', '=', register.register)
    .where('from_at', '<=', last)
    .execute();
  if (marked.length > 0) return undefined;
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
