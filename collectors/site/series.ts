import { type Dated, formatDay, type Institution, type LocalText, type Premises, say } from '#domain';
import { type Path, refuse, type Told } from './problem.ts';
import type { InstitutionEntry } from './schema.ts';
import { checkCycles, checkReference, type Scope, take } from './scope.ts';
import { AREA_UNITS, HEADCOUNT_UNITS, readCount, readDay } from './texts.ts';

/** The day from which holds what has no date: 1970-01-01, before any meter of a site. */
export const ALWAYS = 0;

export const textOf = (text: string | LocalText): LocalText =>
  typeof text === 'string' ? { zh: text, en: text } : text;

/** Reports days that do not rise. */
export function checkRising(scope: Scope, days: readonly (number | undefined)[], pathOf: (i: number) => Path): void {
  for (const [i, day] of days.entries()) {
    const before = days.slice(0, i).findLast((d) => d !== undefined);
    if (day === undefined || before === undefined || day > before) continue;
    scope.report(
      pathOf(i),
      'DATES_ORDER',
      say(
        `${formatDay(day)} 不晚于前一项的 ${formatDay(before)}`,
        `${formatDay(day)} is not later than ${formatDay(before)} before it`,
      ),
      say('请按日期从早到晚排列，每天只写一次', 'Write them from the earliest to the latest, each day once'),
    );
  }
}

type Series = InstitutionEntry['area'];

/** Indicators divide by it: an unknown figure is left out, not written as 0. */
const nothingToDivideBy = (what: 'area' | 'headcount'): Told<never> =>
  refuse(
    'COUNT_ZERO',
    what === 'area' ? say('面积不能是 0', 'An area of 0 is none') : say('人数不能是 0', 'A headcount of 0 is none'),
    say('请写实际数；不知道就删去这一行', 'Write the real figure; leave the line out where it is not known'),
  );

export function resolveSeries(
  scope: Scope,
  series: Series,
  path: Path,
  what: 'area' | 'headcount',
): readonly Dated<number>[] {
  const read = (text: string | number): Told<number> => {
    const told =
      what === 'area'
        ? readCount(text, AREA_UNITS, say('面积', 'area'))
        : readCount(text, HEADCOUNT_UNITS, say('人数', 'headcount'));
    return told.ok && told.value === 0 ? nothingToDivideBy(what) : told;
  };
  if (series === undefined) return [];
  if (!Array.isArray(series)) {
    const value = take(scope, path, read(series));
    return value === undefined ? [] : [{ from: ALWAYS, value }];
  }
  const rows = series.map((row, i) => ({
    from: take(scope, [...path, i, 'from'], readDay(row.from, scope.zone)),
    value: take(scope, [...path, i, 'value'], read(row.value)),
  }));
  checkRising(
    scope,
    rows.map(({ from }) => from),
    (i) => [...path, i, 'from'],
  );
  return rows.flatMap(({ from, value }) => (from === undefined || value === undefined ? [] : [{ from, value }]));
}

export const resolveInstitutions = (scope: Scope): readonly Institution[] =>
  scope.file.institutions.map((entry, i) => ({
    id: entry.id,
    name: textOf(entry.name),
    headcount: resolveSeries(scope, entry.headcount, ['institutions', i, 'headcount'], 'headcount'),
    area: resolveSeries(scope, entry.area, ['institutions', i, 'area'], 'area'),
  }));

export function resolvePremises(scope: Scope): readonly Premises[] {
  const entries = scope.file.premises;
  for (const [i, { parent }] of entries.entries()) {
    if (parent !== undefined) checkReference(scope, 'premises', parent, ['premises', i, 'parent']);
  }
  const parents = new Map(entries.map(({ id, parent }) => [id, parent === undefined ? [] : [parent]]));
  checkCycles(parents, (id, around) =>
    scope.report(
      ['premises', entries.findIndex((entry) => entry.id === id), 'parent'],
      'PREMISES_CYCLE',
      say(`场所互相包含：${around.join(' → ')}`, `Premises that contain each other: ${around.join(' → ')}`),
      say('请删去其中一个 parent', 'Remove one of the parents'),
    ),
  );
  return entries.map((entry, i) => ({
    id: entry.id,
    name: textOf(entry.name),
    parent: entry.parent,
    area: resolveSeries(scope, entry.area, ['premises', i, 'area'], 'area'),
  }));
}
