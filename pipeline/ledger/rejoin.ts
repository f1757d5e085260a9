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
 * log. Readings of the old brackets stay claims of the new ones, so nothing is lost where the log no longer reaches back. Answers whether
 * rows were written; a race with the worker is tried again.
 */
export async function rejoin(books: Books, log: FrameLog, telemetry: Telemetry): Promise<number> {
  const marks = await books.db.selectFrom('dirty').selectAll().where('rejoin', '=', true).execute();
  if (marks.length === 0) return 0;
  const directory = await loadDirectory(books.db);
  for (const mark of marks) {
    const device = directory.sites.get(mark.site)?.devices.get(mark.device);
    const register = device?.registers.get(mark.register);
    const { from, forgotten } =
      device && register ? await rejoinRegister(books, log, directory, device, register) : NOTHING;
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

async function rejoinRegister(
  books: Books,
  log: FrameLog,
  directory: Directory,
  device: DirectoryDevice,
  register: DirectoryRegister,
): Promise<Rejoined> {
  const before = await rowsOf(books, device, register);
  const slots = affectedSlots(before, device, register);
  if (slots.size === 0) return NOTHING;
  const claims = await claimsFromLog(log, directory, device, register, slots);
  const forgotten = forgottenSlots(before, device, register, slots, claims);
  for (;;) {
    // what a worker has written since the registry was read stands as it is to: the log, which may be long, is not read again for it
    const store = await rowsOf(books, device, register);
    const changed = [...store.rows.values()].filter((row) => rebucket(row, device, register, slots, claims));
    const outcome = await unlessRaced(books.db, async (tx) => {
      // another, who knows of a later event, may have joined these slots meanwhile: what this one knows would undo it
      if (!(await holdsVersion(tx, device.site, directory))) return 'outdated';
      await writeWhole(tx, 'bracket', dirtyRows(store));
      return 'written';
    });
    if (outcome === 'outdated') return NOTHING;
    if (outcome === 'written') return { from: Math.min(...changed.map((row) => row.day * DAY)), forgotten };
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

/** Slots with a cut inside them, or with a bracket that begins inside them. */
function affectedSlots(store: RowStore<Bracket>, device: DirectoryDevice, register: DirectoryRegister): Set<number> {
  const cuts = register.cuts.filter((cut) => cut % device.slotMs !== 0);
  const present = new Set<number>();
  const odd = new Set<number>();
  for (const row of store.rows.values()) {
    for (const { start } of listsOf(row).get(register.ordinal) ?? []) {
      present.add(slotStart(start, device.slotMs));
      if (start % device.slotMs !== 0) odd.add(slotStart(start, device.slotMs));
    }
  }
  for (const cut of cuts) if (present.has(slotStart(cut, device.slotMs))) odd.add(slotStart(cut, device.slotMs));
  return odd;
}

async function claimsFromLog(
  log: FrameLog,
  directory: Directory,
  device: DirectoryDevice,
  register: DirectoryRegister,
  slots: ReadonlySet<number>,
): Promise<readonly Claim[]> {
  const partition = partitionOf(device.id, log.partitionCount);
  const low = (await log.bounds()).get(partition)?.low ?? 0;
  const needle = Buffer.from(`"device":${JSON.stringify(device.id)}`);
  const claims: Claim[] = [];
  for await (const records of log.scan(partition, low)) {
    const mentioned = records.filter((r) =>
      Buffer.from(r.value.buffer, r.value.byteOffset, r.value.byteLength).includes(needle),
    );
    for (const reading of admitBatch(mentioned, directory).admitted) {
      if (
        registerKey(reading.device.id, reading.register.name) !== registerKey(device.id, register.name) ||
        reading.device.site !== device.site
      )
        continue;
      if (slots.has(slotStart(reading.at, device.slotMs)))
        claims.push({ at: reading.at, value: reading.value, rank: reading.rank });
    }
  }
  return claims;
}

function forgottenSlots(
  store: RowStore<Bracket>,
  device: DirectoryDevice,
  register: DirectoryRegister,
  slots: ReadonlySet<number>,
  claims: readonly Claim[],
): number {
  const retained = new Set(claims.map(({ at, value }) => `${at} ${value}`));
  const forgotten = new Set<number>();
  for (const row of store.rows.values())
    for (const bracket of listsOf(row).get(register.ordinal) ?? []) {
      const slot = slotStart(bracket.start, device.slotMs);
      const isKnown = stampClaims(bracket).every(({ at, value }) => retained.has(`${at} ${value}`));
      if (slots.has(slot) && !isKnown) forgotten.add(slot);
    }
  return forgotten.size;
}

function rebucket(
  row: HotRow<Bracket>,
  device: DirectoryDevice,
  register: DirectoryRegister,
  slots: ReadonlySet<number>,
  claims: readonly Claim[],
): boolean {
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
