import {
  type Carrier,
  CARRIER_LABELS,
  DAY,
  HOUR,
  instantOfLocal,
  type LocalText,
  MINUTE,
  multiplyRational,
  parseRational,
  parseTime,
  type Rational,
  rational,
  say,
  SECOND,
  toBaseUnits,
  unitFactor,
  unitsOf,
  withoutGroups,
  type Zone,
} from '#domain';
import { suggest } from './nearest.ts';
import { fine, refuse, type Told, told } from './problem.ts';

/** Readers of what people write in a site file. Pure; each gives the value, or what is wrong and what to write instead. */
const DURATIONS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND,
  min: MINUTE,
  h: HOUR,
  d: DAY,
  毫秒: 1,
  秒: SECOND,
  分钟: MINUTE,
  小时: HOUR,
  天: DAY,
};

/** "500 ms", "15 min" in milliseconds. */
export function readDuration(text: string): Told<number> {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([^\d\s]+)\s*$/.exec(text);
  const factor = DURATIONS[match?.[2] ?? ''];
  const value = Number(match?.[1]) * (factor ?? NaN);
  if (Number.isSafeInteger(value)) return fine(value);
  return refuse(
    'DURATION_INVALID',
    say(`"${text}" 不是时长`, `"${text}" is not a duration`),
    say('请写数字加单位 ms、s、min、h 或 d，例如 15 min', 'Write a number and ms, s, min, h or d, such as 15 min'),
  );
}

/** 2025/1/5, 2025.1.5 and 2025年1月5日 8:00 to what the domain reads. */
function plainDate(text: string): string {
  const match = /^\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]*(\d{1,2})[:时](\d{2})分?(.*))?$/.exec(text);
  if (!match) return text;
  const [, year, month = '', day = '', hour, minute, rest = ''] = match;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return hour === undefined ? date : `${date}T${hour.padStart(2, '0')}:${minute}${rest.trim()}`;
}

const DATE_CURE = say(
  '请写 2025-01-01，或 2025-01-01 08:00，需要时加时差 +08:00',
  'Write 2025-01-01, or 2025-01-01 08:00, with an offset such as +08:00 if need be',
);

const isTimeOfDay = (text: string): boolean => /[:时]/.test(text);

/** Epoch ms; a day is its local midnight. A local time that the zone's change of clocks leaves out is refused. */
export function readInstant(text: string, zone: Zone): Told<number> {
  const plain = plainDate(text);
  const at = told(
    () => parseTime(plain, zone).from,
    say(`"${text}" 不是日期或时间`, `"${text}" is not a date or time`),
    DATE_CURE,
  );
  if (!at.ok || !isTimeOfDay(text) || /(?:Z|[+-]\d{2}:?\d{2})$/.test(plain)) return at;
  const local = Date.parse(`${plain.replace(' ', 'T')}Z`);
  if (instantOfLocal(local, zone) + zone.offsetAt(at.value) === local) return at;
  return refuse(
    'TIME_SKIPPED',
    say(`${zone.name} 的钟没有走过 ${text}`, `Clocks in ${zone.name} never showed ${text}`),
    say('请加上时差，例如 +02:00', 'Add the offset, such as +02:00'),
  );
}

/** A local day number. */
export function readDay(text: string, zone: Zone): Told<number> {
  const utc = (): number => parseTime(plainDate(text), UTC).from / DAY;
  if (isTimeOfDay(text)) {
    return refuse(
      'DAY_EXPECTED',
      say(`"${text}" 带有时刻，这里只能是某一天`, `"${text}" has a time of day; this holds from a local midnight`),
      say(
        `请只写日期（${zone.name} 当地日期），例如 2025-01-01`,
        `Write the day alone (local to ${zone.name}), such as 2025-01-01`,
      ),
    );
  }
  return told(
    utc,
    say(`"${text}" 不是日期`, `"${text}" is not a day`),
    say('请写 2025-01-01', 'Write it as 2025-01-01'),
  );
}

const UTC: Zone = { name: 'UTC', offsetAt: () => 0 };

const RATIO_CURE = say(
  '请写整数、小数或分数，例如 80、0.25、400/5',
  'Write a whole number, a decimal or a fraction: 80, 0.25, 400/5',
);

