import { DAY, HOUR, type Interval, MINUTE } from '../../../pipeline/domain/index.ts';
import type { Books } from '../../../pipeline/books/index.ts';
import { atOf, type Fleet, pointId, REGISTERS, registerName, valueOf } from '../core/fleet.ts';
import { packedDay } from '../core/packed.ts';

/** A district: so many institutions in one registry, a device of ten registers each. */
export const PER_SITE = 100;
export const DAYS = 365;
export const BEGIN = Date.UTC(2025, 0, 1);
export const ZONE_MS = 8 * HOUR;
const INTERVAL = 15 * MINUTE;

export const siteOf = (device: number): string => `bench-${Math.floor(device / PER_SITE)}`;

export const yearOf = (seed: number, institutions: number): Fleet => ({
  seed,
  devices: institutions,
  intervalMs: INTERVAL,
  begin: BEGIN,
  steps: (DAYS * DAY) / INTERVAL,
  partitions: 1,
});

const stepAt = (fleet: Fleet, at: number): number => (at - fleet.begin) / fleet.intervalMs;
export const between = (fleet: Fleet, device: number, register: number, { from, to }: Interval): number =>
  valueOf(fleet.seed, device, register, stepAt(fleet, to)) - valueOf(fleet.seed, device, register, stepAt(fleet, from));

/** The registers of the institution that has 24: of its own device and of the next two. */
export const OF_24 = Array.from({ length: 24 }, (_, i) => ({
  device: Math.floor(i / REGISTERS),
  register: i % REGISTERS,
}));

/** Packed rows of all devices, and derived days of the sites of the first `derivedFor`. */
export async function plantYear(books: Books, fleet: Fleet, derivedFor = fleet.devices): Promise<void> {
  const { pool } = books;
  const first = BEGIN / DAY;
  const days = Array.from({ length: DAYS }, (_, i) => first + i);
  await books.ensurePartitions([...days, first + DAYS, first + DAYS + 1]);
  await pool.query(
    `update allocation set rule = jsonb_set(rule, '{shares,0,institution}', '"i0"') where point = any($1)`,
    [OF_24.map(({ device, register }) => pointId(device, registerName(register)))],
  );
  await pool.query('create table template (day int4, payload bytea)');
  await pool.query('insert into template select * from unnest($1::int4[], $2::bytea[])', [
    days,
    days.map((day) => Buffer.from(packedDay(fleet, 0, day))),
  ]);
  await pool.query('insert into bracket select d.key, t.day, 0, 1, t.payload from device d, template t');
  const last = atOf(fleet, fleet.steps - 1);
  const local = Array.from({ length: DAYS + 1 }, (_, i) => first + i);
  const amounts = local.flatMap((day) =>
    Array.from({ length: REGISTERS }, (_, register) => {
      const [from, to] = [Math.max(BEGIN, day * DAY - ZONE_MS), Math.min(last, (day + 1) * DAY - ZONE_MS)];
      return { day, register: registerName(register), amount: between(fleet, 0, register, { from, to }) };
    }),
  );
  await pool.query('create table amount (day int4, register text, amount int8)');
  await pool.query('insert into amount select * from unnest($1::int4[], $2::text[], $3::int8[])', [
    amounts.map((a) => a.day),
    amounts.map((a) => a.register),
    amounts.map((a) => a.amount),
  ]);
  await pool.query('create index on amount (register, day)');
  await pool.query('analyze');
  const sites = [...new Set(Array.from({ length: derivedFor }, (_, device) => siteOf(device)))];
  for (const statement of DERIVED) await pool.query(statement, [sites]);
  await pool.query('insert into evidence select site, id, $1::int8, 0, $2::int8, 0 from mounting', [BEGIN, last]);
  await pool.query('update site set settled_version = registry_version');
  for (const table of ['template', 'amount']) await pool.query(`drop table ${table}`);
  // the months are over: packed tight, as the housekeeping leaves them
  await books.tend(first + DAYS + 40);
  await pool.query('vacuum analyze');
}

/** How large the books are, in words. */
export async function sizeOf({ pool }: Books, { devices }: Fleet): Promise<string> {
  const { rows } = await pool.query<{ bytes: number; brackets: number }>(
    `select pg_database_size(current_database()) as bytes, (select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'bracket'::regclass) as brackets`,
  );
  const [{ bytes, brackets } = { bytes: 0, brackets: 0 }] = rows;
  const registers = devices * REGISTERS;
  return `${devices} institutions, ${registers} registers, ${DAYS} days: ${gigabytes(bytes)} GB, of it packed rows ${gigabytes(brackets)} GB, ${(brackets / (registers * DAYS * 24)).toFixed(1)} bytes a register-hour`;
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);

/** What the settler would have made of it, in the order of the keys: an index that grows at its end is filled twice as fast. `$1`: sites. */
const DERIVED = [
  `insert into mounting_day select m.site, m.id, a.day, a.amount, a.amount, 0, 0
   from (select * from mounting where site = any($1) order by site, id) m cross join lateral (select * from amount where register = m.register order by day) a`,
  `insert into usage_day select m.site, m.point, a.day, a.amount, a.amount, 0, 0, 0
   from (select * from mounting where site = any($1) order by site, point) m cross join lateral (select * from amount where register = m.register order by day) a`,
  `insert into allocation_day (site, party, day, point, amount)
   select m.site, l.rule->'shares'->0->>'institution' as party, a.day, m.point, a.amount
   from mounting m join allocation l on l.site = m.site and l.point = m.point join amount a on a.register = m.register
   where m.site = any($1) order by 1, 2, 3, 4`,
  `insert into party_day select a.site, a.party, p.carrier, a.day, sum(a.amount), true
   from allocation_day a join point p on p.site = a.site and p.id = a.point where a.site = any($1) group by 1, 2, 3, 4`,
];
