import { z } from 'zod';
import { type CostsAnswer, costsAnswerSchema } from '../../../pipeline/answers-rules.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { CARRIER_LABELS, WORDS } from '../labels.ts';
import { present, type Sheet } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { noArgs, percent, SITE_OPTION, siteOf } from './common.ts';
import {
  blocks,
  figure,
  institutionOf,
  INSTITUTION_OPTION,
  missingText,
  thisYear,
  YEAR_OPTION,
  yearInput,
} from './rules-common.ts';

export const costs = command({
  name: 'costs',
  summary: {
    zh: '按能源种类与月份计算费用（固定、阶梯、分时、容量），并核对单价',
    en: 'costs by carrier and month (flat, tiered, time-of-use, capacity), with a check of the unit price',
  },
  options: [SITE_OPTION, INSTITUTION_OPTION, YEAR_OPTION],
  examples: [
    {
      command: 'civicmeter costs --institution reform --year 2025',
      text: { zh: '某机构 2025 年费用', en: 'costs of an institution in 2025' },
    },
  ],
  answer: costsAnswerSchema,
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
      const answer = await service.rules.costs({
        site: registry.site.id,
        institution: institutionOf(registry, input.institution),
        year: input.year ?? thisYear(cli, registry),
      });
      const total = `${cli.say(WORDS.total)}: ${yuan(answer.totalFen)} ${cli.language === 'zh' ? '元' : 'CNY'}`;
      present(cli, answer, {
        sheet: sheetOf(cli, answer),
        text: `\n${blocks(total, missingText(cli, answer.missing))}`,
      });
      return 0;
    }),
});

/** Whole fen as yuan, exact. */
const yuan = (fen: number | null): string => (fen === null ? '–' : (fen / 100).toFixed(2));

function sheetOf(cli: Cli, { rows }: CostsAnswer): Sheet {
  const right = true;
  const chinese = cli.language === 'zh';
  return {
    columns: [
      { heading: chinese ? '月' : 'month' },
      { heading: cli.say(WORDS.carrier) },
      { heading: cli.say(WORDS.amount), right },
      { heading: chinese ? '单位' : 'unit' },
      { heading: chinese ? '按价计（元）' : 'by tariff (CNY)', right },
      { heading: chinese ? '其中容量（元）' : 'capacity (CNY)', right },
      { heading: chinese ? '账单（元）' : 'billed (CNY)', right },
      { heading: chinese ? '单价（元）' : 'unit price (CNY)', right },
      { heading: chinese ? '偏差' : 'deviation', right },
      { heading: cli.say(WORDS.coverage), right },
    ],
    rows: rows.map((row) => [
      row.month,
      cli.say(CARRIER_LABELS[row.carrier]),
      row.display,
      row.displayUnit,
      yuan(row.fen),
      yuan(row.capacityFen),
      yuan(row.billedFen),
      figure(row.unitPrice),
      row.check === null ? '' : `${percent(row.check.deviation)}${row.check.suspicious ? ' !' : ''}`,
      percent(row.coverage),
    ]),
  };
}
