import { type Interval, localDay, type Zone } from '#domain';
import type { DaySource, PointDay } from './source.ts';
import type { ResolvedSubject } from './subject.ts';

const WEEKS = 4;

/**
 * Method "similar days": a day without evidence, or with disputed slots, takes the mean of the wholly measured same weekdays of the four weeks before it,
 * rounded down. Shown beside the amount, never in it, and gone as soon as readings arrive (ledger.md, 5). Null: nothing to estimate, or nothing to estimate from.
 */
export async function estimateRows(
  source: DaySource,
  resolved: ResolvedSubject,
  periods: readonly Interval[],
  zone: Zone,
): Promise<readonly (number | null)[]> {
  const days = periods.map((p) => ({ from: localDay(p.from, zone), to: localDay(p.to, zone) }));
  const [fromDay, toDay] = [days[0]?.from ?? 0, Math.min(days.at(-1)?.to ?? 0, localDay(source.now, zone))];
  const load = resolved.mountings
    ? await source.mountingDays(resolved.mountings, fromDay - 7 * WEEKS, toDay)
    : await source.pointDays(
        resolved.terms.map((t) => t.point.id),
        fromDay - 7 * WEEKS,
        toDay,
      );
  const sums: (number | null)[] = periods.map(() => null);
  for (const [point, own] of Map.groupBy(load, (d) => d.point)) {
    const sign = resolved.terms.find((t) => t.point.id === point)?.sign ?? 1;
    const byDay = new Map(own.map((d) => [d.day, d]));
    const first = own[0]?.day ?? Infinity;
    for (const [i, period] of days.entries()) {
      for (let day = Math.max(period.from, first); day < Math.min(period.to, toDay); day++) {
        const known = byDay.get(day);
        if (known && known.disputed === 0) continue;
        const estimate = similarDays(byDay, day);
        if (estimate !== null) sums[i] = (sums[i] ?? 0) + sign * estimate;
      }
    }
  }
  return sums;
}

function similarDays(byDay: ReadonlyMap<number, PointDay>, day: number): number | null {
  const similar = Array.from({ length: WEEKS }, (_, k) => byDay.get(day - 7 * (k + 1))).filter(
    (d) => d !== undefined && d.amount === d.measured,
  );
  if (similar.length === 0) return null;
  return Math.floor(similar.reduce((sum, d) => sum + (d?.amount ?? 0), 0) / similar.length);
}
