import { dayOfCivil } from '#domain';
import { expect, test } from 'vitest';
import { type Fitted, fitBaseline, isWeekday, savingsOf, type UseDay } from '../../../rules/baseline/index.ts';

const from = dayOfCivil(2025, 1, 1);
const year = { from, to: from + 365 };
const days: readonly UseDay[] = Array.from({ length: 365 }, (_, at) => ({
  day: from + at,
  use: 1000 + (at % 7),
  temperature: 12 - 12 * Math.cos((2 * Math.PI * at) / 365),
}));
const without = (key: 'use' | 'temperature', where: (at: number) => boolean): readonly UseDay[] =>
  days.map((day, at) => (where(at) ? { ...day, [key]: undefined } : day));
const gates = (answer: Fitted): readonly string[] => (answer.ok ? [] : answer.missing.map(({ what }) => what));

test('a full year passes', () => {
  expect(fitBaseline(days, year)).toMatchObject({ ok: true, value: { quality: { days: 365, spanDays: 365 } } });
});

test('nine days in ten are enough, one less is not', () => {
  expect(
    gates(
      fitBaseline(
        without('use', (at) => at < 36),
        year,
      ),
    ),
  ).toEqual([]);
  expect(
    gates(
      fitBaseline(
        without('use', (at) => at < 37),
        year,
      ),
    ),
  ).toEqual(['use']);
  expect(
    gates(
      fitBaseline(
        without('temperature', (at) => at >= 328),
        year,
      ),
    ),
  ).toEqual(['temperature']);
});

test('use and temperature must be known on the same days', () => {
  const apart = without('use', (at) => at < 30).map((day, at) =>
    at >= 335 ? { ...day, temperature: undefined } : day,
  );
  expect(gates(fitBaseline(apart, year))).toEqual(['days']);
});

test('364 days are no year, and every gate that is not passed is named with a cure', () => {
  const answer = fitBaseline(
    days.slice(0, 200).map((day) => ({ day: day.day, use: -1 })),
    { from, to: from + 364 },
  );
  expect(gates(answer)).toEqual(['span', 'use', 'temperature', 'negative']);
  expect(answer.ok || answer.missing.every(({ cure }) => cure.zh !== '' && cure.en !== '')).toBe(true);
});

test('nothing used, or always the same, is a steady model without scatter', () => {
  const flat = fitBaseline(
    days.map((day) => ({ ...day, use: 0 })),
    year,
  );
  expect(flat).toMatchObject({ ok: true, value: { base: 0, quality: { rSquared: 0, cvRmse: 0 } } });
});

test('savings ask for nine days in ten too, of any span', () => {
  const fitted = fitBaseline(days, year);
  if (!fitted.ok) throw new Error('refused');
  expect(savingsOf(fitted.value, days, { from, to: from + 31 })).toMatchObject({ ok: true, value: { days: 31 } });
  expect(savingsOf(fitted.value, days, { from: from + 300, to: from + 400 })).toMatchObject({
    ok: false,
    missing: [{ what: 'use' }, { what: 'temperature' }],
  });
});

test.each<[string, readonly UseDay[]]>([
  ['a day twice', [...days, { day: from + 4, use: 1, temperature: 1 }]],
  ['a number that is none', days.map((day) => (day.day === from + 4 ? { ...day, use: Number.NaN } : day))],
  ['a temperature without end', days.map((day) => (day.day === from + 4 ? { ...day, temperature: Infinity } : day))],
])('%s is refused by its date', (_, list) => {
  expect(() => fitBaseline(list, year)).toThrow(expect.objectContaining({ code: 'DAYS_INVALID', place: '2025-01-05' }));
});

test('an empty span is refused', () => {
  expect(() => fitBaseline(days, { from, to: from })).toThrow(expect.objectContaining({ code: 'DAYS_INVALID' }));
});

test('Monday to Friday are weekdays, before 1970 too', () => {
  const week = (monday: number): readonly boolean[] => [0, 1, 2, 3, 4, 5, 6].map((at) => isWeekday(monday + at));
  for (const monday of [dayOfCivil(2025, 6, 2), dayOfCivil(1969, 12, 22)])
    expect(week(monday)).toEqual([true, true, true, true, true, false, false]);
});
