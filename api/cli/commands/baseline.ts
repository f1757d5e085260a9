import { z } from 'zod';
import { CARRIERS, type LocalText, say } from '#domain';
import { type BaselineAnswer, baselineAnswerSchema } from '../../../pipeline/answers-rules.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { present, type Sheet } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { noArgs, percent, SITE_OPTION, siteOf } from './common.ts';
import { blocks, daysText, figure, institutionOf, missingText, PERIOD_TEXT, SERIES_OPTION } from './rules-common.ts';

export const baseline = command({
  name: 'baseline',
  summary: {
    zh: '按气温与工作日拟合的日用量基线，及对照期的节约量（95 % 区间）；数据不足则逐条说明原因',
    en: 'daily use fitted to weather and workdays, and what was saved against it with a 95 % interval; where the data do not suffice, every reason',
  },
  options: [
    SITE_OPTION,
    {
      flags: '--institution <id>',
      text: { zh: '机构；不写则为整个站点', en: 'the institution; the whole site where it is left out' },
    },
    { flags: '--carrier <carrier>', text: { zh: `能源：${CARRIERS.join('、')}`, en: CARRIERS.join(', ') } },
    { flags: '--period <period>', text: { zh: `基线期：${PERIOD_TEXT.zh}`, en: `of the baseline: ${PERIOD_TEXT.en}` } },
    {
      flags: '--reporting <period>',
      text: { zh: '对照期；不写则只拟合', en: 'what is compared with it; without it only the model' },
    },
    SERIES_OPTION,
  ],
  examples: [
    {
      command: 'civicmeter baseline --institution reform --carrier heat --period 2024 --reporting 2025',
      text: { zh: '2025 年比 2024 年节约多少供热', en: 'how much heat 2025 saved against 2024' },
    },
  ],
  answer: baselineAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: noArgs,
    site: z.string().optional(),
    institution: z.string().optional(),
    carrier: z.enum(CARRIERS),
    period: z.string(),
    reporting: z.string().optional(),
    series: z.string().optional(),
  }),
  run: (cli, { site, institution, carrier, period, reporting, series }) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      const answer = await service.rules.baseline({
        site: registry.site.id,
        institution: institution === undefined ? undefined : institutionOf(registry, institution),
        carrier,
        period,
        reporting,
        series,
      });
      present(cli, answer, { sheet: sheetOf(cli, answer), text: `\n${detailsOf(cli, answer)}` });
      return 0;
    }),
});

const GATE_LABELS: Readonly<Record<BaselineAnswer['gates'][number]['what'], LocalText>> = {
  span: say('基线期天数', 'days of the baseline'),
  use: say('有用量的日', 'days with use'),
  temperature: say('有气温的日', 'days with temperature'),
  days: say('两者都有的日', 'days with both'),
  negative: say('用量为负的日', 'days with use below 0'),
};

/** What the model and the savings are, one a line; without a fit only the gates. */
function sheetOf(cli: Cli, { gates, model, savings, unit }: BaselineAnswer): Sheet {
  const line = (label: LocalText, value: number | null, per: string): readonly (readonly string[])[] =>
    value === null ? [] : [[cli.say(label), figure(value), per]];
  const headings = cli.language === 'zh' ? ['项目', '数值', '单位'] : ['figure', 'value', 'unit'];
  return {
    columns: headings.map((heading, i) => ({ heading, right: i === 1 })),
    rows: [
      ...gates.map(({ what, passed, value, limit }) => {
        const shown = what === 'span' || what === 'negative' ? [value, limit].map(String) : [value, limit].map(percent);
        return [
          `${passed ? '✓' : '✗'} ${cli.say(GATE_LABELS[what])}`,
          shown[0] ?? '',
          `${what === 'negative' ? '≤' : '≥'} ${shown[1] ?? ''}`,
        ];
      }),
      ...(model
        ? [
            ...line(say('基础日用量', 'base'), model.base, `${unit}/d`),
            ...line(say('工作日增量', 'on workdays more'), model.workdayStep, `${unit}/d`),
            ...line(say('采暖平衡点', 'heating below'), model.heatingPoint, '°C'),
            ...line(say('每度采暖', 'per heating degree day'), model.heatingSlope, `${unit}/(°C·d)`),
            ...line(say('制冷平衡点', 'cooling above'), model.coolingPoint, '°C'),
            ...line(say('每度制冷', 'per cooling degree day'), model.coolingSlope, `${unit}/(°C·d)`),
            ...line(say('决定系数 R²', 'R²'), model.quality.rSquared, ''),
            ...line(say('CV(RMSE)', 'CV(RMSE)'), model.quality.cvRmse, ''),
          ]
        : []),
      ...(savings
        ? [
            ...line(say('预计用量', 'expected'), savings.expected, unit),
            ...line(say('实际用量', 'actual'), savings.actual, unit),
            ...line(say('节约量', 'saving'), savings.saving, unit),
            ...line(say('区间下限（95 %）', 'low (95 %)'), savings.low, unit),
            ...line(say('区间上限（95 %）', 'high (95 %)'), savings.high, unit),
            ...line(say('节约率', 'share saved'), savings.share, ''),
          ]
        : []),
    ],
  };
}

function detailsOf(cli: Cli, answer: BaselineAnswer): string {
  const { sources, baseline: base, reporting, savings } = answer;
  const chinese = cli.language === 'zh';
  const { temperature, workdays, points } = sources;
  return blocks(
    `${answer.institution ?? answer.site} · ${answer.carrier} · ${daysText(base)}${reporting ? ` → ${daysText(reporting)}` : ''}`,
    [
      `${chinese ? '用量' : 'use'}: ${points.join(', ')}`,
      ...(temperature
        ? [`${chinese ? '气温' : 'temperature'}: ${temperature.name} · ${temperature.sources.join(', ')}`]
        : []),
      `${chinese ? '工作日' : 'workdays'}: ${workdays.calendar}${
        workdays.yearsWithoutNotice.length === 0
          ? ''
          : ` (${chinese ? '只知周末' : 'weekends only'}: ${workdays.yearsWithoutNotice.join(', ')})`
      }`,
      `${chinese ? '方法' : 'method'}: ${sources.model}`,
    ].join('\n'),
    savings && savings.beyond > 0
      ? chinese
        ? `有 ${savings.beyond} 日比基线期任何一日更冷或更热：为外推。`
        : `${savings.beyond} days were colder or warmer than any of the baseline: there it extrapolates.`
      : '',
    missingText(cli, answer.missing),
  );
}
