import { z } from 'zod';
import { type TargetAnswer, type TargetsAnswer, targetsAnswerSchema } from '../../../pipeline/answers-rules.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { metricLabel } from '../labels-rules.ts';
import { WORDS } from '../labels.ts';
import { present, type Sheet } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { noArgs, percent, SITE_OPTION, siteOf } from './common.ts';
import {
  blocks,
  figure,
  institutionOf,
  missingText,
  rowsText,
  thisYear,
  YEAR_OPTION,
  yearInput,
} from './rules-common.ts';

export const targets = command({
  name: 'targets',
  summary: {
    zh: '双控目标：逐月路径、进度、年末预测及区间、晴雨表',
    en: 'dual control: the monthly path, progress, the forecast of the year end with its interval, the barometer',
  },
  options: [
    SITE_OPTION,
    { flags: '--institution <id>', text: { zh: '机构；默认全站', en: 'an institution; the whole site by default' } },
    YEAR_OPTION,
  ],
  examples: [
    {
      command: 'civicmeter targets --year 2026',
      text: { zh: '全站 2026 年目标', en: 'the targets of the site in 2026' },
    },
    {
      command: 'civicmeter targets --institution reform --csv',
      text: { zh: '某机构的逐月路径，导出 CSV', en: "an institution's path by month, as CSV" },
    },
  ],
  answer: targetsAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: noArgs,
    site: z.string().optional(),
    institution: z.string().optional(),
    year: yearInput,
  }),
  run: (cli, input) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, input.site);
      const answer = await service.rules.targets({
        site: registry.site.id,
        institution: input.institution && institutionOf(registry, input.institution),
        year: input.year ?? thisYear(cli, registry),
      });
      present(cli, answer, { sheet: sheetOf(cli, answer), text: `\n${detailsOf(cli, answer)}` });
      return 0;
    }),
});

function sheetOf(cli: Cli, answer: TargetsAnswer): Sheet {
  const headings =
    cli.language === 'zh'
      ? ['目标', '月', '计划', '累计计划', '实际', '累计实际', '预测', '下限', '上限', '累计预测', '下限', '上限']
      : [
          'target',
          'month',
          'plan',
          'plan to date',
          'actual',
          'actual to date',
          'forecast',
          'low',
          'high',
          'forecast to date',
          'low',
          'high',
        ];
  return {
    columns: headings.map((heading, i) => ({ heading, right: i > 1 })),
    rows: answer.targets.flatMap(({ id, months }) =>
      months.map((one) => [
        id,
        one.month,
        ...[one.plan, one.planToDate, one.actual, one.actualToDate].map(figure),
        ...[one.forecast, one.low, one.high, one.forecastToDate, one.lowToDate, one.highToDate].map(figure),
      ]),
    ),
  };
}

const detailsOf = (cli: Cli, answer: TargetsAnswer): string =>
  blocks(
    answer.targets.map((target) => summaryOf(cli, target)).join('\n'),
    rowsText(
      cli,
      answer.targets.flatMap(({ rows }) => rows),
    ),
    missingText(cli, [...answer.missing, ...answer.targets.flatMap(({ missing }) => missing)]),
    answer.targets.length === 0 ? (cli.language === 'zh' ? '没有目标。' : 'There are no targets.') : '',
  );

function summaryOf(cli: Cli, target: TargetAnswer): string {
  const chinese = cli.language === 'zh';
  const { forecast, barometer } = target;
  const parts = [
    `${chinese ? '基准' : 'base'} ${target.baseYear}: ${figure(target.base)}`,
    `${chinese ? '目标' : 'target'} ${target.targetYear}: ${figure(target.target)} ${target.valueUnit}`,
    `${chinese ? '当年上限' : 'cap of the year'}: ${figure(target.yearCap)}`,
    ...(forecast
      ? [
          `${chinese ? '预测' : 'forecast'}: ${figure(forecast.value)} (${figure(forecast.low)} – ${figure(forecast.high)}, ${Math.round(forecast.level * 100)} %)`,
        ]
      : []),
    ...barometer.map(({ comparison, level }) => `${comparison}: ${chinese ? `${level} 级` : `level ${level}`}`),
    `${cli.say(WORDS.coverage)} ${percent(target.coverage)}`,
  ];
  return `${target.id} · ${cli.say(metricLabel(target.metric))} (${target.unit}) · ${cli.say(target.source)}\n  ${parts.join(' · ')}`;
}
