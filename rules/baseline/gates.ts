import { formatDay } from '#domain';
import type { Missing } from '../contract.ts';
import { type Span, type UseDay, wholeDays } from './days.ts';

/** CalTRACK 2.0, 2.2.1: a baseline of twelve months, of whose days at least nine in ten have use and temperature. */
export const GATES = { days: 365, share: 0.9 } as const;

/** Every gate that the days do not pass, not only the first. Empty: they suffice. */
export function gatesOf(
  days: readonly UseDay[],
  { from, to }: Span,
  leastDays: number = GATES.days,
): readonly Missing[] {
  const span = to - from;
  const share = (count: number): number => count / span;
  const used = days.filter(({ use }) => use !== undefined).length;
  const warm = days.filter(({ temperature }) => temperature !== undefined).length;
  const whole = wholeDays(days).length;
  const negative = days.filter(({ use }) => use !== undefined && use < 0);
  const percent = (count: number): string => `${(100 * share(count)).toFixed(1)} % of ${span} days`;
  return [
    span < leastDays &&
      gate('span', `${span} days, not ${leastDays}`, '选取至少连续十二个月', 'choose at least twelve months on end'),
    share(used) < GATES.share &&
      gate('use', `use is known on ${percent(used)}`, '补录缺失的日用量', 'fill in the days without use'),
    share(warm) < GATES.share &&
      gate('temperature', `temperature is known on ${percent(warm)}`, '导入室外温度', 'import outdoor temperature'),
    share(whole) < GATES.share &&
      share(used) >= GATES.share &&
      share(warm) >= GATES.share &&
      gate(
        'days',
        `use and temperature are both known on ${percent(whole)}`,
        '补录用量或温度',
        'fill in use or temperature',
      ),
    negative.length > 0 &&
      gate(
        'negative',
        `use is below 0 on ${negative.length} days, first on ${formatDay(negative[0]?.day ?? from)}`,
        '扣除外送电量后使用实际用量',
        'give use, not net exchange with the grid',
      ),
  ].filter((missing) => missing !== false);
}

const gate = (what: string, reason: string, zh: string, en: string): Missing => ({ what, reason, cure: { zh, en } });
