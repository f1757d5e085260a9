import { formatDay } from '#domain';
import type { Missing, MissingReason } from '../contract.ts';
import { type Span, type UseDay, wholeDays } from './days.ts';

/** CalTRACK 2.0, 2.2.1: a baseline of twelve months, of whose days at least nine in ten have use and temperature. */
export const GATES = { days: 365, share: 0.9 } as const;

/** One thing that days must fulfil. `value` against `limit`: at least, but for `negative`, which is at most. */
export interface Gate {
  readonly what: 'span' | 'use' | 'temperature' | 'days' | 'negative';
  readonly passed: boolean;
  /** Days of the span and with use below 0; else a share of the span's days. */
  readonly value: number;
  readonly limit: number;
}

/** Every gate with what the days have, in order. */
export function gateResults(
  days: readonly UseDay[],
  { from, to }: Span,
  leastDays: number = GATES.days,
): readonly Gate[] {
  const span = to - from;
  const used = days.filter(({ use }) => use !== undefined).length;
  const warm = days.filter(({ temperature }) => temperature !== undefined).length;
  const negative = days.filter(({ use }) => use !== undefined && use < 0).length;
  const share = (what: 'use' | 'temperature' | 'days', count: number): Gate => ({
    what,
    passed: count / span >= GATES.share,
    value: count / span,
    limit: GATES.share,
  });
  return [
    { what: 'span', passed: span >= leastDays, value: span, limit: leastDays },
    share('use', used),
    share('temperature', warm),
    share('days', wholeDays(days).length),
    { what: 'negative', passed: negative === 0, value: negative, limit: 0 },
  ];
}

/** Every gate that the days do not pass, not only the first. Empty: they suffice. */
export function gatesOf(days: readonly UseDay[], span: Span, leastDays: number = GATES.days): readonly Missing[] {
  const failed = gateResults(days, span, leastDays).filter(({ passed }) => !passed);
  const alone = failed.some(({ what }) => what === 'use' || what === 'temperature');
  // days that lack one of both are said by that one
  return failed.filter(({ what }) => !(what === 'days' && alone)).map((gate) => missingOf(gate, days, span));
}

function missingOf({ what, value, limit }: Gate, days: readonly UseDay[], { from, to }: Span): Missing {
  const percent = `${(100 * value).toFixed(1)} % of ${to - from} days`;
  switch (what) {
    case 'span':
      return lacking(
        what,
        `PERIOD_SHORT: ${value} days, not ${limit}`,
        '选取至少连续十二个月',
        'choose at least twelve months on end',
      );
    case 'use':
      return lacking(
        what,
        `COVERAGE_LOW: use is known on ${percent}`,
        '导入缺失日期的表计读数',
        'import meter readings for the days without use',
      );
    case 'temperature':
      return lacking(
        what,
        `COVERAGE_LOW: temperature is known on ${percent}`,
        '导入室外温度',
        'import outdoor temperature',
      );
    case 'days':
      return lacking(
        what,
        `COVERAGE_LOW: use and temperature are both known on ${percent}`,
        '导入表计读数或室外温度',
        'import meter readings or outdoor temperature',
      );
    case 'negative': {
      const first = days.find(({ use }) => use !== undefined && use < 0)?.day ?? from;
      return lacking(
        what,
        `USE_NEGATIVE: use is below 0 on ${value} days, first on ${formatDay(first)}`,
        '扣除外送电量后使用实际用量',
        'give use, not net exchange with the grid',
      );
    }
  }
}

const lacking = (what: string, reason: MissingReason, zh: string, en: string): Missing => ({
  what,
  reason,
  cure: { zh, en },
});