export const readRatio = (text: string | number): Told<Rational> =>
  told(() => parseRational(text), say(`"${text}" 不是比值`, `"${text}" is not a ratio`), RATIO_CURE);

/** "2/5", "0.4", "40 %", exact. */
export function readShare(text: string | number): Told<Rational> {
  const percent = /^\s*([\d./\s]+?)\s*[%％]\s*$/.exec(String(text));
  return told(
    () => multiplyRational(parseRational(percent?.[1] ?? text), percent ? rational(1, 100) : rational(1)),
    say(`"${text}" 不是份额`, `"${text}" is not a share`),
    say('请写 2/5、0.4 或 40 %', 'Write 2/5, 0.4 or 40 %'),
  );
}

/** Whole persons or whole m²: 84, "3,200 m2". */
export function readCount(text: string | number, units: readonly string[], what: LocalText): Told<number> {
  const match = /^\s*(\d+)\s*([^\d\s,]\S*)?\s*$/.exec(withoutGroups(String(text)));
  const value = Number(match?.[1]);
  if (match && Number.isSafeInteger(value) && (match[2] === undefined || units.includes(match[2]))) return fine(value);
  return refuse(
    'COUNT_INVALID',
    say(`"${text}" 不能作为${what.zh}`, `"${text}" will not do as ${what.en}`),
    say(
      `请写整数，例如 3200${units[0] ? ` ${units[0]}` : ''}`,
      `Write a whole number, such as 3200${units[0] ? ` ${units[0]}` : ''}`,
    ),
  );
}

export const AREA_UNITS = ['m2', 'm²', '㎡', '平方米'] as const;
export const HEADCOUNT_UNITS = ['persons', 'people', '人'] as const;

const splitQuantity = (text: string): readonly [string, string] | undefined => {
  const match = /^\s*([+-]?[\d.,\s]*\d)\s*([^\d\s.,].*?)?\s*$/.exec(text);
  return match ? [match[1] ?? '', match[2] ?? ''] : undefined;
};

export function readUnit(unit: string, carrier: Carrier): Told<Rational> {
  const wrong = unit
    ? say(`"${unit}" 不是${CARRIER_LABELS[carrier].zh}的单位`, `"${unit}" is not a unit of ${carrier}`)
    : say('缺少单位', 'The unit is missing');
  return told(() => unitFactor(unit, carrier), wrong, suggest(unit, unitsOf(carrier)));
}

/** "84,210.5 kWh" in base units of the carrier. */
export function readQuantity(text: string, carrier: Carrier): Told<number> {
  const parts = splitQuantity(text);
  if (!parts) return notQuantity(text, carrier);
  const [digits, unit] = parts;
  const factor = readUnit(unit, carrier);
  if (!factor.ok) return factor;
  return told(
    () => toBaseUnits(digits, unit, carrier),
    say(`"${text}" 不是准确的数量`, `"${text}" is not an exact quantity`),
    say('请写普通数字，小数位不超过基本单位', 'Write a plain number, not finer than one base unit'),
  );
}

const notQuantity = (text: string, carrier: Carrier): Told<never> =>
  refuse(
    'QUANTITY_INVALID',
    say(`"${text}" 不是带单位的数量`, `"${text}" is not a quantity with a unit`),
    say(`请写数字加单位（${unitsOf(carrier).join('、')}）`, `Write a number and one of ${unitsOf(carrier).join(', ')}`),
  );

/** Where a face starts again at 0, in base units: "1000000 kWh", or "6 digits" of the unit of the face. */
export function readModulus(text: string, carrier: Carrier, faceUnit: string | undefined): Told<number> {
  const digits = /^\s*(\d{1,2})\s*(?:digits?|位)\s*$/.exec(text)?.[1];
  if (digits === undefined) return readQuantity(text, carrier);
  if (faceUnit === undefined) return readQuantity(text, carrier);
  return readQuantity(`1${'0'.repeat(Number(digits))} ${faceUnit}`, carrier);
}

