import { sql, type Transaction } from 'kysely';
import { type Bracket, bracketStart, DAY, registerKey, slotStart } from '#domain';
import type { EventSpec, Telemetry } from '#platform';
import type { Books, Tables } from '../books/index.ts';
import { type FrameLog, partitionOf } from '../log/port.ts';
import { admitBatch } from './batch.ts';
import { type Directory, type DirectoryDevice, type DirectoryRegister, loadDirectory } from './directory.ts';
import { type HotRow, listsOf, rowKeyAt, touch } from './hot.ts';
import { bracketOf, joinBrackets, joinReading } from './join.ts';
import { bracketStore, dirtyRows, loadRows, type RowStore } from './rows.ts';
import { sqlStore, unlessRaced, writeWhole } from './sql-store.ts';

/** A reading on its way into a bracket. */
interface Claim {
  readonly at: number;
  readonly value: number;
  readonly rank: Bracket['first']['rank'];
}

/**
 * A cut recorded later parts a slot that was joined as one (ledger.md, 6): the register's slots with a cut inside, or whose cut is gone, are joined anew from the retained
 * log, a partition of which is read once for all of its registers. Readings of the old brackets stay claims of the new ones, so nothing is lost where the log no longer
 * reaches back. Answers how many registers waited; a race with the worker is tried again. Where the signal aborts, a partition that is not read to its end changes nothing.
 */
export async function rejoin(books: Books, log: FrameLog, telemetry: Telemetry, signal?: AbortSignal): Promise<number> {
  const marks = await books.db.selectFrom('dirty').selectAll().where('rejoin', '=', true).execute();
  if (marks.length === 0) return 0;
  const directory = await loadDirectory(books.db);
  const partitionOfMark = ({ device }: Mark): number => partitionOf(device, log.partitionCount);
  for (const [partition, waiting] of Map.groupBy(marks, partitionOfMark)) {
    const works = new Map<Mark, Work>();
    for (const mark of waiting) {
      const work = await workOf(books, directory, mark);
      if (work) works.set(mark, work);
    }
    if (works.size > 0) await readClaims(log, partition, directory, [...works.values()], signal);
    if (signal?.aborted) break;
    for (const mark of waiting) {
      const work = works.get(mark);
      const { from, forgotten } = work ? await rejoinRegister(books, directory, work) : NOTHING;
      const place = { device: mark.device, register: mark.register };
      telemetry.emit('slotsRejoined', REJOINED, place);
      if (forgotten > 0) telemetry.emit('slotsForgotten', FORGOTTEN, { ...place, slots: forgotten });
      // a cut recorded meanwhile came with a new version of the registry: its mark stays
      await sql`
        update dirty set rejoin = false, marks = marks + 1, from_at = least(from_at, ${Number.isFinite(from) ? from : null}::int8)
        where site = ${mark.site} and device = ${mark.device} and register = ${mark.register}
          and (select registry_version from site where id = ${mark.site}) = ${directory.sites.get(mark.site)?.version ?? 0}`.execute(
        books.db,
      );
    }
  }
  return marks.length;
}

const REJOINED: EventSpec = { level: 'info', message: 'slots were joined anew from the log' };
const FORGOTTEN: EventSpec = {
  level: 'warn',
  message:
    'the log no longer has all readings of slots that were to be joined anew; their first and last stand, those beside the cut are not known',
};

interface Rejoined {
  /** Start of the first day that changed; Infinity: none. */
  readonly from: number;
  /** Slots of which the log no longer has what the books have. */
  readonly forgotten: number;
}

const NOTHING: Rejoined = { from: Infinity, forgotten: 0 };

interface Mark {
  readonly site: string;
  readonly device: string;
  readonly register: string;
}

/** A register with slots to be joined anew. */
interface Work {
  readonly device: DirectoryDevice;
  readonly register: DirectoryRegister;
  /** What the books have of each of its slots. */
  readonly slots: ReadonlyMap<number, readonly Claim[]>;
  /** What the log has of them. */
  readonly claims: Claim[];
}

async function workOf(books: Books, directory: Directory, mark: Mark): Promise<Work | undefined> {
  const device = directory.sites.get(mark.site)?.devices.get(mark.device);
  const register = device?.registers.get(mark.register);
  if (!device || !register) return undefined;
  const slots = affectedSlots(await rowsOf(books, device, register), device, register);
  return slots.size === 0 ? undefined : { device, register, slots, claims: [] };
}

async function rejoinRegister(books: Books, directory: Directory, work: Work): Promise<Rejoined> {
  const { device, register } = work;
  for (;;) {
    // what a worker has written since the registry was read stands as it is to: the log, which may be long, is not read again for it
    const store = await rowsOf(books, device, register);
    const changed = [...store.rows.values()].filter((row) => rebucket(row, work));
    const outcome = await unlessRaced(books.db, async (tx) => {
      // another, who knows of a later event, may have joined these slots meanwhile: what this one knows would undo it
      if (!(await holdsVersion(tx, device.site, directory))) return 'outdated';
      await writeWhole(tx, 'bracket', dirtyRows(store));
      return 'written';
    });
    if (outcome === 'outdated') return NOTHING;
    if (outcome === 'written')
      return { from: Math.min(...changed.map((row) => row.day * DAY)), forgotten: forgottenSlots(work) };
  }
}

