import type { TargetAnswer } from '../../../pipeline/answers-rules.ts';
import type { ChartOption } from './chart.tsx';
import { unitText } from './format.ts';
import { type InstitutionText, shown } from './institution-text.ts';
import { FONT, INK } from './theme.ts';

/** The path to date, what was used, and the forecast with its interval: a band of low, and of high − low on it. */
export function targetOption({ months, unit, forecast }: TargetAnswer, words: InstitutionText): ChartOption {
  const level = Math.round((forecast?.level ?? 0.8) * 100);
  const line = { type: 'line' as const, showSymbol: false, symbolSize: 5 };
  const band = { ...line, stack: 'interval', lineStyle: { opacity: 0 }, itemStyle: { color: '#7fa9c4' } };
  return {
    animation: false,
    textStyle: { fontFamily: FONT, color: INK.text },
    grid: { left: 8, right: 14, top: 48, bottom: 4, containLabel: true },
    legend: {
      top: 0,
      right: 8,
      itemWidth: 14,
      itemHeight: 8,
      textStyle: { color: INK.faint, fontSize: 12 },
      data: [words.plan, words.actual, words.forecast, words.interval(level)],
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      formatter: (params) => tooltip(params, months, words, level),
    },
    xAxis: {
      type: 'category',
      boundaryGap: false,
      data: months.map(({ month }) => month.slice(5)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: INK.line } },
      axisLabel: { color: INK.faint },
    },
    yAxis: {
      type: 'value',
      name: unitText(unit),
      nameTextStyle: { color: INK.faint, align: 'left' },
      axisLabel: { color: INK.faint },
      splitLine: { lineStyle: { color: INK.line } },
    },
    series: [
      { ...band, name: '~low', data: joined(months, ({ lowToDate }) => lowToDate) },
      {
        ...band,
        name: words.interval(level),
        data: joined(
          months,
          ({ lowToDate: low, highToDate: high }) => (low === null || high === null ? null : high - low),
          0,
        ),
        areaStyle: { color: '#7fa9c4', opacity: 0.28 },
      },
      {
        ...line,
        name: words.plan,
        data: months.map(({ planToDate }) => planToDate),
        lineStyle: { color: '#8496a0', type: 'dashed', width: 1.5 },
        itemStyle: { color: '#8496a0' },
      },
      {
        ...line,
        name: words.actual,
        data: months.map(({ actualToDate }) => actualToDate),
        showSymbol: true,
        lineStyle: { color: INK.accent, width: 2 },
        itemStyle: { color: INK.accent },
      },
      {
        ...line,
        name: words.forecast,
        data: joined(months, ({ forecastToDate }) => forecastToDate),
        lineStyle: { color: '#c9822b', width: 1.5 },
        itemStyle: { color: '#c9822b' },
      },
    ],
  } as ChartOption; // legend has no option type of its own in echarts/components
}

type Month = TargetAnswer['months'][number];

/** What is foreseen begins where the actual ends: the month before the first has the actual, or `at` where it is a width. */
const joined = (
  months: readonly Month[],
  pick: (month: Month) => number | null,
  at?: number,
): readonly (number | null)[] =>
  months.map((month, i) => {
    const next = months[i + 1];
    const begins = pick(month) === null && next !== undefined && pick(next) !== null;
    return begins && month.actualToDate !== null ? (at ?? month.actualToDate) : pick(month);
  });

function tooltip(params: unknown, months: TargetAnswer['months'], words: InstitutionText, level: number): string {
  const first: unknown = Array.isArray(params) ? params[0] : params;
  const index = typeof first === 'object' && first !== null && 'dataIndex' in first ? Number(first.dataIndex) : 0;
  const month = months[index];
  if (!month) return '';
  return [
    month.month,
    `${words.plan}: ${shown(month.planToDate)}`,
    `${words.actual}: <b>${shown(month.actualToDate)}</b>`,
    `${words.forecast}: ${shown(month.forecastToDate)}`,
    `${words.interval(level)}: ${shown(month.lowToDate)} – ${shown(month.highToDate)}`,
    ...(month.forecast === null
      ? []
      : [`${words.month}: ${shown(month.forecast)} (${shown(month.low)} – ${shown(month.high)})`]),
  ].join('<br/>');
}
