import { formatDay, requestError } from '#domain';

/** One local day. `use` and `temperature` absent: unknown, never 0. */
export interface UseDay {
  /** Days since 1970-01-01 of the local calendar. */
  readonly day: number;
  /** Whole base units. */
  readonly use?: number | undefined;
  /** Mean outdoor temperature, ℃. */
  readonly temperature?: number | undefined;
  /** Of the institution's calendar of workdays; absent: Monday to Friday. */
  readonly workday?: boolean | undefined;
}

/** A day that a model can be fitted to or compared on. */
export interface WholeDay {
  readonly day: number;
  readonly use: number;
  readonly temperature: number;
  readonly workday: boolean;
}

/** Local days, `to` not included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** 1970-01-01 was a Thursday. */
export const isWeekday = (day: number): boolean => (((day + 3) % 7) + 7) % 7 < 5;

/** The days of the span in order. Throws DAYS_INVALID for a day twice, a number that is none, an empty span. */
export function daysWithin(days: readonly UseDay[], { from, to }: Span): readonly UseDay[] {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || to <= from)
    throw requestError('DAYS_INVALID', 'the span ends before it begins', { cure: 'give a first day and a later one' });
  const within = days.filter(({ day }) => day >= from && day < to).toSorted((a, b) => a.day - b.day);
  within.forEach(({ day, use, temperature }, at) => {
    const wrong = !Number.isSafeInteger(day) ? 'is no day' : within[at - 1]?.day === day ? 'stands twice' : undefined;
    const number = [use, temperature].find((value) => value !== undefined && !Number.isFinite(value));
    if (wrong === undefined && number === undefined) return;
    throw requestError('DAYS_INVALID', `${formatDay(day)} ${wrong ?? `has ${number} for a number`}`, {
      place: formatDay(day),
      cure: 'give each day once; leave out what is not known',
    });
  });
  return within;
}

export const wholeDays = (days: readonly UseDay[]): readonly WholeDay[] =>
  days.flatMap(({ day, use, temperature, workday }) =>
    use === undefined || temperature === undefined
      ? []
      : [{ day, use, temperature, workday: workday ?? isWeekday(day) }],
  );
