import { DAY, dayOfCivil, halfWidth, HOUR, localCandidates, MINUTE, SECOND, type Zone } from '#domain';
import { type DateOrder, type Part, part, refused } from './outcome.ts';
import type { Cell } from './table.ts';

export interface ReadTime {
  readonly at: number;
  /** Whether day and month could be exchanged; absent where the year comes first. */
  readonly ambiguous?: boolean | undefined;
  readonly dateOnly: boolean;
  /** The clock showed it twice; this is the first. */
  readonly repeated: boolean;
}

export interface TimeFormat {
  readonly zone: Zone;
  readonly dates: DateOrder;
}

/** Wall clock as written: ms since the local epoch, with an offset where one is written. */
interface Wall {
  readonly local: number;
  readonly offset?: number | undefined;
  readonly ambiguous?: boolean | undefined;
  readonly dateOnly: boolean;
}

const TIME_OF_DAY =
  /^(?:[T\s]\s*)?(\d{1,2})(?:[:时点]\s*(\d{1,2})?(?:[:分]\s*(?:(\d{1,2})(?:[.,](\d{1,6}))?)?秒?)?)\s*(am|pm)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i;

/**
 * A time as people and spreadsheets write it. Without a zone it is local: one that the clock showed twice is the first, one
 * that it never showed is refused, whatever stands in the rows around it. A date alone is local midnight; 24:00 is the end of its day.
 */
export function readTime(cell: Cell, format: TimeFormat): Part<ReadTime> {
  if (cell instanceof Date && hasNoDay(cell)) {
    const clock = textOf(cell).slice(11);
    return refused('TIME_INVALID', `${clock} 没有日期`, `${clock} has no day beside it`);
  }
  const wall = cell instanceof Date ? wallOfSpreadsheet(cell) : wallOf(halfWidth(textOf(cell)), format.dates);
  if (!wall) {
    const text = textOf(cell);
    if (cell !== null && typeof cell !== 'string') {
      return refused(
        'TIME_INVALID',
        `${text} 是数字；请把单元格设为日期格式`,
        `${text} is a number: format its cell as a date`,
      );
    }
    return refused(
      'TIME_INVALID',
      `"${text}" 不是时间（${format.dates === 'day-first' ? '日/月/年' : '月/日/年'}）`,
      `"${text}" is no time (read ${format.dates})`,
    );
  }
  const { local, offset, ambiguous, dateOnly } = wall;
  if (offset !== undefined) return part({ at: local - offset, ambiguous, dateOnly, repeated: false });
  const [at, second] = localCandidates(local, format.zone);
  if (at !== undefined) return part({ at, ambiguous, dateOnly, repeated: second !== undefined });
  return refused(
    'TIME_SKIPPED',
    `${format.zone.name} 的钟没有走过 ${textOf(cell)}`,
    `clocks in ${format.zone.name} never showed ${textOf(cell)}`,
  );
}

export const textOf = (cell: Cell | undefined): string => {
  if (cell === null || cell === undefined) return '';
  if (cell instanceof Date) return toSecond(cell).toISOString().slice(0, 19).replace('T', ' ');
  return typeof cell === 'string' ? cell.trim() : cell.digits;
};

/** Spreadsheets count days from 1900 or 1904 on; a time of day is a share of the first. */
const FIRST_DAYS = Date.UTC(1905, 0, 1);
const hasNoDay = (date: Date): boolean => date.getTime() < FIRST_DAYS;

/** A time of day that shows as 24:00 or as 0:00, whichever way its cell is formatted. */
export const isWholeDay = (date: Date): boolean => hasNoDay(date) && WHOLE_DAYS.includes(toSecond(date).getTime());
const WHOLE_DAYS = [Date.UTC(1899, 11, 31), Date.UTC(1904, 0, 2)];

/** Spreadsheets keep days with a fraction, which may come out a millisecond short. */
const toSecond = (date: Date): Date => new Date(Math.round(date.getTime() / SECOND) * SECOND);

const wallOfSpreadsheet = (date: Date): Wall | undefined => {
  const local = toSecond(date).getTime();
  return Number.isFinite(local) ? { local, dateOnly: local % DAY === 0 } : undefined;
};

function wallOf(text: string, dates: DateOrder): Wall | undefined {
  const date = dateOf(text, dates);
  if (!date) return undefined;
  const { day, rest, ambiguous } = date;
  if (rest === '') return { local: day * DAY, ambiguous, dateOnly: true };
  const match = TIME_OF_DAY.exec(rest);
  if (!match || (match[2] === undefined && rest.includes(':'))) return undefined;
  const [, hour = '', minute = '0', second = '0', fraction = '0', half, zone] = match;
  const hours = half ? (Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0) : Number(hour);
  if ((half && Number(hour) > 12) || Number(minute) > 59 || Number(second) > 59) return undefined;
  const time = hours * HOUR + Number(minute) * MINUTE + Number(second) * SECOND;
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  if (time + ms > DAY) return undefined;
  const offset = zone === undefined ? undefined : offsetOf(zone);
  if (offset !== undefined && Math.abs(offset) > MAX_OFFSET) return undefined;
  return { local: day * DAY + time + ms, offset, ambiguous, dateOnly: false };
}

interface WrittenDate {
  readonly day: number;
  readonly rest: string;
  readonly ambiguous?: boolean | undefined;
}

function dateOf(text: string, dates: DateOrder): WrittenDate | undefined {
  const compact = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?|(\s.*))?$/.exec(text);
  if (compact) {
    const [, y, m, d, hour, minute, second = '00', rest = ''] = compact;
    return dated(y, m, d, hour === undefined ? rest : `${hour}:${minute}:${second}`);
  }
  const yearFirst = /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(.*)$/.exec(text);
  if (yearFirst) return dated(yearFirst[1], yearFirst[2], yearFirst[3], yearFirst[4] ?? '');
  const yearLast = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(.*)$/.exec(text);
  if (!yearLast) return undefined;
  const [, a = '', b = '', y, rest = ''] = yearLast;
  const [day, month] = dates === 'day-first' ? [a, b] : [b, a];
  return dated(y, month, day, rest, Number(a) <= 12 && Number(b) <= 12);
}

function dated(
  y: string | undefined,
  m: string | undefined,
  d: string | undefined,
  rest: string,
  ambiguous?: boolean,
): WrittenDate | undefined {
  const day = dayOfCivil(Number(y), Number(m), Number(d));
  const date = new Date(day * DAY);
  // of 0025 it makes 1925
  const isThatYear = date.getUTCFullYear() === Number(y);
  const exists = isThatYear && date.getUTCMonth() + 1 === Number(m) && date.getUTCDate() === Number(d);
  return exists ? { day, rest: rest.trimEnd(), ambiguous } : undefined;
}

/** The farthest any zone has ever been from UTC. */
const MAX_OFFSET = 16 * HOUR;

const offsetOf = (zone: string): number => {
  if (/^(?:z|utc)$/i.test(zone)) return 0;
  const digits = zone.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return (digits.startsWith('-') ? -minutes : minutes) * MINUTE;
};
