import { type Kysely, sql } from 'kysely';

/** Registry, ledger and totals. Instants are int8 epoch ms, days are int4 days since 1970-01-01 (UTC days of brackets, local days of usage). */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // --- registry -----------------------------------------------------------------------------------------------------
  `create table site (
     id text primary key, name_zh text not null, name_en text not null, zone text not null, slot_minutes int4 not null,
     registry_version int4 not null default 0)`,
  `create table institution (
     site text not null references site, id text not null, name_zh text not null, name_en text not null, ended int4,
     primary key (site, id))`,
  `create table headcount (
     site text not null, institution text not null, from_day int4 not null, value float8 not null,
     primary key (site, institution, from_day), foreign key (site, institution) references institution)`,
  `create table premises (
     site text not null references site, id text not null, name_zh text not null, name_en text not null, parent text, ended int4,
     primary key (site, id))`,
  `create table area (
     site text not null references site, subject_kind text not null check (subject_kind in ('institution', 'premises')),
     subject text not null, from_day int4 not null, m2 float8 not null, primary key (site, subject_kind, subject, from_day))`,
  `create table device (
     key int4 generated always as identity primary key, site text not null references site, id text not null, model text not null,
     connection text, interval_ms int8 not null, ended int4, unique (site, id))`,
  `create table register (
     device_key int4 not null references device, ordinal int2 not null, name text not null, kind text not null, carrier text,
     unit text not null, scale_num int8 not null, scale_den int8 not null, modulus int8,
     primary key (device_key, ordinal), unique (device_key, name))`,
  `create table point (
     site text not null references site, id text not null, name_zh text not null, name_en text not null, carrier text not null,
     premises text, role text not null, parent text, item text, terms jsonb, ended int4, primary key (site, id))`,
  `create table mounting (
     site text not null, id text not null, point text not null, serial text not null, device text not null, register text not null,
     multiplier_num int8 not null, multiplier_den int8 not null, scale_num int8 not null, scale_den int8 not null,
     modulus int8, max_rate int8, backlash int8, mounted_at int8, initial int8, removed_at int8, final int8,
     primary key (site, id), foreign key (site, point) references point)`,
  `create table allocation (
     site text not null, point text not null, from_day int4 not null, rule jsonb not null,
     primary key (site, point, from_day), foreign key (site, point) references point)`,
  `create table registry_change (
     id int4 generated always as identity primary key, site text not null references site, at int8 not null, by_name text not null,
     reason text not null, change jsonb not null)`,
  // --- ledger -------------------------------------------------------------------------------------------------------
  `create table bracket (
     device_key int4 not null, day int4 not null, part int2 not null, version int4 not null, payload bytea not null,
     primary key (device_key, day, part)) partition by range (day)`,
  `create table gauge (
     device_key int4 not null, day int4 not null, part int2 not null, version int4 not null, payload bytea not null,
     primary key (device_key, day, part)) partition by range (day)`,
  // packed already: compression would only cost time
  `alter table bracket alter column payload set storage external`,
  `alter table gauge alter column payload set storage external`,
  `create table meter_event (
     id int4 generated always as identity primary key, site text not null references site, state text not null, kind text not null,
     body jsonb not null, by_name text not null, reason text not null, recorded_at int8 not null, confirmed_by text, confirmed_at int8,
     supersedes int4 references meter_event)`,
  `create table quarantine (
     id int8 generated always as identity primary key, log text not null, partition int4 not null, log_offset int8 not null, ordinal int4 not null,
     appended_at int8 not null, reason text not null, detail text not null, site text, device text, register text, at int8, value text,
     payload bytea not null, state text not null default 'open', settled_at int8, unique (log, partition, log_offset, ordinal))`,
  `create index quarantine_open on quarantine (reason) where state = 'open'`,
  `create table log (id text primary key, partition_count int4 not null)`,
  `create table log_offset (
     log text not null references log, partition int4 not null, next_offset int8 not null, epoch int8 not null,
     records int8 not null default 0, readings int8 not null default 0, folded int8 not null default 0, quarantined int8 not null default 0,
     primary key (log, partition))`,
  `create table log_source (
     log text not null, partition int4 not null, src text not null, seqs int8multirange not null, repeated int8 not null default 0, primary key (log, partition, src))`,
  `create table dirty (
     site text not null, device text not null, register text not null, from_at int8 not null, rejoin bool not null default false,
     marks int8 not null default 1, primary key (site, device, register))`,
  `create table finding (
     site text not null, mounting text not null, kind text not null, from_at int8 not null, to_at int8 not null, device text not null,
     register text not null, from_value int8 not null, to_value int8 not null, explained bool not null default false,
     primary key (site, mounting, kind, from_at, to_at))`,
  `create index finding_at on finding (site, to_at)`,
  `create table evidence (
     site text not null, mounting text not null, first_at int8 not null, first_value int8 not null, last_at int8 not null, last_value int8 not null,
     primary key (site, mounting))`,
  // --- totals -------------------------------------------------------------------------------------------------------
  `create table mounting_day (
     site text not null, mounting text not null, day int4 not null, amount int8 not null, measured int8 not null, interpolated int8 not null,
     disputed int8 not null, primary key (site, mounting, day))`,
  `create table usage_day (
     site text not null, point text not null, day int4 not null, amount int8 not null, measured int8 not null, interpolated int8 not null,
     manual int8 not null, disputed int8 not null, primary key (site, point, day))`,
  `create table allocation_day (
     site text not null, party text not null, day int4 not null, point text not null, amount int8 not null, primary key (site, party, day, point))`,
  `create index allocation_day_point on allocation_day (site, point, day)`,
  `create table closed_period (
     site text not null references site, month int4 not null, version int4 not null, closed_at int8 not null, by_name text not null,
     reason text not null, hash text not null, content jsonb not null, primary key (site, month, version))`,
];
