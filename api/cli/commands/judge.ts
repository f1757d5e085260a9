import { z } from 'zod';
import { type JudgeAnswer, judgeAnswerSchema } from '../../../pipeline/answers-rules.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { limitsText, metricLabel, STANDING_LABELS, VERDICT_LABELS } from '../labels-rules.ts';
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
  yearInput,
} from './rules-common.ts';

export const judge = command({
  name: 'judge',
  summary: {
    zh: '按能耗、水耗定额标准评判机构：先进、合理、合格或超定额，注明标准、表号与效力',
    en: 'judges an institution by quota standards: advanced, reasonable, compliant or over, with standard, table and standing',
  },
  options: [
    SITE_OPTION,
    INSTITUTION_OPTION,
    { flags: '--year <year>', text: { zh: '年份；默认去年', en: 'the year; last year by default' } },
    {
      flags: '--rolling-to <1-12>',
      text: { zh: '改为截至该年此月的十二个月', en: 'the twelve months that end with this month of the year instead' },
    },
    {
      flags: '--pack <pack...>',
      text: { zh: '规则包；默认本地区的', en: 'rule packs; those of its region by default' },
    },
  ],
  examples: [
    {
      command: 'civicmeter judge --institution reform --year 2025',
      text: { zh: '2025 年按本地区标准', en: '2025 by the standards of its region' },
    },
    {
      command: 'civicmeter judge --institution reform --year 2025 --pack shandong gbt-51161',
      text: { zh: '两套规则并列', en: 'two rule packs side by side' },
    },
  ],
  answer: judgeAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: noArgs,
    site: z.string().optional(),
    institution: z.string().optional(),
    year: yearInput,
    rollingTo: z.coerce.number().int().min(1).max(12).optional(),
    pack: z.array(z.string()).optional(),
  }),
  run: (cli, input) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, input.site);
      const answer = await service.rules.judge({
        site: registry.site.id,
        institution: institutionOf(registry, input.institution),
        year: input.year ?? thisYear(cli, registry) - (input.rollingTo === undefined ? 1 : 0),
        rollingTo: input.rollingTo,
        packs: input.pack,
      });
      present(cli, answer, { sheet: sheetOf(cli, answer), text: `\n${detailsOf(cli, answer)}` });
      return 0;
    }),
});

function sheetOf(cli: Cli, { verdicts }: JudgeAnswer): Sheet {
  const right = true;
  const chinese = cli.language === 'zh';
  return {
    columns: [
      { heading: chinese ? '指标' : 'metric' },
      { heading: chinese ? '数值' : 'value', right },
      { heading: chinese ? '修正前' : 'before correction', right },
      { heading: chinese ? '单位' : 'unit' },
      { heading: chinese ? '评判' : 'verdict' },
      { heading: chinese ? '效力' : 'standing' },
      { heading: chinese ? '限值' : 'limits' },
      { heading: chinese ? '标准' : 'standard' },
      { heading: chinese ? '表' : 'table' },
      { heading: chinese ? '口径' : 'caliber' },
      { heading: cli.say(WORDS.coverage), right },
    ],
    rows: verdicts.map((one) => [
      cli.say(metricLabel(one.metric)),
      figure(one.value),
      one.measured === one.value ? '' : figure(one.measured),
      one.unit,
      cli.say(VERDICT_LABELS[one.verdict]),
      cli.say(STANDING_LABELS[one.standing]),
      cli.say(limitsText(one.limits)),
      one.standard,
      cli.say(one.table),
      one.caliber,
      percent(one.coverage),
    ]),
  };
}

const detailsOf = (cli: Cli, answer: JudgeAnswer): string =>
  blocks(
    `${nameOf(cli, answer.name)} (${answer.institution}) · ${daysText(answer)}`,
    rowsText(
      cli,
      answer.verdicts.flatMap((one) => [one.row, ...one.rows]),
    ),
    [...new Set(answer.verdicts.flatMap(({ notes }) => notes.map((note) => `* ${cli.say(note)}`)))].join('\n'),
    missingText(cli, answer.missing),
  );