/** What one pulse is worth, base units: "10 L", or the constant of the meter, "800 imp/kWh". */
export function readPulse(text: string, carrier: Carrier): Told<Rational> {
  const constant = /^\s*(\d+(?:\.\d+)?)\s*(?:imp|pulses?|脉冲)?\s*\/\s*(\S+)\s*$/i.exec(text);
  if (!constant) {
    const worth = readQuantity(text, carrier);
    return worth.ok && worth.value <= 0 ? notQuantity(text, carrier) : worth.ok ? fine(rational(worth.value)) : worth;
  }
  const factor = readUnit(constant[2] ?? '', carrier);
  if (!factor.ok) return factor;
  return told(
    () => {
      const { num, den } = parseRational(constant[1] ?? '');
      return multiplyRational(factor.value, rational(den, num));
    },
    say(`"${text}" 不是脉冲常数`, `"${text}" is not a pulse constant`),
    say('请写 10 L 或 800 imp/kWh', 'Write 10 L or 800 imp/kWh'),
  );
}

const PER_HOUR: Readonly<Record<string, number>> = { h: 1, 小时: 1, 时: 1, min: 60, 分钟: 60, s: 3_600, 秒: 3_600 };

/** "3.125 m3/h", "50 L/min": base units per hour. */
export function readFlow(text: string, carrier: Carrier): Told<Rational> {
  const match = /^\s*([\d.,]+)\s*([^\d\s/]+\d?)\s*\/\s*(\S+)\s*$/.exec(text);
  const perHour = PER_HOUR[match?.[3] ?? ''];
  if (!match || perHour === undefined) {
    return refuse(
      'FLOW_INVALID',
      say(`"${text}" 不是流量`, `"${text}" is not a flow`),
      say('请写数量/小时，例如 3.125 m3/h', 'Write a quantity per hour, such as 3.125 m3/h'),
    );
  }
  const factor = readUnit(match[2] ?? '', carrier);
  if (!factor.ok) return factor;
  return scaled(match[1] ?? '', multiplyRational(factor.value, rational(perHour)), text);
}

const WATTS: Readonly<Record<string, number>> = { w: 1, kw: 1_000, mw: 1_000_000, 千瓦: 1_000, 兆瓦: 1_000_000 };

/** "250 kW": base units per hour (Wh, or kJ for heat). */
export function readPower(text: string, carrier: Carrier): Told<Rational> {
  const parts = splitQuantity(text);
  const watts = WATTS[(parts?.[1] ?? '').toLowerCase()];
  const energy = carrier === 'electricity' || carrier === 'heat' || carrier === 'cooling' || carrier === 'steam';
  if (!parts || watts === undefined || !energy) {
    return refuse(
      'POWER_INVALID',
      energy
        ? say(`"${text}" 不是功率`, `"${text}" is not a power`)
        : say(`${CARRIER_LABELS[carrier].zh}没有功率`, `${carrier} has no power`),
      energy ? say('请写 250 kW', 'Write it as 250 kW') : say('请写流量 flow，例如 16 m3/h', 'Write flow: 16 m3/h'),
    );
  }
  // 1 W for one hour is 1 Wh, or 3.6 kJ
  return scaled(parts[0], carrier === 'electricity' ? rational(watts) : rational(watts * 18, 5), text);
}

const scaled = (digits: string, factor: Rational, text: string): Told<Rational> =>
  told(
    () => multiplyRational(parseRational(withoutGroups(digits)), factor),
    say(`"${text}" 不是数量`, `"${text}" is not a quantity`),
    say('请写普通数字，例如 12.5', 'Write a plain number, such as 12.5'),
  );

/** "400 A", "10 kV" in amperes or volts. */
export function readElectrical(text: string, unit: 'A' | 'V'): Told<Rational> {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(k?)([AVav])\s*$/.exec(text);
  if (match && match[3]?.toUpperCase() === unit) return scaled(match[1] ?? '', rational(match[2] ? 1_000 : 1), text);
  const example = unit === 'A' ? '400 A' : '220 V';
  return refuse(
    'ELECTRICAL_INVALID',
    say(
      `"${text}" 不是${unit === 'A' ? '电流' : '电压'}`,
      `"${text}" is not a ${unit === 'A' ? 'current' : 'voltage'}`,
    ),
    say(`请写 ${example}`, `Write it as ${example}`),
  );
}
