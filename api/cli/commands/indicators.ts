import { z } from 'zod';
import { dayBefore } from '#domain';
import {
  INDICATOR_PERIODS,
  type IndicatorsAnswer,
  indicatorsAnswerSchema,
  type PeriodIndicators,
} from '../../../pipeline/answers-rules.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { metricLabel, PERIOD_LABELS } from '../labels-rules.ts';
import { WORDS } from '../labels.ts';
import { present, type Sheet } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { nameOf, noArgs, percent, SITE_OPTION, siteOf } from './common.ts';
import {
  blocks,
  daysText,
  figure,
  institutionOf,
  INSTITUTION_OPTION,
  missingText,
  rowsText,
  thisYear,
  YEAR_OPTION,
  yearInput,
} from './rules-common.ts';

export const indicators = command({
  name: 'indicators',
  summary: {
    zh: '机构的单位面积、人均等指标，连同标准煤、碳排放与所用系数',
    en: 'indicators of an institution per area and person, with coal equivalent, carbon and the rows used',
  },
  options: [
    SITE_OPTION,
    INSTITUTION_OPTION,
    YEAR_OPTION,
    {
      flags: '--month <1-12>',
      text: { zh: '月份；默认该年最后一个完整的月', en: 'the month; the last that has ended by default' },
    },
    {
      flags: '--period <period>',
      text: {
        zh: '只看一种时段：year、rolling-12、year-to-date、month、same-period-last-year',
        en: 'one kind alone: year, rolling-12, year-to-date, month, same-period-last-year',
      },
    },
  ],
  examples: [
    {
      command: 'civicmeter indicators --institution reform --year 2025 --period year',
      text: { zh: '某机构 2025 全年指标', en: 'an institution, the whole of 2025' },
    },
    { command: 'civicmeter indicators --institution reform --json', text: { zh: '供程序读取', en: 'for programs' } },
  ],
  answer: indicatorsAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: noArgs,
    site: z.string().optional(),
    institution: z.string().optional(),
    year: yearInput,
    month: z.coerce.number().int().min(1).max(12).optional(),
    period: z.enum(INDICATOR_PERIODS).optional(),
  }),
  run: (cli, input) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, input.site);
      const answer = await service.rules.indicators({
        site: registry.site.id,
        institution: institutionOf(registry, input.institution),
        year: input.year ?? thisYear(cli, registry),
        month: input.month,
        periods: input.period && [input.period],
      });
      present(cli, answer, { sheet: sheetOf(cli, answer), text: `\n${detailsOf(cli, answer)}` });
      return 0;
    }),
});

function sheetOf(cli: Cli, { periods }: IndicatorsAnswer): Sheet {
  const right = true;
  const chinese = cli.language === 'zh';
  return {
    columns: [
      { heading: chinese ? '时段' : 'period' },
      { heading: cli.say(WORDS.from) },
      { heading: cli.say(WORDS.to) },
      { heading: chinese ? '指标' : 'indicator' },
      { heading: chinese ? '数值' : 'value', right },
      { heading: chinese ? '单位' : 'unit' },
      { heading: chinese ? '口径' : 'caliber' },
      { heading: cli.say(WORDS.coverage), right },
    ],
    rows: periods.flatMap((period) =>
      period.indicators.map((one) => [
        cli.say(PERIOD_LABELS[period.period]),
        period.from,
        dayBefore(period.to),
        cli.say(metricLabel(one.metric)),
        figure(one.value),
        one.unit,
        one.caliber ?? '',
        percent(one.coverage),
      ]),
    ),
  };
}

const detailsOf = (cli: Cli, answer: IndicatorsAnswer): string =>
  blocks(
    `${nameOf(cli, answer.name)} (${answer.institution}) · ${answer.year}`,
    answer.periods.map((period) => totalsOf(cli, period)).join('\n'),
    rowsText(cli, answer.rows),
    ...answer.periods.map((period) => {
      const said = missingText(cli, period.missing);
      return said === '' ? '' : `${cli.say(PERIOD_LABELS[period.period])} · ${said}`;
    }),
  );

const totalsOf = (cli: Cli, period: PeriodIndicators): string => {
  const { totals, coverage } = period;
  return `${cli.say(PERIOD_LABELS[period.period])} ${daysText(period)}: ${[
    `${figure(totals.kgce)} kgce`,
    `${figure(totals.kgCO2)} kgCO2`,
    `${figure(totals.waterM3)} m³`,
    `${cli.say(WORDS.coverage)} ${percent(coverage)}`,
  ].join(' · ')}`;
};
