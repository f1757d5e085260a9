import {
  DAY,
  dayOfCivil,
  dayStart,
  formatDay,
  formatInstant,
  HOUR,
  invariantError,
  localCandidates,
  localDay,
  type LocalText,
  say,
  type TemperatureColumn,
  type TemperatureDraft,
  type Zone,
} from '#domain';
import type { RefusedTemperature } from '../answers-facts.ts';

/** A day of which at least this share of the hours has a value is a day; another has no mean. */
export const LEAST_HOURS = 0.9;
/** Thousandths of a ℃ that a mean outdoors can have. */
const WARMEST = 60_000;

/** Mean of a local day in thousandths of a ℃, and its hours with a value of those that it has; absent: the mean was given. */
export interface DayMean {
  readonly day: number;
  readonly millidegrees: number;
  /** Of the file: the day's first. */
  readonly row: number;
  readonly hours?: number | undefined;
  readonly of?: number | undefined;
}

export interface ReadTemperatures {
  readonly step: 'day' | 'hour';
  readonly days: readonly DayMean[];
  /** Days with some hours, but too few. */
  readonly incomplete: readonly { readonly day: number; readonly hours: number; readonly of: number }[];
  readonly refused: readonly RefusedTemperature[];
}

interface Value {
  readonly row: number;
  readonly text: string;
  readonly day: number;
  /** Absent in a file of days. */
  readonly at: number | undefined;
  readonly millidegrees: number;
}

type Part<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & Omit<RefusedTemperature, 'row'>);
const part = <T>(value: T): Part<T> => ({ ok: true, value });
const refuse = (
  column: TemperatureColumn,
  text: string,
  code: string,
  reason: LocalText,
  cure: LocalText,
): Part<never> => ({ ok: false, column, text, code, reason, cure });

/** Days as they are given, or made of hours. What cannot be taken is named row by row; nothing of it is in a mean. */
export function readTemperatureDrafts(drafts: readonly TemperatureDraft[], zone: Zone, now: number): ReadTemperatures {
  const step = drafts.some(({ cells }) => hourIn(cells.time ?? '')) ? 'hour' : 'day';
  const read = drafts.map((draft) => readDraft(draft, step, zone, now));
  const { once, twice } = withoutTwins(
    read.flatMap((one) => (one.ok ? [one.value] : [])),
    zone,
  );
  const refused = [...read.flatMap((one) => (one.ok ? [] : [one.refused])), ...twice].toSorted((a, b) => a.row - b.row);
  if (step === 'day') return { step, days: once.map(dayOf), incomplete: [], refused };
  return { step, ...meansOf(once, zone, now), refused };
}

const dayOf = ({ day, millidegrees, row }: Value): DayMean => ({ day, millidegrees, row });

function meansOf(
  values: readonly Value[],
  zone: Zone,
  now: number,
): { readonly days: readonly DayMean[]; readonly incomplete: ReadTemperatures['incomplete'] } {
  const groups = [...Map.groupBy(values, ({ day }) => day)].toSorted(([a], [b]) => a - b);
  const means = groups.map(([day, each]) => ({
    day,
    millidegrees: Math.round(each.reduce((sum, one) => sum + one.millidegrees, 0) / each.length),
    row: Math.min(...each.map(({ row }) => row)),
    hours: each.length,
    of: hoursOf(day, zone),
  }));
  const whole = ({ day, hours, of }: (typeof means)[number]): boolean =>
    hours >= LEAST_HOURS * of && dayStart(day + 1, zone) <= now;
  return {
    days: means.filter(whole),
    incomplete: means.filter((one) => !whole(one)).map(({ day, hours, of }) => ({ day, hours, of })),
  };
}

/** 24; 23 and 25 where clocks are changed. */
export const hoursOf = (day: number, zone: Zone): number =>
  Math.round((dayStart(day + 1, zone) - dayStart(day, zone)) / HOUR);

type Drafted =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refused: RefusedTemperature };

/** Of a row with several faults the first, in the order of the columns. */
function readDraft(
  { row, cells, faults = [] }: TemperatureDraft,
  step: 'day' | 'hour',
  zone: Zone,
  now: number,
): Drafted {
  const text = cells.time ?? '';
  const fault = faults.map(({ column, code }) => faulty(column, cells[column] ?? '', code))[0];
  const time = timeOf(text, step, zone, now);
  const value = valueOf(cells.temperature ?? '');
  const unit = unitOf(cells.unit ?? '');
  const refused = [fault, time, value, unit].find((one) => one !== undefined && !one.ok);
  if (time.ok && value.ok && refused === undefined)
    return { ok: true, value: { row, text, ...time.value, millidegrees: value.value } };
  if (refused === undefined || refused.ok)
    throw invariantError('DRAFT_UNREAD', `row ${row} is neither read nor refused`);
  const { ok: _, ...said } = refused;
  return { ok: false, refused: { row, ...said } };
}

const faulty = (column: TemperatureColumn, text: string, code: 'FORMULA' | 'MERGED'): Part<never> =>
  code === 'FORMULA'
    ? refuse(
        column,
        text,
        code,
        say('这里是公式，不是数据', 'This is a formula, no data'),
        say('请改写成数值（选择性粘贴 → 数值）', 'Write the value itself (paste special, values)'),
      )
    : refuse(
        column,
        text,
        code,
        say('这个单元格与别的合并了', 'This cell is merged with others'),
        say('请取消合并，并在每一行写上内容', 'Unmerge it and write the content in every row'),
      );

