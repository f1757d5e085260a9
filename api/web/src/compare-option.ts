import type { UsageAnswer } from '../../../pipeline/answers.ts';
import type { ChartOption } from './chart.tsx';
import { type Pair, pairsOf } from './compare-pairs.ts';
import { coverageText, isWhole } from './coverage.tsx';
import { plain } from './format.ts';
import { CARRIER_INK, FONT, INK } from './theme.ts';

type Row = UsageAnswer['rows'][number];

/** Heights are read from `display`; what has not begun yet, or nothing evidences, is left out and not drawn as zero. */
const heightOf = (row: Row, now: string): number | null =>
  Date.parse(row.from) >= Date.parse(now) || (row.coverage === 0 && row.amount === 0) ? null : Number(row.display);

interface Names {
  readonly now: string;
  readonly before: string;
  readonly coverage: string;
}

/** Bars now, a line for the time before. */
export function compareOption(
  now: UsageAnswer,
  before: UsageAnswer,
  names: Names,
  at: string,
  weekdays: readonly string[] | undefined,
): ChartOption {
  const ink = CARRIER_INK[now.carrier];
  const pairs = pairsOf(now.rows, before.rows, weekdays);
  const bars = pairs.map(({ now: row }) => {
    const value = row ? heightOf(row, at) : null;
    return row?.provisional ? { value, itemStyle: { opacity: 0.5 } } : { value };
  });
  return {
    animation: false,
    textStyle: { fontFamily: FONT, color: INK.text },
    grid: { left: 8, right: 12, top: 34, bottom: 4, containLabel: true },
    legend: { top: 0, right: 8, itemWidth: 14, itemHeight: 8, textStyle: { color: INK.faint, fontSize: 12 } },
    tooltip: {
      trigger: 'axis',
      confine: true,
      axisPointer: { type: 'shadow' },
      formatter: (params) => tooltip(params, pairs, now, names, at),
    },
    xAxis: {
      type: 'category',
      data: pairs.map(({ label }) => label),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: INK.line } },
      axisLabel: { color: INK.faint },
    },
    yAxis: {
      type: 'value',
      name: now.displayUnit,
      nameTextStyle: { color: INK.faint, align: 'right' },
      axisLabel: { color: INK.faint },
      splitLine: { lineStyle: { color: INK.line } },
    },
    series: [
      {
        name: names.now,
        type: 'bar',
        data: bars,
        itemStyle: { color: ink, borderRadius: [2, 2, 0, 0] },
        barMaxWidth: 30,
      },
      {
        name: names.before,
        type: 'line',
        data: pairs.map(({ before: row }) => (row ? heightOf(row, at) : null)),
        symbolSize: 5,
        showSymbol: false,
        lineStyle: { color: '#8496a0', width: 1.5, type: 'dashed' },
        itemStyle: { color: '#8496a0' },
      },
    ],
  } as ChartOption; // legend has no option type of its own in echarts/components
}

function tooltip(
  params: unknown,
  pairs: readonly Pair[],
  { displayUnit, by }: UsageAnswer,
  names: Names,
  at: string,
): string {
  const first: unknown = Array.isArray(params) ? params[0] : params;
  const index = typeof first === 'object' && first !== null && 'dataIndex' in first ? Number(first.dataIndex) : 0;
  const shown = (row: Row | undefined): string => {
    if (row === undefined || heightOf(row, at) === null) return '–';
    const partial = isWhole(row.coverage) ? '' : ` (${names.coverage} ${coverageText(row.coverage)})`;
    return `${by === 'day' ? `${row.from.slice(5, 10)} · ` : ''}<b>${plain(row.display)}</b> ${displayUnit}${partial}`;
  };
  const [a, b] = [pairs[index]?.now, pairs[index]?.before];
  const known = a ?? b;
  const time = known ? `${known.from.slice(11, 16)} – ${known.to.slice(11, 16)}` : '';
  return [
    by === 'day' ? (pairs[index]?.label ?? '') : time,
    `${names.now}: ${shown(a)}`,
    `${names.before}: ${shown(b)}`,
  ].join('<br/>');
}
