import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type Bracket, DAY, dayStart, type Interval, localDay, slotStart, zoneOf } from '#domain';
import { markedFrom } from '../books/dirty.ts';
import { PACKED_ROWS, packedRows } from '../books/packed-rows.ts';
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
  /** Of the site's registry when the brackets were read; undefined: it was not looked up with them. */
  readonly registryVersion?: number | undefined;
}

const ANCHOR = LOOK_BACK + 1;
export const WINDOWS_DAYS = [3, 40];

/**
 * Judges a mounting so that everything from `from` on stands as if judged from its beginning. Where 31 readings well before `from` follow one
 * another (the findings of the books know of nothing there), the path can only go through the last of them, so the window begins there, after whatever
 * disturbs its first days; where there are none in any window, it begins with the mounting. `to`: how far the answer is needed; the window goes on until later readings cannot change it.
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
    const window = await loadWindow(db, site, register, mounting, { start, end, from });
    // nothing is certain before the first believed reading
    if ((window.evidenceFrom ?? Infinity) >= from) break;
    const anchor = anchorIn(site, mounting, register, window, from);
    if (!anchor) continue;
    const judged = judge(register, mounting, anchor.brackets, { slotMs: site.slotMs, anchored: true });
    if (isFinite && window.continues && !isCertainUntil(judged, to + site.slotMs)) continue;
    const { completeFrom, firstAt } = anchor;
    return { judged, completeFrom, firstAt, registryVersion: window.registryVersion };
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

/** Readings of a window that are certain, from `firstAt` on, with all brackets of the window from there. */
export interface Anchor {
  readonly completeFrom: number;
  readonly firstAt: number;
  readonly brackets: readonly Bracket[];
}

/** Brackets of a window, and what the books know of the mounting in it. */
export interface KnownBrackets {
  readonly brackets: readonly Bracket[];
  /** Its first believed reading. */
  readonly evidenceFrom: number | undefined;
  /** From when on its register waits to be computed again. */
  readonly marked: number;
  /** Outliers, breaks and pending readings. */
  readonly faults: readonly Interval[];
}

/** The window's first readings among which nothing is disputed, left out or waiting to be settled, and nothing of the register's events lies. */
export function anchorIn(
  site: DirectorySite,
  mounting: EffectiveMounting,
  register: EffectiveRegister,
  { brackets, evidenceFrom, marked, faults }: KnownBrackets,
  from: number,
): Anchor | undefined {
  if (evidenceFrom === undefined) return undefined;
  const events = [...register.cuts, ...register.admits.map(({ at }) => at)].map((at) => ({ from: at, to: at }));
  const disturbances: readonly Interval[] = [{ from: -Infinity, to: evidenceFrom - 1 }, ...faults, ...events];
  let rest = brackets;
  for (;;) {
    const run = certainRun(site, mounting, register, rest, from);
    if (!run || marked <= run.lastAt) return undefined;
    const disturbedUntil = Math.max(...disturbances.filter((d) => isWithin(run, d)).map(({ to }) => to));
    if (disturbedUntil === -Infinity) return { ...run, brackets: rest };
    rest = rest.filter(({ first }) => first.at > disturbedUntil);
  }
}

interface CertainRun {
  readonly completeFrom: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** The first readings, so many that what follows them stands as if judged from the mounting's beginning, where nothing disturbs them. */
function certainRun(
  site: DirectorySite,
  mounting: EffectiveMounting,
  register: EffectiveRegister,
  brackets: readonly Bracket[],
  from: number,
): CertainRun | undefined {
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
    if (seen >= certain + UNSURE_END) return { completeFrom, firstAt, lastAt: at };
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

export const FAULTS = ['outlier', 'pending', 'break'];

const isWithin = ({ firstAt, lastAt }: CertainRun, { from, to }: Interval): boolean => to >= firstAt && from <= lastAt;

/** Of the UTC days from `start` to `end`, its faults up to `from`. */
interface LoadedWindow extends KnownBrackets {
  /** Whether there are readings after `end`. */
  readonly continues: boolean;
  readonly registryVersion: number | undefined;
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
    select (select registry_version from site where id = ${of}) as "registryVersion", (select first_at from evidence where site = ${of} and mounting = ${mounting.id}) as "evidenceFrom",
      ${markedFrom({ site: of, ...register, ...place })} as marked,
      (select json_agg(json_build_object('from', from_at, 'to', to_at)) from finding where site = ${of} and mounting = ${mounting.id}
        and kind = any(${FAULTS}::text[]) and to_at >= ${dayOf(start) * DAY} and from_at <= ${from}) as faults,
      ${continuesAfter(place, end)} as continues, ${PACKED_ROWS} as packed
    from bracket where device_key = ${place.deviceKey} and part = ${place.part} and day >= ${dayOf(start)} and day <= ${dayOf(end)}`.execute(
    db,
  );
  const [known] = rows;
  return {
    evidenceFrom: known?.evidenceFrom ?? undefined,
    marked: known?.marked ?? Infinity,
    faults: known?.faults ?? [],
    continues: known?.continues ?? false,
    registryVersion: known?.registryVersion ?? undefined,
    brackets: packedRows(known?.packed)
      .sort((a, b) => a.day - b.day)
      .flatMap(({ day, payload }) => unpacked(place, day, payload)),
  };
}

interface WindowRow {
  readonly packed: Buffer | null;
  readonly registryVersion: number | null;
  readonly evidenceFrom: number | null;
  readonly marked: number | null;
  readonly faults: readonly Interval[] | null;
  readonly continues: boolean;
}
