import { type Dated, formatDay, type Registry, say, type Zone } from '#domain';
import { suggest } from '../nearest.ts';
import type { Path, Report, Told } from '../problem.ts';
import { ALWAYS } from '../series.ts';
import { AREA_UNITS, HEADCOUNT_UNITS, readCount, readDay } from '../texts.ts';
import type { FactsFile } from './schema.ts';

/** What every check sees. */
export interface FactsScope {
  readonly file: FactsFile;
  readonly zone: Zone;
  readonly registry: Registry | undefined;
  readonly report: Report;
}

/** The value, or nothing and a report. */
export const taken = <T>(scope: Pick<FactsScope, 'report'>, path: Path, told: Told<T>): T | undefined => {
  if (told.ok) return told.value;
  scope.report(path, told.code, told.wrong, told.instead);
  return undefined;
};

/** Reports an id that is not among those known. */
export function known(scope: FactsScope, ids: readonly string[], id: string, path: Path, zh: string, en: string): void {
  if (ids.includes(id)) return;
  scope.report(path, 'REFERENCE_UNKNOWN', say(`没有${zh} "${id}"`, `There is no ${en} "${id}"`), suggest(id, ids));
}

type Series = FactsFile['institutions'][number]['heatedArea'];

export function seriesOf(
  scope: FactsScope,
  series: Series,
  path: Path,
  what: 'area' | 'persons',
): readonly Dated<number>[] {
  const read = (text: string | number): Told<number> =>
    what === 'area'
      ? readCount(text, AREA_UNITS, say('面积', 'area'))
      : readCount(text, HEADCOUNT_UNITS, say('人数', 'number of persons'));
  if (series === undefined) return [];
  if (!Array.isArray(series)) {
    const value = taken(scope, path, read(series));
    return value === undefined ? [] : [{ from: ALWAYS, value }];
  }
  const rows = series.map((row, i) => ({
    from: taken(scope, [...path, i, 'from'], readDay(row.from, scope.zone)),
    value: taken(scope, [...path, i, 'value'], read(row.value)),
    at: [...path, i, 'from'],
  }));
  refuseFalling(scope, rows);
  return rows.flatMap(({ from, value }) => (from === undefined || value === undefined ? [] : [{ from, value }]));
}

/** Reports days that do not rise. */
export function refuseFalling(
  scope: FactsScope,
  all: readonly { readonly from: number | undefined; readonly at: Path }[],
): void {
  const rows = all.flatMap(({ from, at }) => (from === undefined ? [] : [{ from, at }]));
  for (const [i, { from, at }] of rows.entries()) {
    const before = rows[i - 1];
    if (!before || from > before.from) continue;
    scope.report(
      at,
      'DATES_ORDER',
      say(
        `${formatDay(from)} 不晚于前一项的 ${formatDay(before.from)}`,
        `${formatDay(from)} is not later than ${formatDay(before.from)} before it`,
      ),
      say('请按日期从早到晚排列，每天只写一次', 'Write them from the earliest to the latest, each day once'),
    );
  }
}
