import { DAY, HOUR } from './durations.ts';
import type { Zone } from './zone.ts';

/** Instants are UTC epoch milliseconds; a local day is a whole number, days since 1970-01-01 of the local calendar. */
export const localDay = (at: number, zone: Zone): number => Math.floor((at + zone.offsetAt(at)) / DAY);

/**
 * The first instant whose wall clock shows this local time (ms since the local epoch); for a time that a change of
 * clocks leaves out, the instant of the change.
 */
export function instantOfLocal(local: number, zone: Zone): number {
  const offset = zone.offsetAt(local);
  // as on most days: one offset is all that localCandidates would find
  const isSteady = zone.offsetAt(local - DAY) === offset && zone.offsetAt(local + DAY) === offset;
  if (isSteady && zone.offsetAt(local - offset) === offset) return local - offset;
  const candidates = localCandidates(local, zone);
  const first = candidates[0];
  if (first !== undefined) return first;
  let [low, high] = [local - 2 * DAY, local + 2 * DAY];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle + zone.offsetAt(middle) >= local) high = middle;
    else low = middle;
  }
  return high;
}

/** All instants whose wall clock shows this local time, earliest first: none, one or two. */
export function localCandidates(local: number, zone: Zone): readonly number[] {
  const offsets = new Set([zone.offsetAt(local - DAY), zone.offsetAt(local), zone.offsetAt(local + DAY)]);
  return [...offsets]
    .map((offset) => local - offset)
    .filter((at) => at + zone.offsetAt(at) === local)
    .sort((a, b) => a - b);
}

export const dayStart = (day: number, zone: Zone): number => instantOfLocal(day * DAY, zone);

export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export function civilOfDay(day: number): CivilDate {
  const date = new Date(day * DAY);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

export const dayOfCivil = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / DAY;

/** Months since year 0. */
export const monthOfDay = (day: number): number => {
  const { year, month } = civilOfDay(day);
  return year * 12 + month - 1;
};

export const firstDayOfMonth = (month: number): number => dayOfCivil(Math.floor(month / 12), (month % 12) + 1, 1);

export const PERIODS = ['hour', 'day', 'month', 'year'] as const;
export type Period = (typeof PERIODS)[number];

export interface Interval {
  /** Included, epoch ms. */
  readonly from: number;
  /** Excluded, epoch ms. */
  readonly to: number;
}

/** The local calendar periods that make up [from, to); the first and last are cut to it. */
export function periodsOf(period: Period, { from, to }: Interval, zone: Zone): readonly Interval[] {
  const cuts: number[] = [];
  let cursor = from;
  while (cursor < to) {
    cuts.push(cursor);
    cursor = Math.max(cursor + 1, periodEnd(period, cursor, zone));
  }
  return cuts.map((start, i) => ({ from: start, to: Math.min(cuts[i + 1] ?? to, to) }));
}

function periodEnd(period: Period, at: number, zone: Zone): number {
  if (period === 'hour') {
    const offset = zone.offsetAt(at);
    return (Math.floor((at + offset) / HOUR) + 1) * HOUR - offset;
  }
  const day = localDay(at, zone);
  if (period === 'day') return dayStart(day + 1, zone);
  const month = monthOfDay(day);
  return dayStart(firstDayOfMonth(period === 'month' ? month + 1 : (Math.floor(month / 12) + 1) * 12), zone);
}
