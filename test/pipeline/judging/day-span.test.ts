import { expect, it } from 'vitest';
import { formatDay, zoneOf } from '../../../pipeline/domain/index.ts';
import { daySpanOf } from '../../../pipeline/judging/baseline.ts';

const zone = zoneOf('Asia/Shanghai');

it.each([
  ['2025', '2025-01-01', '2026-01-01'],
  ['2025-03..2026-02', '2025-03-01', '2026-03-01'],
  ['2025-03-01 / 2026-02-28', '2025-03-01', '2026-03-01'],
  ['1926..2025', '1926-01-01', '2026-01-01'],
])('%s is whole days, both ends included', (text, from, to) => {
  const span = daySpanOf(text, zone);
  expect([formatDay(span.from), formatDay(span.to)]).toEqual([from, to]);
});

it.each([
  ['2026..2025', 'PERIOD_EMPTY'],
  ['2025..', 'TIME_INVALID'],
  ['2025..2026..2027', 'TIME_INVALID'],
  ['1925..2025', 'PERIOD_TOO_LONG'],
])('%s is refused', (text, code) => {
  expect(() => daySpanOf(text, zone)).toThrow(expect.objectContaining({ code }));
});
