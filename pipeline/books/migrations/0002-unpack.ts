import { type Kysely, sql } from 'kysely';

/**
 * Packed rows as tables, for auditors and ad-hoc questions; the layout is that of codec.ts, which a test holds equal to this.
 * The checksum at the end of a row is not verified here: the program does that whenever it reads one.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create function civicmeter_varint(payload bytea, inout pos int4, out v int8)
   language plpgsql immutable strict parallel safe as $$
   declare
     byte int4;
     shift int4 := 0;
   begin
     v := 0;
     loop
       byte := get_byte(payload, pos);
       pos := pos + 1;
       v := v | ((byte & 127)::int8 << shift);
       exit when byte < 128;
       shift := shift + 7;
     end loop;
   end $$`,
  `create function civicmeter_difference(payload bytea, base int8, inout pos int4, out v int8)
   language plpgsql immutable strict parallel safe as $$
   declare
     first int4 := get_byte(payload, pos);
     size int8 := first & 63;
     rest record;
   begin
     pos := pos + 1;
     if first >= 128 then
       rest := civicmeter_varint(payload, pos);
       size := size + rest.v * 64;
       pos := rest.pos;
     end if;
     if size = 9007199254740992 then -- too far from its base: the value itself follows
       rest := civicmeter_difference(payload, 0, pos);
       v := rest.v;
       pos := rest.pos;
     else
       v := base + case when first & 64 = 0 then size else -size end;
     end if;
   end $$`,
  `create function civicmeter_time(payload bytea, inout pos int4, out v int8)
   language plpgsql immutable strict parallel safe as $$
   declare
     t record := civicmeter_varint(payload, pos);
   begin
     pos := t.pos;
     v := case when t.v % 2 = 0 then t.v / 2 * 1000 else t.v / 2 end;
   end $$`,
  unpackFunction(
    'civicmeter_unpack',
    `first_at int8, first_value int8, first_rank int4, first_other int8, first_other_rank int4,
     last_at int8, last_value int8, last_rank int4, last_other int8, last_other_rank int4`,
    `flags int4; first_offset int8; its_spread int8;`,
    `
     first_offset := slot_offset;
     its_spread := spread;
     flags := case when plain then 4 + 16 + case when spread = 0 then 2 else 0 end else get_byte(payload, pos) end;
     if not plain then
       pos := pos + 1;
       if flags & 1 <> 0 then
         n := civicmeter_time(payload, pos); first_offset := n.v; pos := n.pos;
         n := civicmeter_time(payload, pos); its_spread := n.v; pos := n.pos;
       end if;
     end if;
     n := civicmeter_difference(payload, coalesce(previous[ordinal + 1], 0), pos); first_value := n.v; pos := n.pos;
     first_at := start_at + first_offset;
     first_rank := flags >> 2 & 3;
     first_other := null;
     first_other_rank := null;
     if flags & 64 <> 0 then
       first_other_rank := get_byte(payload, pos);
       n := civicmeter_difference(payload, first_value, pos + 1); first_other := n.v; pos := n.pos;
     end if;
     if flags & 2 <> 0 then
       last_at := first_at; last_value := first_value; last_rank := first_rank;
       last_other := first_other; last_other_rank := first_other_rank;
     else
       n := civicmeter_difference(payload, first_value, pos); last_value := n.v; pos := n.pos;
       last_at := first_at + its_spread;
       last_rank := flags >> 4 & 3;
       last_other := null;
       last_other_rank := null;
       if flags & 128 <> 0 then
         last_other_rank := get_byte(payload, pos);
         n := civicmeter_difference(payload, last_value, pos + 1); last_other := n.v; pos := n.pos;
       end if;
     end if;
     previous[ordinal + 1] := last_value;`,
  ),
  unpackFunction(
    'civicmeter_unpack_gauge',
    `min_value int8, max_value int8, last_at int8, last_value int8`,
    ``,
    `
     last_at := start_at + slot_offset;
     if not plain then
       n := civicmeter_time(payload, pos); last_at := start_at + n.v; pos := n.pos;
     end if;
     n := civicmeter_difference(payload, coalesce(previous[ordinal + 1], 0), pos); last_value := n.v; pos := n.pos;
     n := civicmeter_difference(payload, last_value, pos); min_value := n.v; pos := n.pos;
     n := civicmeter_difference(payload, last_value, pos); max_value := n.v; pos := n.pos;
     previous[ordinal + 1] := last_value;`,
  ),
  `create view bracket_reading as
   select d.site, d.id as device, r.name as register, to_timestamp(u.start_at / 1000.0) as slot, u.start_at,
     u.first_at, u.first_value, u.first_rank, u.first_other, u.first_other_rank,
     u.last_at, u.last_value, u.last_rank, u.last_other, u.last_other_rank
   from bracket b join device d on d.key = b.device_key
   cross join lateral civicmeter_unpack(b.payload, b.day) u
   join register r on r.device_key = b.device_key and r.ordinal = u.ordinal`,
  `create view gauge_slot as
   select d.site, d.id as device, r.name as register, to_timestamp(u.start_at / 1000.0) as slot, u.start_at,
     u.min_value, u.max_value, u.last_at, u.last_value
   from gauge g join device d on d.key = g.device_key
   cross join lateral civicmeter_unpack_gauge(g.payload, g.day) u
   join register r on r.device_key = g.device_key and r.ordinal = u.ordinal`,
  `comment on view bracket_reading is
   'Per register and slot: the earliest and the latest reading. Instants in epoch milliseconds, values as the meter face shows them;
    rank 0 uncertain, 1 good, 2 entered; other: a second value claimed for the same instant.'`,
  `comment on view gauge_slot is 'Per gauge and slot: least, greatest and last value, in the unit of the register.'`,
];

/** The walk over the groups of a row; `item` reads one item of register `ordinal`. */
function unpackFunction(name: string, columns: string, variables: string, item: string): string {
  return `create function ${name}(payload bytea, day int4) returns table (ordinal int4, start_at int8, ${columns})
   language plpgsql immutable strict parallel safe as $$
   declare
     stop int4 := length(payload) - 4;
     pos int4 := 1;
     header int8; quarter int8 := 0; slot_offset int8 := 0; spread int8 := 0; plain bool;
     ordinals int4[] := '{}'; previous int8[] := '{}'; n record;
     ${variables}
   begin
     while pos < stop loop
       n := civicmeter_varint(payload, pos); header := n.v; pos := n.pos;
       quarter := quarter + header / 16;
       plain := header & 8 <> 0;
       start_at := day * 86400000::int8 + quarter * 900000;
       if header & 1 <> 0 then
         n := civicmeter_varint(payload, pos); start_at := start_at + n.v; pos := n.pos;
       end if;
       if header & 2 = 0 then
         n := civicmeter_varint(payload, pos); pos := n.pos;
         ordinals := '{}';
         ordinal := -1;
         for i in 1 .. n.v loop
           n := civicmeter_varint(payload, pos); pos := n.pos;
           ordinal := ordinal + 1 + n.v;
           ordinals := ordinals || ordinal;
         end loop;
       end if;
       if header & 4 = 0 then
         n := civicmeter_time(payload, pos); slot_offset := n.v; pos := n.pos;
         n := civicmeter_time(payload, pos); spread := n.v; pos := n.pos;
       end if;
       foreach ordinal in array ordinals loop
         ${item}
         return next;
       end loop;
     end loop;
   end $$`;
}
