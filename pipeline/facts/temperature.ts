import type { Kysely, Transaction } from 'kysely';
import { formatDay, requestError, type TemperatureSource, type TemperatureTable, zoneOf } from '#domain';
import type {
  ImportTemperatureAnswer,
  RefusedTemperature,
  TemperatureAnswer,
  TemperatureSourceAnswer,
} from '../answers-facts.ts';
import type { Missing } from '../../rules/contract.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { ImportTemperatureOptions } from '../service-rules.ts';
import { type DayMean, readTemperatureDrafts } from './temperature-draft.ts';
import { gaugeDays, gaugeSeries } from './temperature-gauge.ts';

type Db = Kysely<Tables>;

/** Local days, `to` not included. */
export interface DaySpan {
  readonly from: number;
  readonly to: number;
}

/** Mean outdoor temperature of a local day, and on what it rests. */
export interface OutdoorDay {
  readonly day: number;
  readonly millidegrees: number;
  readonly hours: number | null;
  readonly of: number | null;
  /** Who measured it. */
  readonly source: string;
  readonly file: { readonly name: string; readonly sha256: string } | null;
}

/** Days of a source that are known, in order. A gauge's are those of the books, and where its readings are past their time, those kept. */
export async function outdoorDays(
  db: Db,
  { registry }: DirectorySite,
  source: TemperatureSource,
  span: DaySpan,
): Promise<readonly OutdoorDay[]> {
  const site = registry.site.id;
  if (source.kind === 'series') return storedDays(db, site, source.name, span);
  const [kept, live] = await Promise.all([
    storedDays(db, site, gaugeSeries(source), span),
    gaugeDays(db, site, source, zoneOf(registry.site.zone), span),
  ]);
  const days = new Map(kept.map((one) => [one.day, one]));
  for (const one of live) {
    const held = days.get(one.day);
    if (held && (held.hours ?? 0) > (one.hours ?? 0)) continue;
    days.set(one.day, {
      ...one,
      hours: one.hours ?? null,
      of: one.of ?? null,
      source: gaugeSeries(source),
      file: null,
    });
  }
  return [...days.values()].toSorted((a, b) => a.day - b.day);
}

async function storedDays(db: Db, site: string, series: string, { from, to }: DaySpan): Promise<readonly OutdoorDay[]> {
  const rows = await db
    .selectFrom('temperature_day')
    .selectAll()
    .where('site', '=', site)
    .where('series', '=', series)
    .where('day', '>=', from)
    .where('day', '<', to)
    .orderBy('day')
    .execute();
  return rows.map((row) => ({
    day: row.day,
    millidegrees: row.millidegrees,
    hours: row.hours,
    of: row.of_hours,
    source: row.source ?? series,
    file: row.file_name === null || row.file_sha256 === null ? null : { name: row.file_name, sha256: row.file_sha256 },
  }));
}

/** The series asked for, else the source that the facts name; undefined: neither. */
export const temperatureSource = (
  series: string | undefined,
  facts: { readonly temperature?: TemperatureSource | undefined },
): TemperatureSource | undefined => (series === undefined ? facts.temperature : { kind: 'series', name: series });

export const sourceAnswer = (source: TemperatureSource, days: readonly OutdoorDay[]): TemperatureSourceAnswer => ({
  kind: source.kind,
  name: source.kind === 'series' ? source.name : gaugeSeries(source),
  sources: [...new Set(days.map((one) => one.source))],
  files: [
    ...new Map(
      days.flatMap(({ file }) => (file ? [[file.sha256, { name: file.name, sha256: file.sha256 }]] : [])),
    ).values(),
  ],
});

export async function temperatureAnswer(
  db: Db,
  site: DirectorySite,
  source: TemperatureSource | undefined,
  span: DaySpan,
): Promise<TemperatureAnswer> {
  const days = source ? await outdoorDays(db, site, source, span) : [];
  return {
    site: site.registry.site.id,
    from: formatDay(span.from),
    to: formatDay(span.to),
    source: source ? sourceAnswer(source, days) : null,
    coverage: days.length / (span.to - span.from),
    days: days.map(({ day, millidegrees, hours, of }) => ({
      day: formatDay(day),
      celsius: millidegrees / 1_000,
      hours,
      of,
    })),
    missing: source ? [] : [NO_SOURCE],
  };
}

export const NO_SOURCE: Missing = {
  what: 'temperature',
  reason: 'TEMPERATURE_UNNAMED: it is not said where the outdoor temperature comes from',
  cure: {
    zh: '导入气温（civicmeter import temperature），并在基础信息文件中写 temperature: { series: … } 或 { gauge: 设备/寄存器 }',
    en: 'import temperatures (civicmeter import temperature) and write temperature: { series: … } or { gauge: device/register } in the facts file',
  },
};

