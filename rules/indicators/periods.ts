import { civilOfDay, dayBefore, dayOfCivil, formatDay, requestError } from '#domain';

/** `YYYY-MM-DD`: the first day included, and the day after the last. */
export interface DatedPeriod {
  readonly from: string;
  readonly to: string;
}

/** Local day number of `YYYY-MM-DD`. Throws TIME_INVALID for a day that no calendar has. */
export function dayOf(date: string): number {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  const day = match ? dayOfCivil(Number(match[1]), Number(match[2]), Number(match[3])) : Number.NaN;
  if (Number.isNaN(day) || formatDay(day) !== date) {
    throw requestError('TIME_INVALID', `"${date}" is not a day`, { cure: 'write it as 2026-03-31' });
  }
  return day;
}

const firstOf = (year: number, month: number): string => formatDay(dayOfCivil(year, month, 1));

/** The same day so many months on, or that month's last day. */
function plusMonths(day: number, months: number): number {
  const { year, month, day: inMonth } = civilOfDay(day);
  const first = dayOfCivil(year, month + months, 1);
  const last = dayOfCivil(year, month + months + 1, 1) - 1;
  return Math.min(first + inMonth - 1, last);
}

export const yearPeriod = (year: number): DatedPeriod => ({ from: firstOf(year, 1), to: firstOf(year + 1, 1) });

/** `month` 1–12. */
export const monthPeriod = (year: number, month: number): DatedPeriod => ({
  from: firstOf(year, month),
  to: firstOf(year, month + 1),
});

/** The twelve months that end with this one. */
export const rollingTwelveMonths = (year: number, month: number): DatedPeriod => ({
  from: firstOf(year, month - 11),
  to: firstOf(year, month + 1),
});

/** From the first of January to the end of the day. */
export const yearToDate = (lastDay: string): DatedPeriod => {
  const day = dayOf(lastDay);
  return { from: firstOf(civilOfDay(day).year, 1), to: formatDay(day + 1) };
};

/** The same first and last day a year before; the end of February stays the end of February. */
export function samePeriodLastYear({ from, to }: DatedPeriod): DatedPeriod {
  const end = dayOf(to);
  const wholeMonths = civilOfDay(end).day === 1;
  return {
    from: formatDay(plusMonths(dayOf(from), -12)),
    to: formatDay(wholeMonths ? plusMonths(end, -12) : plusMonths(end - 1, -12) + 1),
  };
}

/** Twelve months to the day: the only period that a yearly quota speaks of. */
export const isYear = ({ from, to }: DatedPeriod): boolean =>
  from.slice(4) === to.slice(4) && Number(to.slice(0, 4)) === Number(from.slice(0, 4)) + 1;

export const lastDayOf = ({ to }: DatedPeriod): string => dayBefore(to);
