import { z } from 'zod';
import { type CostRow, type CostsAnswer, costsAnswerSchema } from '../../../pipeline/answers-rules.ts';
import { command } from '../command.ts';
import type { Cli, Language } from '../context.ts';
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
      present(cli, answer, {
        sheet: sheetOf(cli, answer),
        text: `\n${blocks(totalText(cli.language, answer), missingText(cli, answer.missing))}`,
      });
      return 0;
    }),
});

/** Whole fen as yuan, exact. */
const yuan = (fen: number | null): string => (fen === null ? '–' : (fen / 100).toFixed(2));

/** A row without a cost by tariff is in no total, and neither is its bill. */
export function totalText(
  language: Language,
  { totalFen, rows }: { readonly totalFen: number; readonly rows: readonly Pick<CostRow, 'fen' | 'billedFen'>[] },
): string {
  const open = rows.filter(({ fen }) => fen === null);
  const billed = yuan(open.reduce((sum, { billedFen }) => sum + (billedFen ?? 0), 0));
  if (language === 'zh') {
    const without = open.length === 0 ? '' : `，不含 ${open.length} 行没有按价计的费用；其中账单 ${billed} 元`;
    return `${WORDS.total.zh}: ${yuan(totalFen)} 元${without}`;
  }
  const without =
    open.length === 0
      ? ''
      : `, without ${open.length} rows that have no cost by tariff; bills among them: ${billed} CNY`;
  return `${WORDS.total.en}: ${yuan(totalFen)} CNY${without}`;
}

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
