import { civilOfDay, formatDay } from '#domain';
import data from 'chinese-days/dist/chinese-days.json' with { type: 'json' };

/**
 * Workdays of the mainland by the yearly holiday notices. We read the package's data and not its functions: those go through the
 * process's time zone, and call every weekday of a year without a notice a workday without saying so.
 */
export interface DayKind {
  /** `adjusted-workday`: a weekend day worked in place of a bridged holiday. */
  readonly kind: 'workday' | 'adjusted-workday' | 'weekend' | 'holiday';
  readonly works: boolean;
  /** False for a year whose notice is not in the data: then only weekends are known. */
  readonly published: boolean;
  /** 国庆节, for a holiday and for a workday adjusted because of it. */
  readonly name: string | undefined;
}

const holidays = new Map<string, string>(Object.entries(data.holidays));
const adjusted = new Map<string, string>(Object.entries(data.workdays));
const years = new Set([...holidays.keys()].map((date) => Number(date.slice(0, 4))));

/** First and last year whose holidays are known. */
export const HOLIDAY_YEARS = { first: Math.min(...years), last: Math.max(...years) } as const;

/** The package writes `English,中文,days`. */
const chineseName = (entry: string): string | undefined => entry.split(',')[1];

/** 1970-01-01 was a Thursday, so days 2 and 3 of the count are a weekend. */
const isWeekend = (day: number): boolean => [2, 3].includes(((day % 7) + 7) % 7);

/** `day` is a local day: days since 1970-01-01. */
export function dayKindOf(day: number): DayKind {
  const date = formatDay(day);
  const published = years.has(civilOfDay(day).year);
  const rest = holidays.get(date);
  if (rest !== undefined) return { kind: 'holiday', works: false, published, name: chineseName(rest) };
  const work = adjusted.get(date);
  if (work !== undefined) return { kind: 'adjusted-workday', works: true, published, name: chineseName(work) };
  const weekend = isWeekend(day);
  return { kind: weekend ? 'weekend' : 'workday', works: !weekend, published, name: undefined };
}

/** Workdays in [from, to), and whether every day of it lies in a year whose notice is known. */
export function workdaysIn(from: number, to: number): { readonly workdays: number; readonly published: boolean } {
  const kinds = Array.from({ length: Math.max(0, to - from) }, (_, index) => dayKindOf(from + index));
  return {
    workdays: kinds.filter((kind) => kind.works).length,
    published: kinds.every((kind) => kind.published),
  };
}
