import { type Kysely, type RawBuilder, sql } from 'kysely';
import { partOf, REGISTERS_PER_PART } from './packed.ts';
import type { Tables } from './tables.ts';

/**
 * What is to be computed again: a register from an instant on (and, with `rejoin`, its slots anew from the log first), or a
 * point (its usage and who bears it), for which `device` is empty and `register` is the point's id.
 */
export interface DirtyMark {
  readonly site: string;
  readonly device: string;
  readonly register: string;
  /** Epoch ms. */
  readonly from: number;
  readonly rejoin: boolean;
}

/** Marks add up to the earliest instant; `marks` counts, so that a settler deletes only what nobody marked again. */
export async function markDirty(tx: Kysely<Tables>, marks: readonly DirtyMark[]): Promise<void> {
  if (marks.length === 0) return;
  await sql`
    insert into dirty as d (site, device, register, from_at, rejoin)
    select site, device, register, min(from_at), bool_or(rejoin)
    from unnest(${marks.map((m) => m.site)}::text[], ${marks.map((m) => m.device)}::text[], ${marks.map((m) => m.register)}::text[],
      ${marks.map((m) => m.from)}::int8[], ${marks.map((m) => m.rejoin)}::bool[]) as u(site, device, register, from_at, rejoin)
    group by site, device, register order by site, device, register
    on conflict (site, device, register) do update set
      from_at = least(d.from_at, excluded.from_at), rejoin = d.rejoin or excluded.rejoin, marks = d.marks + 1`.execute(
    tx,
  );
}

/** Registers of a packed row whose brackets changed from an instant on; bit 0 is the part's first ordinal. */
export interface RowMark {
  readonly deviceKey: number;
  readonly part: number;
  readonly registers: number;
  /** Epoch ms. */
  readonly from: number;
}

/** The same for whole commits: one row whatever their size, for `unfoldMarks` to turn into marks. */
export async function noteMarks(tx: Kysely<Tables>, marks: readonly RowMark[]): Promise<void> {
  if (marks.length === 0) return;
  await sql`
    insert into mark_batch (device_keys, parts, registers, from_at)
    values (${marks.map((m) => m.deviceKey)}::int4[], ${marks.map((m) => m.part)}::int2[], ${marks.map((m) => m.registers)}::int2[],
      ${marks.map((m) => m.from)}::int8[])`.execute(tx);
}

/** Turns what commits have noted into marks. */
export async function unfoldMarks(db: Kysely<Tables>): Promise<void> {
  await sql`
    with taken as (delete from mark_batch returning device_keys, parts, registers, from_at)
    insert into dirty as d (site, device, register, from_at)
    select v.site, v.id, r.name, u.from_at from (
      select m.device_key, m.part, bit_or(m.registers) as registers, min(m.from_at) as from_at
      from taken t, unnest(t.device_keys, t.parts, t.registers, t.from_at) as m(device_key, part, registers, from_at) group by 1, 2) u
    join device v on v.key = u.device_key
    join register r on r.device_key = v.key and r.ordinal / ${REGISTERS_PER_PART}::int4 = u.part and u.registers & (1 << (r.ordinal % ${REGISTERS_PER_PART}::int4)) <> 0
    order by 1, 2, 3
    on conflict (site, device, register) do update set from_at = least(d.from_at, excluded.from_at), marks = d.marks + 1`.execute(
    db,
  );
}

/** Earliest instant from which a register waits to be computed again, in marks and in what commits have noted, as an expression; null: none. */
export function markedFrom(register: {
  readonly site: string;
  readonly device: string;
  readonly register: string;
  readonly deviceKey: number;
  readonly ordinal: number;
}): RawBuilder<number | null> {
  const { site, device, register: name, deviceKey, ordinal } = register;
  const bit = 1 << (ordinal % REGISTERS_PER_PART);
  return sql`least(
    (select min(from_at) from dirty where site = ${site} and device = ${device} and register = ${name}),
    (select min(m.from_at) from mark_batch b, unnest(b.device_keys, b.parts, b.registers, b.from_at) as m(device_key, part, registers, from_at)
     where m.device_key = ${deviceKey} and m.part = ${partOf(ordinal)} and m.registers & ${bit}::int4 <> 0))`;
}
