import type { Text } from './text.ts';

/** Digits to the left of the point in threes; the fraction untouched. Text in, text out: nothing is computed. */
export const grouped = (display: string): { readonly whole: string; readonly fraction: string } => {
  const [whole = '', fraction = ''] = display.split('.');
  return { whole: whole.replace(/\B(?=(\d{3})+$)/g, ','), fraction: fraction === '' ? '' : `.${fraction}` };
};

export const plain = (display: string): string => {
  const { whole, fraction } = grouped(display);
  return whole + fraction;
};

/** How an integer in a base unit is read: the unit and how many digits stand behind the point. */
const READ_AS: Readonly<Record<string, readonly [unit: string, digits: number]>> = {
  Wh: ['kWh', 3],
  L: ['m³', 3],
  kJ: ['GJ', 6],
  g: ['kg', 3],
  mL: ['L', 3],
};

/** An integer in a base unit as an exact decimal in the unit that people read; counts stay counts. */
export function readable(value: number, unit: string): { readonly display: string; readonly unit: string } {
  const [readUnit, digits] = READ_AS[unit] ?? [unit, 0];
  if (digits === 0) return { display: String(value), unit: readUnit };
  const text = String(Math.abs(value)).padStart(digits + 1, '0');
  const fraction = text.slice(-digits).replace(/0+$/, '');
  return {
    display: `${value < 0 ? '-' : ''}${text.slice(0, -digits)}${fraction === '' ? '' : `.${fraction}`}`,
    unit: readUnit,
  };
}

/** m2 and CO2 as they are written by hand. */
export const unitText = (unit: string): string =>
  unit.replaceAll('m2', 'm²').replaceAll('m3', 'm³').replaceAll('CO2', 'CO₂');

export function ageOf(at: string | null, now: number, text: Text): string {
  if (at === null) return '–';
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1_000));
  if (seconds < 100) return `${seconds} ${text.age.s}`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} ${text.age.min}`;
  if (seconds < 48 * 3_600) return `${Math.round(seconds / 3_600)} ${text.age.h}`;
  return `${Math.round(seconds / 86_400)} ${text.age.d}`;
}

/** 2026-03-05T08:00:00+08:00 → 2026-03-05 08:00, or with seconds where they are not zero. */
export const clockOf = (instant: string): string =>
  `${instant.slice(0, 10)} ${instant.slice(11, 19).replace(/:00$/, '')}`;

export const timeOf = (instant: string): string => instant.slice(11, 19);

/** Calendar days by text: 2026-03-05 minus 7. */
export const addDays = (day: string, days: number): string => {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
};

/** Both ends included, as people write periods; `to` of an answer is the day after the last. */
export const daysText = (from: string, to: string): string => `${from} – ${addDays(to, -1)}`;

/** 0 = Monday. */
export const weekdayOf = (day: string): number => (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;

/** The same wall clock days earlier, in the zone of the site: its offset may have been another then. */
export const instantDaysBefore = (instant: string, days: number): string =>
  addDays(instant.slice(0, 10), -days) + instant.slice(10, 19);

/** Change in percent, one digit; of two amounts in the same unit. */
export const changeOf = (now: number, before: number): string | undefined => {
  if (before <= 0) return undefined;
  const percent = ((now - before) / before) * 100;
  return `${percent >= 0 ? '+' : '−'}${Math.abs(percent).toFixed(1)} %`;
};

/** 850 ms, 2.4 s, 15 min: how long something takes. */
export function durationOf(ms: number, text: Text): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Number((ms / 1_000).toFixed(1))} ${text.age.s}`;
  if (ms < 7_200_000) return `${Number((ms / 60_000).toFixed(1))} ${text.age.min}`;
  return `${Number((ms / 3_600_000).toFixed(1))} ${text.age.h}`;
}

/** A share as percent: two digits where it is small, none where it is not. */
export const percentOf = (share: number): string => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** Bytes as people read them. */
export const sizeOf = (bytes: number): string =>
  bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
