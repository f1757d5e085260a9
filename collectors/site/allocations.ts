import {
  type AllocationRule,
  CARRIER_LABELS,
  type Dated,
  formatDay,
  type Institution,
  type Rational,
  say,
} from '#domain';
import type { Path } from './problem.ts';
import type { AllocationEntry, PointEntry } from './schema.ts';
import { checkReference, type Scope, take } from './scope.ts';
import { ALWAYS, checkRising } from './series.ts';
import { readDay, readShare } from './texts.ts';

type Rule<B extends AllocationEntry['basis']> = Extract<AllocationEntry, { basis: B }>;

/** Who bears a point's usage, dated. `institution: x` is the short form of one fixed share of 1 since always. */
export function resolveAllocations(
  scope: Scope,
  point: PointEntry,
  path: Path,
  institutions: readonly Institution[],
): readonly Dated<AllocationRule>[] {
  if (point.institution !== undefined) {
    checkReference(scope, 'institutions', point.institution, [...path, 'institution']);
    if (point.allocations) bothGiven(scope, path);
    return [
      {
        from: ALWAYS,
        value: { basis: 'fixed', shares: [{ institution: point.institution, share: { num: 1, den: 1 } }] },
      },
    ];
  }
  const entries = point.allocations ?? [];
  const days = entries.map((entry, i) =>
    entry.from === undefined
      ? ALWAYS
      : take(scope, [...path, 'allocations', i, 'from'], readDay(entry.from, scope.zone)),
  );
  checkRising(scope, days, (i) => [...path, 'allocations', i, 'from']);
  return entries.flatMap((entry, i) => {
    const at: Path = [...path, 'allocations', i];
    const value = resolveRule(scope, entry, point, at);
    const from = days[i];
    if (from === undefined) return [];
    if (entry.basis === 'area' || entry.basis === 'headcount') {
      checkSeries(scope, { entry, from, until: days[i + 1] ?? Number.MAX_SAFE_INTEGER, path: at, institutions });
    }
    return [{ from, value }];
  });
}

const bothGiven = (scope: Scope, path: Path): void =>
  scope.report(
    [...path, 'institution'],
    'ALLOCATION_TWICE',
    say('institution 和 allocations 不能同时写', 'institution and allocations exclude each other'),
    say(
      '只有一个机构承担时写 institution，否则只写 allocations',
      'Write institution where one bears all of it, else allocations',
    ),
    true,
  );

function resolveRule(scope: Scope, entry: AllocationEntry, point: PointEntry, path: Path): AllocationRule {
  if (entry.basis === 'fixed') return fixedRule(scope, entry, path);
  if (entry.basis === 'sub-meter') return subMeterRule(scope, entry, point, path);
  for (const [i, institution] of entry.among.entries()) {
    checkReference(scope, 'institutions', institution, [...path, 'among', i]);
    if (entry.among.indexOf(institution) === i) continue;
    scope.report(
      [...path, 'among', i],
      'INSTITUTION_TWICE',
      say(`"${institution}" 写了两次`, `"${institution}" stands here twice`),
      say('请删去一个', 'Remove one'),
    );
  }
  return { basis: entry.basis, among: entry.among, ...(entry.of === undefined ? {} : { of: entry.of }) };
}

function fixedRule(scope: Scope, entry: Rule<'fixed'>, path: Path): AllocationRule {
  const shares = Object.entries(entry.shares).flatMap(([institution, text]) => {
    checkReference(scope, 'institutions', institution, [...path, 'shares', institution], true);
    const share = take(scope, [...path, 'shares', institution], readShare(text));
    return share === undefined ? [] : [{ institution, share }];
  });
  if (exceedsOne(shares.map(({ share }) => share))) {
    scope.report(
      [...path, 'shares'],
      'SHARES_OVER_ONE',
      say('份额之和大于 1', 'The shares add up to more than 1'),
      say(
        '请使总和不大于 1；少于 1 的部分记为未分摊',
        'Let them add up to 1 at most; what is left is shown as unallocated',
      ),
      true,
    );
  }
  return { basis: 'fixed', shares };
}

const exceedsOne = (shares: readonly Rational[]): boolean => {
  let [num, den] = [0n, 1n];
  for (const share of shares) {
    num = num * BigInt(share.den) + BigInt(share.num) * den;
    den *= BigInt(share.den);
  }
  return num > den;
};

function subMeterRule(scope: Scope, entry: Rule<'sub-meter'>, point: PointEntry, path: Path): AllocationRule {
  const by = Object.entries(entry.by).map(([institution, subMeter]) => {
    const at: Path = [...path, 'by', institution];
    checkReference(scope, 'institutions', institution, at, true);
    const other = scope.file.points.find(({ id }) => id === subMeter);
    if (
      checkReference(scope, 'points', subMeter, at) &&
      other &&
      (other.carrier !== point.carrier || other.id === point.id)
    ) {
      scope.report(
        at,
        'SUB_METER_UNFIT',
        say(`测点 "${subMeter}" 不能分摊 "${point.id}"`, `The point "${subMeter}" cannot divide "${point.id}"`),
        say(`请写另一个计量${CARRIER_LABELS[point.carrier].zh}的测点`, `Write another point of ${point.carrier}`),
      );
    }
    return { institution, point: subMeter };
  });
  return { basis: 'sub-meter', by };
}

interface SeriesCheck {
  readonly entry: Rule<'area' | 'headcount'>;
  readonly from: number;
  /** Excluded. */
  readonly until: number;
  readonly path: Path;
  readonly institutions: readonly Institution[];
}

/** Every institution needs its series; where `of` is given, the parts must at no time be more than the whole. */
function checkSeries(scope: Scope, { entry, from, until, path, institutions }: SeriesCheck): void {
  const parts = entry.among.flatMap((id, i) => {
    const institution = institutions.find((one) => one.id === id);
    if (!institution) return [];
    const series = institution[entry.basis];
    const file = scope.file.institutions.find((one) => one.id === id);
    if (series.length === 0 && file?.[entry.basis] === undefined) {
      scope.report(
        [...path, 'among', i],
        'SERIES_MISSING',
        say(`机构 "${id}" 没有 ${entry.basis}`, `The institution "${id}" has no ${entry.basis}`),
        say(`请在机构里写 ${entry.basis}`, `Write ${entry.basis} at the institution`),
      );
    }
    return [series];
  });
  const whole = entry.of;
  if (whole === undefined) return;
  const days = [from, ...parts.flat().map((row) => row.from)].filter((day) => day >= from && day < until);
  const sumAt = (day: number): number =>
    parts.reduce((sum, series) => sum + (series.findLast((row) => row.from <= day)?.value ?? 0), 0);
  const bad = days.sort((a, b) => a - b).find((day) => sumAt(day) > whole);
  if (bad === undefined) return;
  scope.report(
    [...path, 'of'],
    'SHARES_OVER_ONE',
    say(
      `从 ${formatDay(bad)} 起各部分之和 ${sumAt(bad)} 大于总数 ${whole}`,
      `From ${formatDay(bad)} the parts add up to ${sumAt(bad)}, more than the whole of ${whole}`,
    ),
    say('请核对总数 of，或各机构的数', 'Check the whole, or what the institutions have'),
  );
}
