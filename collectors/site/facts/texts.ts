import {
  type Carrier,
  monthOfDay,
  multiplyRational,
  parseRational,
  parseTime,
  type Rational,
  rational,
  say,
  TARIFF_PERIODS,
  type TariffPeriod,
  unitsOf,
  type Zone,
} from '#domain';
import { fine, refuse, type Told, told } from '../problem.ts';
import { readUnit } from '../texts.ts';

/** Readers of what people write in a facts file (../texts.ts has those that it shares with the site file). */
const UTC: Zone = { name: 'UTC', offsetAt: () => 0 };

/** "2026-01": months since year 0. */
export function readMonth(text: string): Told<number> {
  if (/^\d{4}-(?:0[1-9]|1[0-2])$/.test(text)) {
    return fine(monthOfDay(parseTime(text, UTC).from / 86_400_000));
  }
  return refuse(
    'MONTH_INVALID',
    say(`"${text}" 不是月份`, `"${text}" is not a month`),
    say('请写 2026-01', 'Write it as 2026-01'),
  );
}

const MILLION = rational(1_000_000);
const YUAN = '(?:元|CNY|RMB|yuan|¥)';

/** "0.5683 元/kWh": millionths of a yuan per base unit, exact. */
export function readPrice(text: string, carrier: Carrier): Told<Rational> {
  const match = new RegExp(String.raw`^\s*(\d+(?:\.\d{1,6})?)\s*${YUAN}\s*/\s*(\S+)\s*$`, 'i').exec(text);
  if (!match) return notPrice(text, carrier);
  const unit = readUnit(match[2] ?? '', carrier);
  if (!unit.ok) return unit;
  const { num, den } = unit.value;
  return told(
    () => multiplyRational(multiplyRational(parseRational(match[1] ?? ''), MILLION), rational(den, num)),
    say(`"${text}" 不是单价`, `"${text}" is not a price`),
    say('请写普通数字，例如 0.5683 元/kWh', 'Write a plain number, such as 0.5683 CNY/kWh'),
  );
}

const notPrice = (text: string, carrier: Carrier): Told<never> =>
  refuse(
    'PRICE_INVALID',
    say(`"${text}" 不是单价`, `"${text}" is not a price`),
    say(
      `请写 元/单位（${unitsOf(carrier).join('、')}），最多六位小数`,
      `Write CNY per unit (${unitsOf(carrier).join(', ')}), at most six decimals`,
    ),
  );

/** "12800 元/月": millionths of a yuan a month. */
export function readMonthly(text: string): Told<number> {
  const match = new RegExp(String.raw`^\s*(\d+)(?:\.(\d{1,2}))?\s*${YUAN}\s*/\s*(?:月|month)\s*$`, 'i').exec(text);
  const value = match ? Number(match[1]) * 1_000_000 + Number((match[2] ?? '').padEnd(2, '0')) * 10_000 : NaN;
  if (Number.isSafeInteger(value)) return fine(value);
  return refuse(
    'CAPACITY_INVALID',
    say(`"${text}" 不是每月的金额`, `"${text}" is not an amount a month`),
    say('请写 12800 元/月', 'Write it as 12800 CNY/month'),
  );
}

/** [6, 7, 8], "6-8", "11-2, 5": months 1–12, each once. */
export function readMonths(months: string | readonly number[]): Told<readonly number[]> {
  if (typeof months !== 'string') return fine(months);
  const parts = months.split(/[\s,，、]+/).filter((part) => part !== '');
  const read = parts.map((part) => spanOf(part, 1, 12));
  if (read.every((span) => span !== undefined)) return fine(read.flat());
  return refuse(
    'MONTHS_INVALID',
    say(`"${months}" 不是月份`, `"${months}" does not name months`),
    say('请写 [6, 7, 8] 或 6-8', 'Write [6, 7, 8] or 6-8'),
  );
}

/** Both ends included; goes round the end: 11-2 is 11, 12, 1, 2. */
function spanOf(text: string, least: number, greatest: number): readonly number[] | undefined {
  const match = /^(\d{1,2})(?:\s*[-–~至]\s*(\d{1,2}))?$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (!match || from < least || from > greatest || to < least || to > greatest) return undefined;
  const size = greatest - least + 1;
  const length = ((to - from + size) % size) + 1;
  return Array.from({ length }, (_, i) => ((from - least + i) % size) + least);
}

export type HourTexts = Readonly<Partial<Record<TariffPeriod, string>>>;

/** "8-12 17-22": from the start of one hour to the start of the other, round midnight; every hour of the day in one period. */
export function readHours(texts: HourTexts): Told<readonly TariffPeriod[]> {
  const hours: (TariffPeriod | undefined)[] = Array.from({ length: 24 });
  for (const period of TARIFF_PERIODS) {
    for (const part of (texts[period] ?? '').split(/[\s,，、]+/).filter((p) => p !== '')) {
      const match = /^(\d{1,2})(?::00)?\s*[-–~]\s*(\d{1,2})(?::00)?$/.exec(part);
      const [from, to] = [Number(match?.[1]), Number(match?.[2])];
      if (!match || from > 23 || to > 24) return hoursInvalid(`"${part}" 不是钟点`, `"${part}" is not a span of hours`);
      for (let hour = from; ; hour = (hour + 1) % 24) {
        const taken = hours[hour];
        if (taken !== undefined)
          return hoursInvalid(
            `${hour} 时既属 ${taken} 又属 ${period}`,
            `hour ${hour} belongs to ${taken} and to ${period}`,
          );
        hours[hour] = period;
        if ((hour + 1) % 24 === to % 24) break;
      }
    }
  }
  const open = hours.findIndex((period) => period === undefined);
  if (open >= 0) return hoursInvalid(`${open} 时不属于任何时段`, `hour ${open} belongs to no period`);
  return fine(hours.flatMap((period) => period ?? []));
}

const hoursInvalid = (zh: string, en: string): Told<never> =>
  refuse(
    'HOURS_INVALID',
    say(zh, en),
    say('请把一天 24 小时各归入一个时段：8-12 17-22', 'Put each of the 24 hours in one period: 8-12 17-22'),
  );

/** "-5 %", "−0.05": a change against the base year. */
export function readChange(text: string): Told<number> {
  const match = /^\s*([+\-−]?)\s*(\d+(?:\.\d+)?)\s*([%％]?)\s*$/.exec(text);
  const value = (Number(match?.[2]) / (match?.[3] ? 100 : 1)) * (match?.[1] === '-' || match?.[1] === '−' ? -1 : 1);
  if (match && Math.abs(value) < 1) return fine(value);
  return refuse(
    'CHANGE_INVALID',
    say(`"${text}" 不是变化率`, `"${text}" is not a change`),
    say('请写 -5 %', 'Write it as -5 %'),
  );
}