const DATE = /^(\d{4})(?:\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?|(\d{2})(\d{2}))/;
const HOUR_OF_DAY = /^[T\s]*(\d{1,2})(?::(\d{2})(?::(\d{2})(?:\.0+)?)?|\s*[时点])?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

const hourIn = (text: string): boolean => {
  const date = DATE.exec(text.trim());
  return date !== null && text.trim().length > date[0].length;
};

const TIME_CURE: Readonly<Record<'day' | 'hour', LocalText>> = {
  day: say('请写 2026-03-01', 'Write it as 2026-03-01'),
  hour: say('请写整点：2026-03-01 08:00', 'Write a full hour: 2026-03-01 08:00'),
};

function timeOf(
  text: string,
  step: 'day' | 'hour',
  zone: Zone,
  now: number,
): Part<{ readonly day: number; readonly at: number | undefined }> {
  const cure = TIME_CURE[step];
  if (text === '') return refuse('time', text, 'TIME_MISSING', say('没有写时间', 'No time is given'), cure);
  const invalid = refuse('time', text, 'TIME_INVALID', say(`"${text}" 不是时间`, `"${text}" is no time`), cure);
  const date = DATE.exec(text.trim());
  if (!date) return invalid;
  const [year, month, number] = [Number(date[1]), Number(date[2] ?? date[4]), Number(date[3] ?? date[5])];
  const day = dayOfCivil(year, month, number);
  const rest = text.trim().slice(date[0].length);
  if (formatDay(day) !== [year, pad(month), pad(number)].join('-') || year < 1990) return invalid;
  const at = step === 'day' ? undefined : instantOf(day, rest, zone);
  if (step === 'hour' && at === undefined) return invalid;
  const future = step === 'day' ? dayStart(day + 1, zone) > now : (at ?? 0) > now;
  if (future)
    return refuse(
      'time',
      text,
      'TIME_FUTURE',
      say(`${text} 还没有过去`, `${text} is not over yet`),
      say('请核对日期；预报不是观测', 'Check the date; a forecast is no observation'),
    );
  return part({ day: at === undefined ? day : localDay(at, zone), at });
}

const pad = (value: number): string => String(value).padStart(2, '0');

/** A full hour; undefined for another time, and for one that the clock never showed. */
function instantOf(day: number, text: string, zone: Zone): number | undefined {
  const match = HOUR_OF_DAY.exec(text);
  const [, hour = '', minute = '0', second = '0', offset] = match ?? [];
  if (!match || Number(hour) > 23 || Number(minute) !== 0 || Number(second) !== 0) return undefined;
  const local = day * DAY + Number(hour) * HOUR;
  if (offset === undefined) return localCandidates(local, zone)[0];
  if (/^z$/i.test(offset)) return local;
  const digits = offset.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return local - (digits.startsWith('-') ? -minutes : minutes) * 60_000;
}

function valueOf(text: string): Part<number> {
  const cure = say('请写摄氏度，例如 -3.5', 'Write it in °C, such as -3.5');
  if (text === '')
    return refuse('temperature', text, 'TEMPERATURE_MISSING', say('没有写温度', 'No temperature is given'), cure);
  const plain = text.replace('−', '-');
  const millidegrees = Math.round(Number(plain) * 1_000);
  if (!/^[+-]?\d{1,4}(?:\.\d{1,17})?(?:[eE]-?\d{1,2})?$/.test(plain) || !Number.isFinite(millidegrees))
    return refuse(
      'temperature',
      text,
      'TEMPERATURE_INVALID',
      say(`"${text}" 不是温度`, `"${text}" is no temperature`),
      cure,
    );
  if (Math.abs(millidegrees) > WARMEST)
    return refuse(
      'temperature',
      text,
      'TEMPERATURE_OUT',
      say(`${text} 不在 −60…60 ℃ 之内`, `${text} is not within −60…60 °C`),
      say('请核对数值与单位；缺测请留空', 'Check value and unit; leave out what was not measured'),
    );
  return part(millidegrees === 0 ? 0 : millidegrees);
}

const CELSIUS = ['°c', '℃', 'c', 'degc', '摄氏度'];

function unitOf(text: string): Part<null> {
  if (CELSIUS.includes(text.toLowerCase())) return part(null);
  return refuse(
    'unit',
    text,
    text === '' ? 'UNIT_MISSING' : 'UNIT_UNKNOWN',
    text === ''
      ? say('没有写单位', 'No unit is given')
      : say(`"${text}" 不是这里可用的单位`, `"${text}" is not a unit that is taken here`),
    say('请在列名写 气温（℃），其他单位请先换算', 'Head the column temperature (°C); convert other units before'),
  );
}

/** Of values of one day or hour none is taken: which one is meant is not known. */
function withoutTwins(
  values: readonly Value[],
  zone: Zone,
): { readonly once: readonly Value[]; readonly twice: readonly RefusedTemperature[] } {
  const groups = [...Map.groupBy(values, ({ day, at }) => at ?? day).values()];
  return {
    once: groups.flatMap((group) => (group.length === 1 ? group : [])),
    twice: groups
      .filter((group) => group.length > 1)
      .flatMap((group) =>
        group.map(({ row, text, day, at }) => {
          const what = at === undefined ? formatDay(day) : formatInstant(at, zone);
          const rows = group.map((one) => one.row);
          return {
            row,
            column: 'time' as const,
            text,
            code: at === undefined ? 'DAY_TWICE' : 'HOUR_TWICE',
            reason: say(`${what} 在第 ${rows.join('、')} 行各写了一次`, `${what} stands in rows ${rows.join(', ')}`),
            cure: say('请只留一行', 'Keep one row'),
          };
        }),
      ),
  };
}
