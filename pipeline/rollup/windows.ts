import { sql, type Transaction } from 'kysely';
import { type Bracket, DAY } from '#domain';
import { inRuns, spanOf } from '#platform';
import { decodeBrackets } from '../books/codec.ts';
import { REGISTERS_PER_PART } from '../books/packed.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { EffectiveMounting, EffectiveRegister } from '../ledger/effective.ts';
import { judge } from '../ledger/judge.ts';
import { type BracketPlace, placeOf } from './brackets.ts';
import { LIMITS } from './settle-groups.ts';
import {
  anchorIn,
  FAULTS,
  type JudgedWindow,
  judgeWhole,
  type KnownBrackets,
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

/** Days of registers that are unpacked at once: many may have to be judged from their beginning, as after a long silence of a whole site. */
const UNPACKED_AT_ONCE = LIMITS.registerDays;

/**
 * `judgeWindow` for many mountings of a site, with a handful of questions to the books for all of them: first those whose window suffices, then,
 * some at a time, those that are judged from their beginning.
 */
export async function* judgeWindows(
  tx: Tx,
  site: DirectorySite,
  works: readonly Work[],
): AsyncGenerator<readonly JudgedWork[]> {
  const done: JudgedWork[] = [];
  let waiting: readonly Waiting[] = works.map((work) => ({ work, place: placeOf(site, work.register) }));
  for (const days of WINDOWS_DAYS) {
    const starts = waiting.map(({ work }) => windowStart(work.mounting, work.from, days));
    const tried = waiting.filter((_, i) => starts[i] !== undefined);
    if (tried.length === 0) continue;
    const packed = await packedFrom(
      tx,
      tried,
      tried.map(({ work }) => work.from - days * DAY),
    );
    const rows = unpackedFor(tried, packed);
    // brackets, marks, findings, in the order that judgeWindow gives
    const marked = await markedOf(tx, site, tried);
    const settled = await settledOf(tx, site, tried, days);
    const left = waiting.filter((_, i) => starts[i] === undefined);
    for (const each of tried) {
      const { register, mounting, from } = each.work;
      const brackets = rows(each.place, from - days * DAY, Infinity);
      const window = { brackets, marked: marked(each), ...settled(mounting) };
      const anchor = anchorIn(site, mounting, register, window, from);
      if (anchor) {
        const judged = judge(register, mounting, anchor.brackets, { slotMs: site.slotMs, anchored: true });
        done.push({
          ...each.work,
          window: { judged, completeFrom: anchor.completeFrom, firstAt: anchor.firstAt },
        });
      } else left.push(each);
    }
    waiting = left;
  }
  if (done.length > 0) yield done;
  const packed = await packedFrom(
    tx,
    waiting,
    waiting.map(({ work }) => work.mounting.mountedAt ?? -Infinity),
  );
  const daysOf = ({ place }: Waiting): number => packed.get(keyOf(place))?.length ?? 0;
  for (const some of inRuns(waiting, UNPACKED_AT_ONCE, daysOf)) {
    const rows = unpackedFor(some, packed);
    yield some.map(({ work, place }) => {
      const { register, mounting } = work;
      const brackets = rows(place, mounting.mountedAt ?? -Infinity, mounting.removedAt ?? Infinity);
      return { ...work, window: judgeWhole(site, register, mounting, brackets) };
    });
  }
}

/** Below any day of ours. */
const EVER = -2_147_483_648;
const dayOf = (at: number): number => (at === -Infinity ? EVER : Math.floor(at / DAY));

type Brackets = (place: BracketPlace, from: number, to: number) => readonly Bracket[];

const keyOf = ({ deviceKey, part }: Pick<BracketPlace, 'deviceKey' | 'part'>): string => `${deviceKey}:${part}`;

/** Packed rows by place, those of each in the order of their days. */
type PackedDays = ReadonlyMap<string, readonly { readonly day: number; readonly payload: Buffer }[]>;

/** Reads the packed rows of the places, each from the earliest of its instants on. */
async function packedFrom(tx: Tx, waiting: readonly Waiting[], starts: readonly number[]): Promise<PackedDays> {
  const first = new Map<string, number>();
  for (const [i, { place }] of waiting.entries()) {
    const key = keyOf(place);
    first.set(key, Math.min(first.get(key) ?? Infinity, dayOf(starts[i] ?? -Infinity)));
  }
  if (first.size === 0) return new Map();
  const { rows } = await sql<{ device_key: number; part: number; day: number; payload: Buffer }>`
    select device_key, part, day, payload from bracket
    where device_key = any(${[...new Set(waiting.map(({ place }) => place.deviceKey))]}::int4[]) and day >= ${Math.min(...first.values())} order by day`.execute(
    tx,
  );
  const wanted = rows.filter(
    ({ device_key: deviceKey, part, day }) => day >= (first.get(keyOf({ deviceKey, part })) ?? Infinity),
  );
  return Map.groupBy(wanted, ({ device_key: deviceKey, part }) => keyOf({ deviceKey, part }));
}

/** The brackets of those that wait; each row is unpacked once, for all of its registers among them. */
function unpackedFor(waiting: readonly Waiting[], packed: PackedDays): Brackets {
  const places = Map.groupBy(
    waiting.map(({ place }) => place),
    keyOf,
  );
  const days = new Map(
    [...places].map(([key, of]) => {
      const ordinals = new Set(of.map(({ ordinal }) => ordinal));
      const rows = packed.get(key) ?? [];
      return [
        key,
        rows.map(({ day, payload }) => ({ day, registers: decodeBrackets(day, payload, ordinals) })),
      ] as const;
    }),
  );
  return (place, from, to) =>
    (days.get(keyOf(place)) ?? [])
      .filter(({ day }) => day >= dayOf(from) && day * DAY <= to)
      .flatMap(({ registers }) => registers.get(place.ordinal) ?? []);
}

/** Evidence, and the faults of the days in which anchors of windows of so many days can lie. */
async function settledOf(
  tx: Tx,
  site: DirectorySite,
  tried: readonly Waiting[],
  days: number,
): Promise<(mounting: EffectiveMounting) => Pick<KnownBrackets, 'evidenceFrom' | 'faults'>> {
  const id = site.registry.site.id;
  const mountings = tried.map(({ work }) => work.mounting.id);
  const starts = spanOf(tried.map(({ work }) => work.from));
  const earliest = (dayOf(starts.from) - days) * DAY;
  const evidence = await sql<{ mounting: string; first_at: number }>`
    select mounting, first_at from evidence where site = ${id} and mounting = any(${mountings}::text[])`.execute(tx);
  const faults = await sql<{ mounting: string; from: number; to: number }>`
    select mounting, from_at as "from", to_at as "to" from finding
    where site = ${id} and mounting = any(${mountings}::text[]) and kind = any(${FAULTS}::text[])
      and to_at >= ${earliest} and from_at <= ${starts.to}`.execute(tx);
  const from = new Map(evidence.rows.map((r) => [r.mounting, r.first_at]));
  const of = Map.groupBy(faults.rows, (r) => r.mounting);
  return ({ id: mounting }) => ({ evidenceFrom: from.get(mounting), faults: of.get(mounting) ?? [] });
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