/** Takes every day that can be taken, names each row that cannot, and each day of too few hours. Throws CLAIM_NEEDED, SERIES_NAME_INVALID. */
export async function importTemperature(
  db: Db,
  { registry }: DirectorySite,
  table: TemperatureTable,
  options: ImportTemperatureOptions,
  now: number,
): Promise<ImportTemperatureAnswer> {
  refuseOptions(table, options);
  const { id, zone: name } = registry.site;
  const zone = zoneOf(name);
  const read = readTemperatureDrafts(table.drafts, zone, now);
  const refused = [...read.refused];
  const counts = { added: 0, unchanged: 0, replaced: 0 };
  const fresh: DayMean[] = [];
  const other: DayMean[] = [];
  return db.transaction().execute(async (tx) => {
    await tx.selectFrom('site').select('id').where('id', '=', id).forUpdate().execute();
    const held = await heldDays(tx, id, options.series);
    for (const mean of read.days) {
      const old = held.get(mean.day);
      if (old === mean.millidegrees) counts.unchanged++;
      else if (old === undefined) fresh.push(mean);
      else if (options.replace) other.push(mean);
      else refused.push(standsAlready(mean, old, table));
    }
    counts.added = fresh.length;
    counts.replaced = other.length;
    if (options.commit) {
      await keepReplaced(tx, id, options, other, now);
      await write(tx, id, table, options, [...fresh, ...other], now);
    }
    return {
      site: id,
      series: options.series,
      file: table.name,
      step: read.step,
      rows: table.drafts.length,
      ...counts,
      incomplete: read.incomplete.map((one) => ({ ...one, day: formatDay(one.day) })),
      refused: refused.toSorted((a, b) => a.row - b.row),
      committed: options.commit,
    };
  });
}

/** Gauges have series of their own: `gauge:<device>/<register>`. */
const SERIES_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,62}$/u;

function refuseOptions(
  table: TemperatureTable,
  { by, reason, replace, series, source }: ImportTemperatureOptions,
): void {
  if (!by.trim() || !source.trim() || (replace && !reason?.trim()))
    throw requestError('CLAIM_NEEDED', 'a name and the source are needed, and a reason where days are replaced', {
      place: table.name,
      cure: 'say who (--by), who measured (--source) and why (--reason)',
    });
  if (!SERIES_NAME.test(series))
    throw requestError('SERIES_NAME_INVALID', `"${series}" cannot be the name of a series`, {
      place: 'series',
      cure: 'use letters, digits, point, hyphen, underscore, at most 63, such as lanzhou-52889',
    });
}

async function heldDays(tx: Transaction<Tables>, site: string, series: string): Promise<ReadonlyMap<number, number>> {
  const rows = await tx
    .selectFrom('temperature_day')
    .select(['day', 'millidegrees'])
    .where('site', '=', site)
    .where('series', '=', series)
    .execute();
  return new Map(rows.map((row) => [row.day, row.millidegrees]));
}

const standsAlready = (
  { row, day, millidegrees }: DayMean,
  old: number,
  { drafts }: TemperatureTable,
): RefusedTemperature => ({
  row,
  column: 'temperature',
  text: drafts.find((draft) => draft.row === row)?.cells.temperature ?? String(millidegrees / 1_000),
  code: 'DAY_STANDS',
  reason: {
    zh: `${formatDay(day)} 已经记为 ${old / 1_000} ℃，这里是 ${millidegrees / 1_000} ℃`,
    en: `${formatDay(day)} stands as ${old / 1_000} °C already; here it is ${millidegrees / 1_000} °C`,
  },
  cure: {
    zh: '要改成新的数，请用 --replace 并写明原因；旧数会保留',
    en: 'To put the new one in its place use --replace with a reason; the old one is kept',
  },
});

async function keepReplaced(
  tx: Transaction<Tables>,
  site: string,
  { series, by, reason }: ImportTemperatureOptions,
  days: readonly DayMean[],
  now: number,
): Promise<void> {
  if (days.length === 0) return;
  const old = await tx
    .deleteFrom('temperature_day')
    .where('site', '=', site)
    .where('series', '=', series)
    .where(
      'day',
      'in',
      days.map(({ day }) => day),
    )
    .returningAll()
    .execute();
  const kept = old.map((row) => ({ ...row, replaced_by: by, reason: reason ?? '', replaced_at: now }));
  for (const some of batches(kept)) await tx.insertInto('temperature_replaced').values(some).execute();
}

async function write(
  tx: Transaction<Tables>,
  site: string,
  table: TemperatureTable,
  { series, source, by }: ImportTemperatureOptions,
  days: readonly DayMean[],
  now: number,
): Promise<void> {
  const rows = days.map((mean) => ({
    site,
    series,
    day: mean.day,
    millidegrees: mean.millidegrees,
    by_name: by,
    recorded_at: now,
    source,
    hours: mean.hours ?? null,
    of_hours: mean.of ?? null,
    file_name: table.name,
    file_sha256: table.sha256,
    file_row: mean.row,
  }));
  for (const some of batches(rows)) await tx.insertInto('temperature_day').values(some).execute();
}

/** A statement takes 65 535 parameters. */
const BATCH = 2_000;

const batches = <T>(rows: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, i) => rows.slice(i * BATCH, (i + 1) * BATCH));