/** Whether the site's registry is the one of the directory; holds it so until the transaction ends. */
async function holdsVersion(tx: Transaction<Tables>, site: string, { sites }: Directory): Promise<boolean> {
  const row = await tx
    .selectFrom('site')
    .select('registry_version')
    .where('id', '=', site)
    .forShare()
    .executeTakeFirst();
  return row !== undefined && row.registry_version === sites.get(site)?.version;
}

/** All rows of the register. */
async function rowsOf(books: Books, device: DirectoryDevice, register: DirectoryRegister): Promise<RowStore<Bracket>> {
  const store = bracketStore();
  const days = await books.db
    .selectFrom('bracket')
    .select('day')
    .where('device_key', '=', device.key)
    .where('part', '=', rowKeyAt(device, register, 0).part)
    .execute();
  await loadRows(
    sqlStore(books),
    store,
    days.map(({ day }) => rowKeyAt(device, register, day * DAY)),
  );
  return store;
}

/** Slots with a cut inside them, or with a bracket that begins inside them; and the readings that they hold. */
function affectedSlots(
  store: RowStore<Bracket>,
  device: DirectoryDevice,
  register: DirectoryRegister,
): ReadonlyMap<number, readonly Claim[]> {
  const brackets = [...store.rows.values()].flatMap((row) => listsOf(row).get(register.ordinal) ?? []);
  const slotOf = (at: number): number => slotStart(at, device.slotMs);
  const odd = new Set(
    [...register.cuts, ...brackets.map(({ start }) => start)].filter((at) => at % device.slotMs !== 0).map(slotOf),
  );
  const affected = brackets.filter(({ start }) => odd.has(slotOf(start)));
  return new Map(
    [...Map.groupBy(affected, ({ start }) => slotOf(start))].map(([slot, held]) => [slot, held.flatMap(stampClaims)]),
  );
}

/** Adds to each register what the log has of its slots, until the signal aborts. */
async function readClaims(
  log: FrameLog,
  partition: number,
  directory: Directory,
  works: readonly Work[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const low = (await log.bounds()).get(partition)?.low ?? 0;
  const needles = [...new Set(works.map(({ device }) => `"device":${JSON.stringify(device.id)}`))].map((text) =>
    Buffer.from(text),
  );
  const placeOf = (device: DirectoryDevice, register: DirectoryRegister): string =>
    `${device.site} ${registerKey(device.id, register.name)}`;
  const byPlace = new Map(works.map((work) => [placeOf(work.device, work.register), work]));
  for await (const records of log.scan(partition, low)) {
    if (signal?.aborted) return;
    const mentioned = records.filter(({ value }) => {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return needles.some((needle) => bytes.includes(needle));
    });
    for (const { device, register, at, value, rank } of admitBatch(mentioned, directory).admitted) {
      const work = byPlace.get(placeOf(device, register));
      if (work?.slots.has(slotStart(at, device.slotMs))) work.claims.push({ at, value, rank });
    }
  }
}

/** How many slots hold a reading that the log no longer has. */
function forgottenSlots({ slots, claims }: Work): number {
  const retained = new Set(claims.map(({ at, value }) => `${at} ${value}`));
  return [...slots.values()].filter((held) => held.some(({ at, value }) => !retained.has(`${at} ${value}`))).length;
}

function rebucket(row: HotRow<Bracket>, { device, register, slots, claims }: Work): boolean {
  const old = listsOf(row).get(register.ordinal) ?? [];
  const touched = old.filter((b) => slots.has(slotStart(b.start, device.slotMs)));
  if (touched.length === 0) return false;
  const kept = old.filter((b) => !slots.has(slotStart(b.start, device.slotMs)));
  const mine = claims.filter((c) => Math.floor(c.at / DAY) === row.day);
  const joined = new Map<number, Bracket>();
  for (const { at, value, rank } of [...touched.flatMap(stampClaims), ...mine]) {
    const start = bracketStart(at, device.slotMs, register.cuts);
    const known = joined.get(start);
    joined.set(start, known ? joinReading(known, at, value, rank) : bracketOf(start, at, value, rank));
  }
  const next = [...kept, ...joined.values()].sort((a, b) => a.start - b.start);
  const same = next.length === old.length && next.every((b, i) => old[i] !== undefined && sameBracket(b, old[i]));
  if (same) return false;
  listsOf(row).set(register.ordinal, next);
  touch(row);
  return true;
}

const sameBracket = (a: Bracket, b: Bracket): boolean =>
  a.start === b.start && joinBrackets(a, b) === a && joinBrackets(b, a) === b;

const stampClaims = ({ first, last }: Bracket): readonly Claim[] =>
  [first, last].flatMap(({ at, value, rank, other }) => [{ at, value, rank }, ...(other ? [{ at, ...other }] : [])]);
