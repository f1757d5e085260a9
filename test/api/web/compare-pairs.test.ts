import { expect, test } from 'vitest';
import { pairsOf } from '../../../api/web/src/compare-pairs.ts';
import { formatInstant, HOUR, type Interval, parseTime, periodsOf, zoneOf } from '../../../pipeline/domain/index.ts';
import type { UsageAnswer } from '../../../pipeline/answers.ts';

const zone = zoneOf('Europe/London');
type Row = UsageAnswer['rows'][number];

const rowOf = ({ from, to }: Interval, amount: number): Row => ({
  from: formatInstant(from, zone),
  to: formatInstant(to, zone),
  amount,
  display: String(amount),
  split: { measured: amount, interpolated: 0, manual: 0, disputed: 0 },
  estimated: null,
  coverage: 1,
  provisional: false,
});

/** Hours of a day in London, each with the hours since its midnight as its amount. */
function hoursOf(day: string): readonly Row[] {
  const whole = parseTime(day, zone);
  return periodsOf('hour', whole, zone).map((hour) => rowOf(hour, (hour.from - whole.from) / HOUR));
}

const shown = (today: string, past: string) =>
  pairsOf(hoursOf(today), hoursOf(past), undefined).map(
    ({ label, now, before }) => `${label} ${now?.amount ?? '–'} ${before?.amount ?? '–'}`,
  );

test('hours of two days of 24 stand side by side', () => {
  expect(shown('2026-03-22', '2026-03-15')).toEqual(
    Array.from({ length: 24 }, (_, i) => `${String(i).padStart(2, '0')} ${i} ${i}`),
  );
});

test('the hour that a day of 23 leaves out stands beside none; those after it beside the same of the clock', () => {
  expect(shown('2026-03-29', '2026-03-22').slice(0, 4)).toEqual(['00 0 0', '01 – 1', '02 1 2', '03 2 3']);
  expect(shown('2026-04-05', '2026-03-29').slice(0, 4)).toEqual(['00 0 0', '01 1 –', '02 2 1', '03 3 2']);
});

test('the hour that a day of 25 has twice stands beside the one of the other day and beside none', () => {
  expect(shown('2026-10-25', '2026-10-18').slice(0, 4)).toEqual(['00 0 0', '01 1 1', '01 2 –', '02 3 2']);
  expect(shown('2026-11-01', '2026-10-25').slice(0, 4)).toEqual(['00 0 0', '01 1 1', '01 – 2', '02 2 3']);
  expect(shown('2026-10-25', '2026-10-18')).toHaveLength(25);
});

test('days of two weeks stand side by side by their place', () => {
  const [now, before] = [hoursOf('2026-03-22').slice(0, 2), hoursOf('2026-03-15').slice(0, 1)];
  expect(pairsOf(now, before, ['Mon', 'Tue'])).toEqual([
    { label: 'Mon', now: now[0], before: before[0] },
    { label: 'Tue', now: now[1], before: undefined },
  ]);
});
