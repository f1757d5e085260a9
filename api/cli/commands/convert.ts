import { z } from 'zod';
import { isCarrier, zoneOf } from '#domain';
import { type ConvertAnswer, convertAnswerSchema } from '../../../pipeline/answers-rules.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { CARRIER_LABELS } from '../labels.ts';
import { present, type Sheet } from '../output/present.ts';
import { withCatalogue } from '../wiring/catalogue.ts';
import { noArgs } from './common.ts';
import { blocks, figure, missingText, rowsText, sourceText, yearAt } from './rules-common.ts';

export const convert = command({
  name: 'convert',
  summary: {
    zh: '计算器：把能源用量折算为标准煤（两种口径）和碳排放，列明每个系数的出处；不需要账簿，有账簿则连同其确认',
    en: 'the calculator: a quantity as coal equivalent in both calibers and as carbon, every factor with its source; needs no books, and heeds the confirmations of those there are',
  },
  options: [
    {
      flags: '--carrier <carrier>',
      text: {
        zh: '能源品种：electricity、natural-gas、coal、petrol、diesel、lpg、heat 等',
        en: 'electricity, natural-gas, coal, petrol, diesel, lpg, heat, …',
      },
    },
    { flags: '--quantity <number>', text: { zh: '用量', en: 'how much' } },
    { flags: '--unit <unit>', text: { zh: '单位，如 kWh、m3、t、L、GJ', en: 'unit, such as kWh, m3, t, L, GJ' } },
    {
      flags: '--year <year>',
      text: { zh: '用量所属年份；默认今年', en: 'year of the quantity; this year by default' },
    },
    {
      flags: '--region <code>',
      text: {
        zh: '区划代码，如 620000；默认 000000（全国）',
        en: 'division code, such as 620000; 000000 (the nation) by default',
      },
    },
  ],
  examples: [
    {
      command: 'civicmeter convert --carrier electricity --quantity 1000 --unit kWh --year 2024 --region 620000',
      text: { zh: '甘肃 2024 年用电 1000 千瓦时', en: '1000 kWh of Gansu in 2024' },
    },
    {
      command: 'civicmeter convert --carrier diesel --quantity 50 --unit L --json',
      text: { zh: '50 升柴油，供程序读取', en: '50 litres of diesel, for programs' },
    },
  ],
  answer: convertAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: noArgs,
    carrier: z.string(),
    quantity: z.string(),
    unit: z.string(),
    year: z.coerce.number().int().optional(),
    region: z.string().default('000000'),
  }),
  run: async (cli, { args: _args, year, ...query }) => {
    const asked = { ...query, year: year ?? yearAt(cli.io.clock.now(), zoneOf('Asia/Shanghai')) };
    return withCatalogue(cli, async (rules) => {
      const answer = await rules.convert(asked);
      present(cli, answer, { sheet: sheetOf(cli, answer), text: `\n${detailsOf(cli, answer)}` });
      return 0;
    });
  },
});

function sheetOf(cli: Cli, answer: ConvertAnswer): Sheet {
  const chinese = cli.language === 'zh';
  const coal = chinese ? '标准煤' : 'coal equivalent';
  const quota = chinese ? '标准煤（定额口径）' : 'coal equivalent (quota)';
  const carbon = chinese ? '碳排放' : 'carbon';
  const residual = chinese ? '碳排放（剩余因子，仅对照）' : 'carbon (residual, beside)';
  const { coalEquivalent, coalEquivalentQuota, carbon: average, carbonResidual } = answer;
  const lines = [
    ...(coalEquivalent ? [{ label: coal, unit: 'kgce', value: coalEquivalent.kgce, ...coalEquivalent }] : []),
    ...coalEquivalentQuota.map((one) => ({ label: quota, unit: 'kgce', value: one.kgce, ...one })),
    ...(average ? [{ label: carbon, unit: 'kgCO2', value: average.kgCO2, caliber: '', ...average }] : []),
    ...(carbonResidual
      ? [{ label: residual, unit: 'kgCO2', value: carbonResidual.kgCO2, caliber: '', ...carbonResidual }]
      : []),
  ];
  const headings = chinese
    ? ['项目', '数值', '单位', '口径', '系数', '系数单位', '等级', '出处']
    : ['figure', 'value', 'unit', 'caliber', 'factor', 'per', 'confidence', 'source'];
  return {
    columns: headings.map((heading, i) => ({ heading, right: i === 1 || i === 4 })),
    rows: lines.map(({ label, value, unit, caliber, factor }) => [
      label,
      figure(value),
      unit,
      caliber,
      factor === null ? '' : String(factor.value ?? ''),
      factor?.unit ?? '',
      factor === null ? '' : `${factor.confidence}${factor.verified ? ' ✓' : ''}`,
      factor === null ? '' : sourceText(cli, factor),
    ]),
  };
}

/** The catalogue may know more carriers than the books. */
const carrierName = (cli: Cli, carrier: string): string =>
  isCarrier(carrier) ? cli.say(CARRIER_LABELS[carrier]) : carrier;

const detailsOf = (cli: Cli, answer: ConvertAnswer): string =>
  blocks(
    `${answer.quantity} ${answer.unit} · ${carrierName(cli, answer.carrier)} · ${answer.year} · ${answer.region}`,
    rowsText(
      cli,
      [answer.coalEquivalent, ...answer.coalEquivalentQuota, answer.carbon, answer.carbonResidual].flatMap(
        (one) => one?.rows ?? [],
      ),
    ),
    answer.notes.map((note) => `* ${cli.say(note)}`).join('\n'),
    missingText(cli, answer.missing),
  );
