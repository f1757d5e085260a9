import { sql, type Transaction } from 'kysely';
import { type Bracket, DAY } from '#domain';
import { decodeBrackets } from '../books/codec.ts';
import { REGISTERS_PER_PART } from '../books/packed.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { EffectiveMounting, EffectiveRegister } from '../ledger/effective.ts';
import { judge } from '../ledger/judge.ts';
import { type BracketPlace, placeOf } from './brackets.ts';
import {
  type Anchor,
  anchorIn,
  FAULTS,
  isUndisturbed,
  type JudgedWindow,
  judgeWhole,
  type Known,
  windowStart,
  WINDOWS_DAYS,
} from './window.ts';

type Tx = Transaction<Tables>;

/** A mounting of a register that is to be computed again from an instant on. */
export interface Work {
  readonly register: EffectiveRegister;
  readonly mounting: EffectiveMounting;
  readonly from: number;
}

export interface JudgedWork extends Work {
  readonly window: JudgedWindow;
}

interface Waiting {
  readonly work: Work;
  readonly place: BracketPlace;
}

/** `judgeWindow` for many mountings of a site, with a handful of questions to the books for all of them. */
export async function judgeWindows(
  tx: Tx,
  site: DirectorySite,
  works: readonly Work[],
): Promise<readonly JudgedWork[]> {
  const done: JudgedWork[] = [];
  let waiting: readonly Waiting[] = works.map((work) => ({ work, place: placeOf(site, work.register) }));
  for (const days of WINDOWS_DAYS) {
    const starts = waiting.map(({ work }) => windowStart(work.mounting, work.from, days));
    const tried = waiting.filter((_, i) => starts[i] !== undefined);
    const rows = await rowsFrom(
      tx,
      tried,
      tried.map(({ work }) => work.from - days * DAY),
    );
    // brackets, marks, findings, in the order that judgeWindow gives
    const marked = await markedOf(tx, site, tried);
    const settled = await settledOf(tx, site, works);
    const left = waiting.filter((_, i) => starts[i] === undefined);
    for (const each of tried) {
      const { register, mounting, from } = each.work;
      const brackets = rows(each.place, from - days * DAY, Infinity);
      const anchor = anchorIn(site, mounting, register, brackets, from);
      if (anchor && isUndisturbed(anchor, { marked: marked(each), ...settled(mounting, anchor) })) {
        const judged = judge(register, mounting, brackets, { slotMs: site.slotMs, anchored: true });
        done.push({
          ...each.work,
          window: { judged, completeFrom: anchor.completeFrom, firstAt: anchor.firstAt },
        });
      } else left.push(each);
    }
    waiting = left;
  }
  const rows = await rowsFrom(
    tx,
    waiting,
    waiting.map(({ work }) => work.mounting.mountedAt ?? -Infinity),
  );
  for (const { work, place } of waiting) {
    const { register, mounting } = work;
    const brackets = rows(place, mounting.mountedAt ?? -Infinity, mounting.removedAt ?? Infinity);
    done.push({ ...work, window: judgeWhole(site, register, mounting, brackets) });
  }
  return done;
}

/** Below any day of ours. */
const EVER = -2_147_483_648;
const dayOf = (at: number): number => (at === -Infinity ? EVER : Math.floor(at / DAY));

/** A packed row of each day from `day` on, and which of its registers. */
interface Asked {
  readonly deviceKey: number;
  day: number;
  readonly ordinals: Set<number>;
}

type Brackets = (place: BracketPlace, from: number, to: number) => readonly Bracket[];

