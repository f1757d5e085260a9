import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Books } from '../../pipeline/books/index.ts';
import type { FrameLog, LogRecord } from '../../pipeline/log/port.ts';
import { admit, type Verdict as Admission } from '../oracle/admission.ts';
import type { RegistryJson } from '../oracle/input.ts';
import { meters } from '../oracle/mountings.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A record as the oracle is given it: text. Bytes that are no text are no frame either. */
export function textOf(value: Uint8Array): string {
  try {
    return strict.decode(value);
  } catch {
    return '';
  }
}

export const keyOf = (value: Uint8Array): string => createHash('sha1').update(value).digest('base64');

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

export function countsBy(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** What the oracle says of one record's readings. */
export function admissionsBy(registry: RegistryJson): (value: Uint8Array, appendedAt: number) => readonly Admission[] {
  const mounted = meters(registry, []);
  return (value, appendedAt) => admit({ appendedAt, value: textOf(value) }, registry, mounted);
}

export const foldedOf = (admissions: readonly Admission[]): number => admissions.filter((a) => 'folded' in a).length;

export const reasonsOf = (admissions: readonly Admission[]): readonly string[] =>
  admissions.flatMap((a) => ('reason' in a ? [a.reason] : []));

/** Readings folded a second time, of records that came again. */
export function repeatedFolds(records: readonly { readonly key: string; readonly folded: number }[]): number {
  const seen = new Set<string>();
  let again = 0;
  for (const { key, folded } of records) {
    if (seen.has(key)) again += folded;
    else seen.add(key);
  }
  return again;
}

export async function readAll(log: FrameLog): Promise<readonly LogRecord[]> {
  const all: LogRecord[] = [];
  for (const [partition, { low }] of await log.bounds()) {
    for await (const records of log.scan(partition, low)) for (const record of records) all.push(record);
  }
  return all;
}

export interface Counters {
  readonly records: number;
  readonly readings: number;
  readonly folded: number;
  readonly quarantined: number;
  /** Rows of the quarantine, which must be as many. */
  readonly rows: number;
  readonly reasons: Readonly<Record<string, number>>;
  /** Holes in the numbers of the sources. */
  readonly missing: number;
}

/** What the books say that they took in. */
export async function countersOf({ db }: Books): Promise<Counters> {
  const offsets = await sql<Record<'records' | 'readings' | 'folded' | 'quarantined', number>>`
    select coalesce(sum(records), 0) as records, coalesce(sum(readings), 0) as readings,
      coalesce(sum(folded), 0) as folded, coalesce(sum(quarantined), 0) as quarantined from log_offset`.execute(db);
  const reasons = await sql<{ reason: string; count: number }>`
    select reason, count(*) as count from quarantine group by 1 order by 1`.execute(db);
  const holes = await sql<{ holes: number }>`
    select coalesce(sum((upper(seqs) - coalesce(lower(seqs), 0)) - (select sum(upper(r) - lower(r)) from unnest(seqs) r)), 0) as holes
    from (select range_agg(q) as seqs from log_source, unnest(seqs) q group by src) u`.execute(db);
  const [of] = offsets.rows;
  if (!of) throw new Error('no counters');
  return {
    ...of,
    rows: sum(reasons.rows.map(({ count }) => count)),
    reasons: Object.fromEntries(reasons.rows.map(({ reason, count }) => [reason, count])),
    missing: holes.rows[0]?.holes ?? 0,
  };
}

/** Lines that only one side has: `- ` the oracle, `+ ` the books. Invented: brackets, gauges and hours of which the oracle knows nothing at all. */
export function differences(
  expected: readonly string[],
  found: readonly string[],
): { readonly lines: readonly string[]; readonly invented: number } {
  const [of, has] = [new Set(expected), new Set(found)];
  const missing = expected.filter((line) => !has.has(line));
  const surplus = found.filter((line) => !of.has(line));
  const known = new Set(expected.map(placeOf));
  return {
    lines: [...missing.map((line) => `- ${line}`), ...surplus.map((line) => `+ ${line}`)].toSorted((a, b) =>
      a.slice(2) < b.slice(2) ? -1 : 1,
    ),
    invented: surplus.filter((line) => !known.has(placeOf(line))).length,
  };
}

/** Kind, site, what, and slot or day. */
const placeOf = (line: string): string =>
  line
    .split('|')
    .slice(0, line.startsWith('bracket|') || line.startsWith('gauge|') ? 5 : 4)
    .join('|');

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => Math.round(sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0);
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

/** Of a line through points by least squares: its rise per unit of x, and the standard error of that. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): {
  readonly slope: number;
  readonly error: number;
} {
  const n = points.length;
  const mean = (of: 0 | 1): number => sum(points.map((point) => point[of])) / n;
  const [mx, my] = [mean(0), mean(1)];
  const sxx = sum(points.map(([x]) => (x - mx) ** 2));
  const slope = sum(points.map(([x, y]) => (x - mx) * (y - my))) / sxx;
  const residual = sum(points.map(([x, y]) => (y - my - slope * (x - mx)) ** 2));
  return { slope, error: n > 2 ? Math.sqrt(residual / (n - 2) / sxx) : Infinity };
}
