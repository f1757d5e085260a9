import { type Kysely, sql } from 'kysely';
import type { Tables } from '../books/tables.ts';
import { multirange, rangesOf } from './batch.ts';

/** Sequence numbers seen, per src. */
export type SeenSeqs = ReadonlyMap<string, readonly number[]>;

/**
 * Notes what a commit has seen. A spool's devices are spread over the partitions, so what one partition sees of it is all holes: joined with what stands
 * there it would cost more at every commit. What all have seen is few ranges.
 */
export async function noteSources(tx: Kysely<Tables>, log: string, partition: number, seqs: SeenSeqs): Promise<void> {
  if (seqs.size === 0) return;
  const all = Float64Array.from([...seqs.values()].flat());
  await tx
    .insertInto('source_batch')
    .values({
      log,
      partition,
      srcs: [...seqs.keys()],
      counts: [...seqs.values()].map((list) => list.length),
      seqs: Buffer.from(all.buffer),
    })
    .execute();
}

interface Noted {
  readonly log: string;
  readonly partition: number;
  readonly srcs: readonly string[];
  readonly counts: readonly number[];
  readonly seqs: Buffer;
}

/** Joins what commits have noted into `log_source`: one row per src, under the partition that it was first known by. */
export async function foldSources(db: Kysely<Tables>): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { rows } = await sql<Noted>`delete from source_batch returning log, partition, srcs, counts, seqs`.execute(
      tx,
    );
    for (const [log, noted] of Map.groupBy(rows, (r) => r.log)) {
      const seen = seenIn(noted);
      const srcs = [...seen.keys()].toSorted();
      const known = await sql<{ src: string; partition: number }>`
        select src, min(partition) as partition from log_source where log = ${log} and src = any(${srcs}::text[]) group by src`.execute(
        tx,
      );
      const partitions = new Map(known.rows.map((r) => [r.src, r.partition]));
      const of = (src: string) => seen.get(src) ?? { partition: 0, seqs: [] };
      await sql`
        insert into log_source as s (log, partition, src, seqs, repeated)
        select ${log}, u.partition, u.src, u.seqs, u.seen - (select coalesce(sum(upper(r) - lower(r)), 0) from unnest(u.seqs) r)
        from unnest(${srcs.map((src) => partitions.get(src) ?? of(src).partition)}::int4[], ${srcs}::text[],
          ${srcs.map((src) => multirange(rangesOf(of(src).seqs)))}::int8multirange[], ${srcs.map((src) => of(src).seqs.length)}::int8[])
          as u(partition, src, seqs, seen)
        on conflict (log, partition, src) do update set seqs = s.seqs + excluded.seqs, repeated = s.repeated + excluded.repeated
          + (select coalesce(sum(upper(r) - lower(r)), 0) from unnest(excluded.seqs * s.seqs) r)`.execute(tx);
    }
  });
}

/** Per src all numbers, ascending, and the least partition that saw one. */
function seenIn(
  noted: readonly Noted[],
): ReadonlyMap<string, { readonly partition: number; readonly seqs: readonly number[] }> {
  const parts = new Map<string, { partition: number; readonly lists: Float64Array[] }>();
  for (const { partition, srcs, counts, seqs } of noted) {
    // a copy, because a buffer of the driver need not be aligned
    const all = new Float64Array(Uint8Array.from(seqs).buffer);
    let at = 0;
    for (const [i, src] of srcs.entries()) {
      const part = parts.get(src) ?? { partition, lists: [] };
      part.partition = Math.min(part.partition, partition);
      part.lists.push(all.subarray(at, (at += counts[i] ?? 0)));
      parts.set(src, part);
    }
  }
  return new Map(
    [...parts].map(([src, { partition, lists }]) => {
      const seqs = new Float64Array(lists.reduce((sum, l) => sum + l.length, 0));
      let at = 0;
      for (const list of lists) {
        seqs.set(list, at);
        at += list.length;
      }
      return [src, { partition, seqs: [...seqs.sort()] }];
    }),
  );
}
