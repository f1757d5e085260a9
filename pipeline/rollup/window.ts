import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type Bracket, DAY, dayStart, type Interval, localDay, slotStart, zoneOf } from '#domain';
import { markedFrom } from '../books/dirty.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { type EffectiveMounting, type EffectiveRegister, holdsAt } from '../ledger/effective.ts';
import { judge, type Judged } from '../ledger/judge.ts';
import { LOOK_BACK, UNSURE_END } from '../ledger/path.ts';
import { type BracketPlace, loadBrackets, placeOf, unpacked } from './brackets.ts';

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
  const isFinite = Number.isFinite(to);
  for (const days of WINDOWS_DAYS) {
    const start = windowStart(mounting, from, days);
    if (start === undefined) break;
    const end = isFinite ? to + days * DAY : Infinity;
    const { brackets, faults, continues, ...known } = await loadWindow(db, site, register, mounting, {
      start,
      end,
      from,
    });
    const anchor = anchorIn(site, mounting, register, brackets, from);
    // nothing is certain before the first believed reading
    if ((known.evidenceFrom ?? Infinity) >= from) break;
    if (!anchor || !isUndisturbed(anchor, { ...known, hasFaults: faults.some((f) => isWithin(anchor, f)) })) continue;
    const judged = judge(register, mounting, brackets, { slotMs: site.slotMs, anchored: true });
    if (isFinite && continues && !isCertainUntil(judged, to + site.slotMs)) continue;
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

/** After any day of ours. */
const LAST_DAY = 2_147_483_647;
const dayOf = (at: number): number => (at === Infinity ? LAST_DAY : Math.floor(at / DAY));

/** Whether there are brackets of days after that of `at`. */
const continuesAfter = ({ deviceKey, part }: BracketPlace, at: number): RawBuilder<boolean> =>
  sql`exists (select from bracket where device_key = ${deviceKey} and part = ${part} and day > ${dayOf(at)})`;

async function endsBefore(db: Kysely<Tables>, place: BracketPlace, at: number): Promise<boolean> {
  const { rows } = await sql<{ continues: boolean }>`select ${continuesAfter(place, at)} as continues`.execute(db);
  return rows[0]?.continues === false;
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
  const zone = zoneOf(site.registry.site.zone);
  const end = slotStart(from, site.slotMs);
  let [firstAt, completeFrom, needed] = [NaN, NaN, Infinity];
  let [seen, certain] = [0, Infinity];
  for (const at of instantsBefore(brackets, end)) {
    if (!holdsAt(mounting, at) || register.excludes.some((e) => e.from <= at && at < e.to)) continue;
    seen += 1;
    if (seen === 1) {
      firstAt = at;
      completeFrom = localDay(at, zone) + 1;
      // the slot at that midnight ends, and has its neighbours, within what is certain
      needed = dayStart(completeFrom, zone) + 2 * site.slotMs;
    }
    if (certain === Infinity && seen >= ANCHOR && at >= needed) certain = seen;
    if (seen < certain + UNSURE_END) continue;
    const disturbed = (other: number): boolean => firstAt <= other && other <= at;
    const isDisturbed = register.cuts.some(disturbed) || register.admits.some((a) => disturbed(a.at));
    return isDisturbed ? undefined : { completeFrom, firstAt, lastAt: at };
  }
  return undefined;
}

/** Of readings before `end`, ascending. */
function* instantsBefore(brackets: readonly Bracket[], end: number): Generator<number> {
  for (const { start, first, last } of brackets) {
    if (start >= end) return;
    if (first.at < end) yield first.at;
    if (last.at !== first.at && last.at < end) yield last.at;
  }
}

/** What the books know of a mounting up to its anchor's end. */
export interface Known {
  /** Its first believed reading. */
  readonly evidenceFrom: number | undefined;
  /** From when on its register waits to be computed again. */
  readonly marked: number;
  /** Whether outliers, breaks or pending readings lie within the anchor. */
  readonly hasFaults: boolean;
}

/** Whether nothing is disputed, left out or waiting to be settled up to the anchor's end. */
export const isUndisturbed = ({ firstAt, lastAt }: Anchor, { evidenceFrom, marked, hasFaults }: Known): boolean =>
  marked > lastAt && evidenceFrom !== undefined && evidenceFrom <= firstAt && !hasFaults;

export const FAULTS = ['outlier', 'pending', 'break'];

const isWithin = ({ firstAt, lastAt }: Anchor, { from, to }: Interval): boolean => to >= firstAt && from <= lastAt;

/** A register's brackets of the UTC days from `start` to `end`, and what is known of them. */
interface LoadedWindow extends Omit<Known, 'hasFaults'> {
  readonly brackets: readonly Bracket[];
  /** Between its beginning and `from`. */
  readonly faults: readonly Interval[];
  /** Whether there are readings after `end`. */
  readonly continues: boolean;
}

/** One statement, so that all of it is of one moment: what changed brackets was marked with them, and what settled a mark wrote its findings with that. */
async function loadWindow(
  db: Kysely<Tables>,
  site: DirectorySite,
  register: EffectiveRegister,
  mounting: EffectiveMounting,
  { start, end, from }: { readonly start: number; readonly end: number; readonly from: number },
): Promise<LoadedWindow> {
  const of = site.registry.site.id;
  const place = placeOf(site, register);
  const { rows } = await sql<WindowRow>`/* window */
    select b.day, b.payload, k.* from (select (select first_at from evidence where site = ${of} and mounting = ${mounting.id}) as "evidenceFrom",
      ${markedFrom({ site: of, ...register, ...place })} as marked,
      (select json_agg(json_build_object('from', from_at, 'to', to_at)) from finding where site = ${of} and mounting = ${mounting.id}
        and kind = any(${FAULTS}::text[]) and to_at >= ${dayOf(start) * DAY} and from_at <= ${from}) as faults,
      ${continuesAfter(place, end)} as continues) k
    left join bracket b on b.device_key = ${place.deviceKey} and b.part = ${place.part} and b.day >= ${dayOf(start)} and b.day <= ${dayOf(end)}
    order by b.day`.execute(db);
  const [known] = rows;
  return {
    evidenceFrom: known?.evidenceFrom ?? undefined,
    marked: known?.marked ?? Infinity,
    faults: known?.faults ?? [],
    continues: known?.continues ?? false,
    brackets: rows.flatMap(({ day, payload }) =>
      day === null || payload === null ? [] : unpacked(place, day, payload),
    ),
  };
}

/** A packed row, none where there is none, beside what is known. */
interface WindowRow {
  readonly day: number | null;
  readonly payload: Uint8Array | null;
  readonly evidenceFrom: number | null;
  readonly marked: number | null;
  readonly faults: readonly Interval[] | null;
  readonly continues: boolean;
}