/** Reads the packed rows of the places from their instants on; each is unpacked once, for all registers that wait. */
async function rowsFrom(tx: Tx, waiting: readonly Waiting[], starts: readonly number[]): Promise<Brackets> {
  const first = new Map<string, Asked>();
  for (const [i, { place }] of waiting.entries()) {
    const key = `${place.deviceKey}:${place.part}`;
    const known = first.get(key) ?? { deviceKey: place.deviceKey, day: Infinity, ordinals: new Set() };
    known.day = Math.min(known.day, dayOf(starts[i] ?? -Infinity));
    known.ordinals.add(place.ordinal);
    first.set(key, known);
  }
  const asked = [...first.values()];
  const least = Math.min(...asked.map((a) => a.day));
  const { rows } =
    asked.length === 0
      ? { rows: [] }
      : await sql<{ device_key: number; part: number; day: number; payload: Buffer }>`
          select device_key, part, day, payload from bracket
          where device_key = any(${[...new Set(asked.map((a) => a.deviceKey))]}::int4[]) and day >= ${least} order by day`.execute(
          tx,
        );
  const days = new Map<
    string,
    { readonly day: number; readonly registers: ReadonlyMap<number, readonly Bracket[]> }[]
  >();
  for (const { device_key, part, day, payload } of rows) {
    const key = `${device_key}:${part}`;
    const wanted = first.get(key);
    if (!wanted || day < wanted.day) continue;
    const list = days.get(key) ?? [];
    list.push({ day, registers: decodeBrackets(day, payload, wanted.ordinals) });
    days.set(key, list);
  }
  return ({ deviceKey, part, ordinal }, from, to) =>
    (days.get(`${deviceKey}:${part}`) ?? [])
      .filter(({ day }) => day >= dayOf(from) && day * DAY <= to)
      .flatMap(({ registers }) => registers.get(ordinal) ?? []);
}

async function settledOf(
  tx: Tx,
  site: DirectorySite,
  works: readonly Work[],
): Promise<(mounting: EffectiveMounting, anchor: Anchor) => Omit<Known, 'marked'>> {
  const id = site.registry.site.id;
  const mountings = works.map((w) => w.mounting.id);
  const evidence = await sql<{ mounting: string; first_at: number }>`
    select mounting, first_at from evidence where site = ${id} and mounting = any(${mountings}::text[])`.execute(tx);
  const faults = await sql<{ mounting: string; from: number; to: number }>`
    select mounting, from_at as "from", to_at as "to" from finding
    where site = ${id} and mounting = any(${mountings}::text[]) and kind = any(${FAULTS}::text[])`.execute(tx);
  const from = new Map(evidence.rows.map((r) => [r.mounting, r.first_at]));
  const of = Map.groupBy(faults.rows, (r) => r.mounting);
  return ({ id: mounting }, { firstAt, lastAt }) => ({
    evidenceFrom: from.get(mounting),
    hasFaults: (of.get(mounting) ?? []).some((f) => f.to >= firstAt && f.from <= lastAt),
  });
}

/** From when on registers wait, asked after their rows were read: what changed those was marked in the same transaction. */
async function markedOf(
  tx: Tx,
  site: DirectorySite,
  waiting: readonly Waiting[],
): Promise<(waiting: Waiting) => number> {
  const keys = waiting.map(({ place }) => place.deviceKey);
  const dirty = await sql<{ device: string; register: string; from: number }>`
    select device, register, from_at as "from" from dirty
    where site = ${site.registry.site.id} and device = any(${[...new Set(waiting.map((w) => w.work.register.device))]}::text[])`.execute(
    tx,
  );
  const noted = await sql<{ device_key: number; part: number; registers: number; from: number }>`
    select m.device_key, m.part, m.registers, m.from_at as "from"
    from mark_batch b, unnest(b.device_keys, b.parts, b.registers, b.from_at) as m(device_key, part, registers, from_at)
    where m.device_key = any(${[...new Set(keys)]}::int4[])`.execute(tx);
  const known = new Map(dirty.rows.map((r) => [`${r.device}/${r.register}`, r.from]));
  const more = Map.groupBy(noted.rows, (r) => `${r.device_key}:${r.part}`);
  return ({ work: { register }, place: { deviceKey, part, ordinal } }) => {
    const bit = 1 << (ordinal % REGISTERS_PER_PART);
    const later = (more.get(`${deviceKey}:${part}`) ?? []).filter((m) => (m.registers & bit) !== 0).map((m) => m.from);
    return Math.min(known.get(`${register.device}/${register.register}`) ?? Infinity, ...later);
  };
}
