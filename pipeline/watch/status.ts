import { type Kysely, sql } from 'kysely';
import type { Tables } from '../books/tables.ts';
import { instantText, MAX_SEQ } from '#domain';
import { foldSources } from '../ledger/sources.ts';
import type { FrameLog } from '../log/port.ts';
import type { StatusAnswer } from '../answers.ts';
import { gatewaysOf } from '../intake/gateways.ts';

export interface StatusSource {
  readonly db: Kysely<Tables>;
  readonly log?:
    | { readonly log: FrameLog; readonly kind: 'embedded' | 'kafka'; readonly bytes: () => number | null }
    | undefined;
  readonly lastCommitAt: () => number | undefined;
  readonly now: number;
}

/**
 * Offsets, lags, counters and sizes. What is missing of a spool is told over all partitions, among which its devices are spread, beside the
 * first of them. Without a log at hand (another process holds it), bounds are those of the books.
 */
export async function statusOf({ db, log, lastCommitAt, now }: StatusSource): Promise<StatusAnswer> {
  const identity = log
    ? await log.log.identity()
    : ((await db.selectFrom('log').select('id').executeTakeFirst())?.id ?? '');
  const bounds = log ? await log.log.bounds() : new Map<number, { low: number; high: number }>();
  await foldSources(db);
  const { rows } = await sql<{
    partition: number;
    next_offset: number;
    readings: number;
    folded: number;
    quarantined: number;
  }>`
    select partition, next_offset, readings, folded, quarantined
    from log_offset where log = ${identity} order by partition`.execute(db);
  const holes = await holesIn(db, identity);
  const open = await sql<{
    reason: string;
    count: number | string;
  }>`select reason, count(*) as count from quarantine where state = 'open' group by reason`.execute(db);
  const sizes = await sql<{ bytes: number | string; dirty: number | string }>`
    select pg_database_size(current_database()) as bytes, 
      (select count(*) from dirty) + (select coalesce(sum(cardinality(device_keys)), 0) from mark_batch) as dirty`.execute(
    db,
  );
  const last = lastCommitAt();
  return {
    log: { kind: log?.kind ?? 'embedded', identity, bytes: log?.bytes() ?? null },
    partitions: rows.map((r) => {
      const { low, high } = bounds.get(r.partition) ?? { low: 0, high: r.next_offset };
      return {
        partition: r.partition,
        nextOffset: r.next_offset,
        low,
        high,
        lag: Math.max(0, high - r.next_offset),
        readings: r.readings,
        folded: r.folded,
        quarantined: r.quarantined,
        missing: sumOf(holes.filter(({ first }) => first === r.partition)),
      };
    }),
    quarantineOpen: Object.fromEntries(open.rows.map((r) => [r.reason, Number(r.count)])),
    dirty: Number(sizes.rows[0]?.dirty ?? 0),
    lastCommitAt: last === undefined ? null : new Date(last).toISOString(),
    booksBytes: Number(sizes.rows[0]?.bytes ?? 0),
    ...(await gatewaysOf(db, new Map(holes.map((one) => [one.src, one.missing])), now, instantText)),
  };
}

interface Holes {
  readonly src: string;
  /** Among the partitions that its devices are spread over. */
  readonly first: number;
  readonly missing: number;
}

const sumOf = (holes: readonly Holes[]): number => holes.reduce((sum, { missing }) => sum + missing, 0);

/** Greater numbers were taken once, and are none of a spool. */
async function holesIn(db: Kysely<Tables>, log: string): Promise<readonly Holes[]> {
  const { rows } = await sql<{ src: string; first: number; missing: number | string }>`
    select src, first, (upper(seqs) - lower(seqs)) - (select sum(upper(r) - lower(r)) from unnest(seqs) r) as missing from (
      select s.src, min(s.partition) as first, range_agg(q * int8range(0, ${MAX_SEQ + 1})) as seqs
      from log_source s, unnest(s.seqs) q where s.log = ${log} group by s.src) as seen`.execute(db);
  return rows.map(({ src, first, missing }) => ({ src, first, missing: Number(missing) }));
}
