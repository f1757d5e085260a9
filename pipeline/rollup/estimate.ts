import { dayStart, type Interval, localDay, type Zone } from '#domain';
import type { EvidenceOutline } from './coverage.ts';
import type { DaySource, PointDay } from './source.ts';
import type { ResolvedSubject } from './subject.ts';

const WEEKS = 4;

/** What is estimated by itself: a point, or a register with all its meters. */
export interface Estimated {
  /** Of its days. */
  readonly ids: readonly string[];
  readonly sign: 1 | -1;
  /** What evidences it, by meter; what was given up is known to use nothing. Absent: it is not looked at (DaySource.edition). */
  readonly evidence?: readonly (readonly EvidenceOutline[])[] | undefined;
}

/** The days from which `estimatesOf` estimates. */
export async function loadSimilarDays(
  source: DaySource,
  { mountings, terms }: ResolvedSubject,
  periods: readonly Interval[],
  zone: Zone,
): Promise<readonly PointDay[]> {
  const { fromDay, toDay } = daysOf(source, periods, zone);
  return mountings
    ? source.mountingDays(mountings, fromDay - 7 * WEEKS, toDay)
    : source.pointDays(
        terms.map((t) => t.point.id),
        fromDay - 7 * WEEKS,
        toDay,
      );
}

function daysOf(source: DaySource, periods: readonly Interval[], zone: Zone) {
  const days = periods.map((p) => ({ from: localDay(p.from, zone), to: localDay(p.to, zone) }));
  return { days, fromDay: days[0]?.from ?? 0, toDay: Math.min(days.at(-1)?.to ?? 0, localDay(source.now, zone)) };
}

/**
 * Method "similar days": a day without evidence, or with disputed slots, takes the mean of the wholly measured same weekdays of the four weeks before it,
 * rounded down. Shown beside the amount, never in it, and gone as soon as readings arrive (ledger.md, 5). Null: nothing to estimate, or nothing to estimate from.
 */
export function estimatesOf(
  source: DaySource,
  all: readonly Estimated[],
  known: readonly PointDay[],
  periods: readonly Interval[],
  zone: Zone,
): readonly (number | null)[] {
  const { days, toDay } = daysOf(source, periods, zone);
  const sums: (number | null)[] = periods.map(() => null);
  const byId = Map.groupBy(known, (d) => d.point);
  for (const { ids, sign, evidence } of all) {
    const byDay = Map.groupBy(
      ids.flatMap((id) => byId.get(id) ?? []),
      (d) => d.day,
    );
    const first = Math.min(...byDay.keys());
    const isWhole = (day: number): boolean | undefined =>
      evidence?.every((of) => isEvidenced(of, { from: dayStart(day, zone), to: dayStart(day + 1, zone) }));
    for (const [i, period] of days.entries()) {
      for (let day = Math.max(period.from, first); day < Math.min(period.to, toDay); day++) {
        const own = byDay.get(day);
        if (own ? own.every((d) => d.disputed === 0) : isWhole(day) === true) continue;
        const estimate = similarDays(byDay, day, isWhole);
        if (estimate !== null) sums[i] = (sums[i] ?? 0) + sign * estimate;
      }
    }
  }
  return sums;
}

/** From beginning to end between first and last readings. */
function isEvidenced(outlines: readonly EvidenceOutline[], { from, to }: Interval): boolean {
  const ms = outlines.reduce(
    (sum, { evidence }) => sum + Math.max(0, Math.min(to, evidence.to) - Math.max(from, evidence.from)),
    0,
  );
  return ms >= to - from;
}

function similarDays(
  byDay: ReadonlyMap<number, readonly PointDay[]>,
  day: number,
  isWhole: (day: number) => boolean | undefined,
): number | null {
  const similar = Array.from({ length: WEEKS }, (_, k) => day - 7 * (k + 1)).flatMap((other) => {
    const own = byDay.get(other);
    return own?.every((d) => d.amount === d.measured) && isWhole(other) !== false
      ? [own.reduce((sum, d) => sum + d.amount, 0)]
      : [];
  });
  return similar.length === 0 ? null : Math.floor(similar.reduce((a, b) => a + b, 0) / similar.length);
}
