import { expect, test } from 'vitest';
import { dayOfCivil } from '#domain';
import {
  dayKindOf,
  divisionOf,
  divisionPath,
  divisionsBelow,
  divisionsNamed,
  HOLIDAY_YEARS,
  loadCatalogue,
  workdaysIn,
} from '../../../rules/catalogue/index.ts';

const kind = (year: number, month: number, day: number) => dayKindOf(dayOfCivil(year, month, day));

test('a holiday, the weekend day worked for it, a weekend and a weekday are told apart', () => {
  expect(kind(2026, 10, 1)).toEqual({ kind: 'holiday', works: false, published: true, name: '国庆节' });
  expect(kind(2026, 10, 10)).toEqual({ kind: 'adjusted-workday', works: true, published: true, name: '国庆节' });
  expect(kind(2026, 10, 11)).toMatchObject({ kind: 'weekend', works: false });
  expect(kind(2026, 10, 12)).toMatchObject({ kind: 'workday', works: true });
});

test('a year without a notice has weekends and says that its holidays are unknown', () => {
  const year = HOLIDAY_YEARS.last + 1;
  expect(kind(year, 10, 1).published).toBe(false);
  expect(workdaysIn(dayOfCivil(year, 1, 1), dayOfCivil(year + 1, 1, 1)).published).toBe(false);
});

test('weekends follow the calendar, before 1970 too', () => {
  for (let day = -400; day < 400; day += 1) {
    const weekday = new Date(day * 86_400_000).getUTCDay();
    expect(dayKindOf(day).kind).toBe(weekday === 0 || weekday === 6 ? 'weekend' : 'workday');
  }
});

test('2024 had 251 workdays, 2023 had 249', () => {
  const workdays = (year: number) => workdaysIn(dayOfCivil(year, 1, 1), dayOfCivil(year + 1, 1, 1));
  expect(workdays(2024)).toEqual({ workdays: 251, published: true });
  expect(workdays(2023)).toEqual({ workdays: 249, published: true });
});

test('divisions go from county to province', () => {
  expect(divisionPath('510703').map(({ name, rank }) => [name, rank])).toEqual([
    ['涪城区', 'county'],
    ['绵阳市', 'city'],
    ['四川省', 'province'],
  ]);
  expect(divisionPath('110101').map(({ name }) => name)).toEqual(['东城区', '北京市']);
  expect(divisionPath('999999')).toEqual([]);
  expect(divisionsBelow()).toHaveLength(34);
  expect(divisionsBelow('510000')).toHaveLength(21);
  expect(divisionsNamed('绵阳').map(({ code }) => code)).toEqual(['510700']);
});

test('every region of the catalogue is a division that exists, and a zone’s place is named like it', () => {
  let visited = 0;
  for (const row of loadCatalogue().rows) {
    if (row.region.startsWith('grid:') || row.region === '000000' || row.region === '500100') continue;
    const division = divisionOf(row.region);
    expect(division, `${row.id} ${row.region}`).toBeDefined();
    expect(row.kind !== 'zone' || division?.name.startsWith(row.place), row.id).toBe(true);
    visited += 1;
  }
  expect(visited).toBeGreaterThan(400);
});
