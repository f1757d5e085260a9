import { z } from 'zod';
import { dayBefore, kept } from '#domain';
import { confirmationSchema } from '../../../pipeline/answers-facts.ts';
import { type FactorsAnswer, factorsAnswerSchema } from '../../../pipeline/answers-rules.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { limitsText } from '../labels-rules.ts';
import { present, type Sheet } from '../output/present.ts';
import { withCatalogue } from '../wiring/catalogue.ts';
import { withService } from '../wiring/service.ts';
import { claimInput, flag, noArgs } from './common.ts';
import { sourceText, yearInput } from './rules-common.ts';

export const factors = command({
  name: 'factors',
  summary: {
    zh: '列出系数、定额、目标等目录行，连同出处与置信等级；不需要账簿，有账簿则连同其确认',
    en: 'rows of the catalogue (factors, quotas, targets) with source and confidence; needs no books, and shows the confirmations of those there are',
  },
  options: [
    {
      flags: '--kind <kind>',
      text: {
        zh: '种类：coal、density、electricity-co2、fuel-co2、heat-co2、quota、target、zone 等',
        en: 'coal, density, electricity-co2, fuel-co2, heat-co2, quota, target, zone, …',
      },
    },
    { flags: '--carrier <carrier>', text: { zh: '能源品种', en: 'a carrier' } },
    { flags: '--region <code>', text: { zh: '区划代码，如 620000', en: 'division code, such as 620000' } },
    { flags: '--year <year>', text: { zh: '该年年底有效的行', en: 'valid at the end of that year' } },
    {
      flags: '--set <set>',
      text: { zh: '系数组或规则包，如 shandong-quota', en: 'a set or pack, such as shandong-quota' },
    },
    { flags: '--text <text>', text: { zh: '标识、说明或出处中含有的文字', en: 'text within id, note or source' } },
    { flags: '--verified', text: { zh: '只看已核实的', en: 'only what is verified' } },
    { flags: '--limit <n>', text: { zh: '最多几行，默认 200', en: 'rows at most, 200 by default' } },
  ],
  examples: [
    {
      command: 'civicmeter factors --kind electricity-co2 --region 620000',
      text: { zh: '甘肃的电力碳排放因子', en: 'CO2 factors of the power of Gansu' },
    },
    {
      command: 'civicmeter factors --kind quota --set shandong --csv',
      text: { zh: '山东定额，导出 CSV', en: 'the quotas of Shandong as CSV' },
    },
  ],
  answer: factorsAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: noArgs,
    kind: z.string().optional(),
    carrier: z.string().optional(),
    region: z.string().optional(),
    year: yearInput,
    set: z.string().optional(),
    text: z.string().optional(),
    verified: flag,
    limit: z.coerce.number().int().min(1).max(10_000).default(200),
  }),
  run: (cli, { args: _args, ...query }) =>
    withCatalogue(cli, async (rules) => {
      const answer = await rules.factors(query);
      const { rows, total } = answer;
      const text =
        cli.language === 'zh' ? `\n共 ${total} 行，显示 ${rows.length} 行。` : `\n${rows.length} of ${total} rows.`;
      present(cli, answer, { sheet: sheetOf(cli, answer), text });
      return 0;
    }),
});

function sheetOf(cli: Cli, { rows }: FactorsAnswer): Sheet {
  const headings =
    cli.language === 'zh'
      ? ['标识', '值', '单位', '地区', '起', '止', '等级', '出处']
      : ['id', 'value', 'unit', 'region', 'from', 'to', 'confidence', 'source'];
  return {
    columns: headings.map((heading, i) => ({ heading, right: i === 1 })),
    rows: rows.map((row) => [
      row.id,
      row.value === null ? limitsOf(cli, row.fields) : String(row.value),
      row.unit ?? '',
      row.region,
      row.from,
      row.to === null ? '' : dayBefore(row.to),
      `${row.confidence}${row.verified ? ' ✓' : ''}`,
      sourceText(cli, row),
    ]),
  };
}

const limitsSchema = z.record(z.string(), z.number());

function limitsOf(cli: Cli, fields: Readonly<Record<string, unknown>>): string {
  const limits = limitsSchema.safeParse(fields['limits']);
  return limits.success ? cli.say(limitsText(limits.data)) : '';
}

export const confirmRow = command({
  name: 'confirm-row',
  summary: {
    zh: '由具名人员确认目录中某行与正式文本一致；以账簿记录',
    en: 'a named person confirms that a row of the catalogue agrees with the official text; the books keep it',
  },
  args: [{ name: '<row>', text: { zh: '目录行的标识，见 factors', en: 'id of the row, as factors lists it' } }],
  options: [
    { flags: '--by <name>', text: { zh: '确认人（自报，未经验证）', en: 'who confirms it (claimed, not proven)' } },
    {
      flags: '--text <text>',
      text: { zh: '核对的正式文本：文号、条款、页码', en: 'the text that was read: number, clause, page' },
    },
  ],
  examples: [
    {
      command: 'civicmeter confirm-row coal/national-statistics-coal-kg --by wang --text "GB/T 2589-2020, 表 A.1"',
      text: { zh: '确认煤的折标系数', en: 'confirms the factor of coal' },
    },
  ],
  answer: confirmationSchema,
  input: z.strictObject({ args: z.tuple([z.string()]), by: claimInput.by, text: kept(z.string().min(1)) }),
  run: (cli, { args: [row], by, text }) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const word = await service.rules.confirmRow(row, { by, text });
      present(cli, word, {
        text: cli.language === 'zh' ? `${row} 已由 ${by} 确认。` : `${row} is confirmed by ${by}.`,
      });
      return 0;
    }),
});
