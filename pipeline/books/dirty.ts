import { type Kysely, sql } from 'kysely';
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
