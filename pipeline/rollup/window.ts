import type { Kysely } from 'kysely';
import { type Bracket, DAY, dayStart, localDay, slotStart, zoneOf } from '#domain';
import { markedFrom } from '../books/dirty.ts';
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
export const WINDOWS_DAYS = [3, 40];

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
  const known = once(() => knownOf(db, site, mounting));
  for (const days of WINDOWS_DAYS) {
    const start = windowStart(mounting, from, days);
    // nothing is certain before the first believed reading
    if (start === undefined || ((await known()).evidenceFrom ?? Infinity) >= from) break;
    const brackets = await loadBrackets(db, place, start, Number.isFinite(to) ? to + days * DAY : Infinity);
    const anchor = anchorIn(site, mounting, register, brackets, from);
    if (!anchor) continue;
    // brackets, marks, findings, in this order: what changed brackets was marked with them, and what settled a mark wrote its findings with that
    const marked = await markedFrom(db, { site: site.registry.site.id, ...register, ...place });
    if (!isUndisturbed(anchor, marked, await knownOf(db, site, mounting))) continue;
    const judged = judge(register, mounting, brackets, { slotMs: site.slotMs, anchored: true });
    if (
      Number.isFinite(to) &&
      !(isCertainUntil(judged, to + site.slotMs) || (await endsBefore(db, place, to + days * DAY)))
    )
      continue;
    return { judged, completeFrom: anchor.completeFrom, firstAt: anchor.firstAt };
  }
  const [start, end] = [mounting.mountedAt ?? -Infinity, mounting.removedAt ?? Infinity];
  const enough = to + (WINDOWS_DAYS.at(-1) ?? 0) * DAY;
  if (enough < end) {
    const window = judgeWhole(site, register, mounting, await loadBrackets(db, place, start, enough));
    if (isCertainUntil(window.judged, to + site.slotMs) || (await endsBefore(db, place, enough))) return window;
  }
  return judgeWhole(site, register, mounting, await loadBrackets(db, place, start, end));
}

const once = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
};

/** Where a window of so many days before `from` begins; undefined where the mounting begins later. */
export function windowStart(mounting: EffectiveMounting, from: number, days: number): number | undefined {
  const start = from - days * DAY;
  return !Number.isFinite(start) || (mounting.mountedAt ?? -Infinity) >= start ? undefined : start;
}

export const judgeWhole = (
  site: DirectorySite,
  register: EffectiveRegister,
  mounting: EffectiveMounting,
  brackets: readonly Bracket[],
): JudgedWindow => ({
  judged: judge(register, mounting, brackets, { slotMs: site.slotMs }),
  completeFrom: -Infinity,
  firstAt: -Infinity,
});

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

/** Readings at a window's beginning that may be certain: from `firstAt` to `lastAt`. */
export interface Anchor {
  readonly completeFrom: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** The window's first readings, where nothing of the register's events lies among them. */
export function anchorIn(
  site: DirectorySite,
  mounting: EffectiveMounting,
  register: EffectiveRegister,
  brackets: readonly Bracket[],
  from: number,
): Anchor | undefined {
  const excluded = (at: number): boolean => register.excludes.some((e) => e.from <= at && at < e.to);
  const before = brackets
    .flatMap(({ first, last }) => (first.at === last.at ? [first.at] : [first.at, last.at]))
    .filter((at) => at < slotStart(from, site.slotMs) && holdsAt(mounting, at) && !excluded(at));
  const firstAt = before[0];
  if (firstAt === undefined) return undefined;
  const zone = zoneOf(site.registry.site.zone);
  const completeFrom = localDay(firstAt, zone) + 1;
  // the slot at that midnight ends, and has its neighbours, within what is certain
  const needed = dayStart(completeFrom, zone) + 2 * site.slotMs;
  const certain = Math.max(
    ANCHOR - 1,
    before.findIndex((at) => at >= needed),
  );
  const lastAt = before[certain + UNSURE_END];
  if (lastAt === undefined || (before[certain] ?? 0) < needed) return undefined;
  const disturbed = (at: number): boolean => firstAt <= at && at <= lastAt;
  if (register.cuts.some(disturbed) || register.admits.some((a) => disturbed(a.at))) return undefined;
  return { completeFrom, firstAt, lastAt };
}

/** What the books have settled of a mounting. */
export interface Settled {
  /** Its first believed reading. */
  readonly evidenceFrom: number | undefined;
  /** Outliers, breaks and pending readings. */
  readonly faults: readonly { readonly from: number; readonly to: number }[];
}

/** Whether nothing is disputed, left out or waiting to be settled up to the anchor's end. `marked`: from when on the register waits. */
export const isUndisturbed = (
  { firstAt, lastAt }: Anchor,
  marked: number,
  { evidenceFrom, faults }: Settled,
): boolean =>
  marked > lastAt &&
  evidenceFrom !== undefined &&
  evidenceFrom <= firstAt &&
  !faults.some((f) => f.to >= firstAt && f.from <= lastAt);

export const FAULTS = ['outlier', 'pending', 'break'];

async function knownOf(db: Kysely<Tables>, site: DirectorySite, mounting: EffectiveMounting): Promise<Settled> {
  const of = { site: site.registry.site.id, mounting: mounting.id };
  const evidence = await db
    .selectFrom('evidence')
    .select('first_at')
    .where('site', '=', of.site)
    .where('mounting', '=', of.mounting)
    .executeTakeFirst();
  const faults = await db
    .selectFrom('finding')
    .select(['from_at as from', 'to_at as to'])
    .where('site', '=', of.site)
    .where('mounting', '=', of.mounting)
    .where('kind', 'in', FAULTS)
    .execute();
  return { evidenceFrom: evidence?.first_at, faults };
}
