import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { DAY, HOUR, localDay, type Zone, zoneOf } from '#domain';
import type { UseDay } from '../../../rules/baseline/index.ts';

/**
 * Recordings kept beside the checkout, no part of it: five university buildings (Langtry & Choudhary 2024, MIT) with the weather of Bedford (Met
 * Office MIDAS Open), and one commercial building (Battelle / OpenEIS, BSD-2) whose retrofit came after 2009.
 */
const folder = new URL('../../../../shared/data/', import.meta.url);
const pathOf = (name: string): string => fileURLToPath(new URL(name, folder));

export const recordingsPresent = existsSync(pathOf('cambridge')) && existsSync(pathOf('openeis'));
if (!recordingsPresent && process.env['CI'] === 'true') {
  throw new Error(`${pathOf('.')} is missing: in CI the real recordings must be there`);
}
export const recordingsNote = recordingsPresent ? '' : ' (skipped: ../shared/data/cambridge and openeis are not there)';

const rowsOf = (name: string): readonly (readonly string[])[] =>
  gunzipSync(readFileSync(pathOf(name)))
    .toString('utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.split(','));

interface Hour {
  /** Start of the hour, epoch ms. */
  readonly at: number;
  readonly value: number;
}

/** A day counts where at least this share of its hours is there. */
const HOURS_OF_A_DAY = 23;

function daily(
  hours: readonly Hour[],
  zone: Zone,
): ReadonlyMap<number, { readonly sum: number; readonly mean: number }> {
  const days = new Map<number, number[]>();
  for (const { at, value } of hours) {
    const day = localDay(at, zone);
    const list = days.get(day);
    if (list) list.push(value);
    else days.set(day, [value]);
  }
  return new Map(
    [...days].flatMap(([day, list]) => {
      const sum = list.reduce((a, b) => a + b, 0);
      return list.length < HOURS_OF_A_DAY ? [] : [[day, { sum, mean: sum / list.length }] as const];
    }),
  );
}

function together(use: readonly Hour[], temperature: readonly Hour[], zone: Zone): readonly UseDay[] {
  const [uses, temperatures] = [daily(use, zone), daily(temperature, zone)];
  return [...new Set([...uses.keys(), ...temperatures.keys()])].map((day) => {
    const [sum, mean] = [uses.get(day)?.sum, temperatures.get(day)?.mean];
    return { day, use: sum === undefined ? undefined : Math.round(sum * 1000), temperature: mean };
  });
}

export const CAMBRIDGE = ['b0', 'b2', 'b25', 'b56', 'b118'] as const;

/** Electricity in Wh by London days, with the weather at Bedford. */
export function cambridgeDays(building: (typeof CAMBRIDGE)[number]): readonly UseDay[] {
  const hours = (name: string): readonly Hour[] =>
    rowsOf(name).flatMap(([at = '', value = '']) =>
      value === '' ? [] : [{ at: Date.parse(at), value: Number(value) }],
    );
  return together(
    hours(`cambridge/${building}_hourly_2016_2019.csv.gz`),
    hours('cambridge/weather_bedford_hourly_2016_2019.csv.gz'),
    zoneOf('Europe/London'),
  );
}

/**
 * Hourly kW as Wh by Pacific days, ℉ as ℃. Where clocks change some stamps carry the wrong offset: two rows claim one hour (the later one moves on by
 * an hour if that one is free, else it is left out); the hour that no row claims stays missing.
 */
export function openeisDays(): readonly UseDay[] {
  const rows = rowsOf('openeis/whole_building_hourly_2009_2012.csv.gz').map(([at = '', fahrenheit = '', kw = '']) => ({
    at: Date.parse(at.replace(' ', 'T')),
    fahrenheit,
    kw,
  }));
  const claimed = new Set(rows.map(({ at }) => at));
  const used = new Set<number>();
  const placed = rows.flatMap((row) => {
    const at = !used.has(row.at) ? row.at : claimed.has(row.at + HOUR) ? undefined : row.at + HOUR;
    if (at === undefined) return [];
    used.add(at);
    return [{ ...row, at }];
  });
  const hours = (of: (row: (typeof placed)[number]) => string, scale: (value: number) => number): readonly Hour[] =>
    placed.flatMap((row) => (of(row) === '' ? [] : [{ at: row.at, value: scale(Number(of(row))) }]));
  return together(
    hours(
      (row) => row.kw,
      (kw) => kw,
    ),
    hours(
      (row) => row.fahrenheit,
      (fahrenheit) => ((fahrenheit - 32) * 5) / 9,
    ),
    zoneOf('America/Los_Angeles'),
  );
}

export const yearOf = (year: number): { readonly from: number; readonly to: number } => ({
  from: Date.UTC(year, 0, 1) / DAY,
  to: Date.UTC(year + 1, 0, 1) / DAY,
});
