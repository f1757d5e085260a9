import { z } from 'zod';
import { type LocalText, requestError } from '#domain';
import { readHoldersFile } from '../../../collectors/import/index.ts';
import { type DecomposeAnswer, decomposeAnswerSchema, DECOMPOSITION_RULES } from '../../../pipeline/answers-rules.ts';
import type { DecomposeQuery } from '../../../pipeline/service-rules.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { present, type Sheet } from '../output/present.ts';
import { withCatalogue } from '../wiring/catalogue.ts';
import { withService } from '../wiring/service.ts';
import { SITE_OPTION, siteOf } from './common.ts';
import { blocks, figure, missingText, rowsText, yearInput } from './rules-common.ts';

export const targetsDecompose = command({
  name: 'targets decompose',
  summary: {
    zh: '分解总量目标：省、市、县、机构逐级，按等比例、分类或份额；各级之和加余额恰等于上级',
    en: 'divides a total target level by level (province, city, county, institution) at an equal rate, by classes or shares; the parts and the remainder are exactly the whole',
  },
  args: [
    {
      name: '[file]',
      text: {
        zh: '对象文件：YAML（树形，below）或 CSV、XLSX（列 id、parent、base、class、share、rule）；不给则为站点的各机构',
        en: 'who shares it: YAML (a tree by `below`) or CSV, XLSX (columns id, parent, base, class, share, rule); the institutions of the site where left out',
      },
    },
  ],
  options: [
    SITE_OPTION,
    { flags: '--value <number>', text: { zh: '目标总量，如 95000', en: 'the total, such as 95000' } },
    {
      flags: '--unit <unit>',
      text: {
        zh: '单位：kgce、tce、kgCO2、tCO2、m3；文件中的基数同此',
        en: 'kgce, tce, kgCO2, tCO2 or m3; also of the bases in the file',
      },
    },
    { flags: '--year <year>', text: { zh: '目标年', en: 'the target year' } },
    {
      flags: '--base-year <year>',
      text: { zh: '基准年；按站点机构分解时必需', en: 'the base year; needed for the institutions of a site' },
    },
    {
      flags: '--row <id>',
      text: {
        zh: '目录中的总量目标，代替 --value、--unit、--year',
        en: 'a total target of the catalogue in place of --value, --unit and --year',
      },
    },
    {
      flags: '--rule <rule>',
      text: { zh: 'equal-rate（默认）、classes、share', en: 'equal-rate (by default), classes or share' },
    },
    {
      flags: '--changes <list>',
      text: {
        zh: '各类别的变化，如 class-1=-11%,class-2=-10%；机构的类别是其层级',
        en: 'change of each class, such as class-1=-11%,class-2=-10%; the class of an institution is its level',
      },
    },
    {
      flags: '--shares <list>',
      text: {
        zh: '站点机构的份额，如 reform=40%,housing=0.35',
        en: 'shares of the institutions of a site, such as reform=40%,housing=0.35',
      },
    },
  ],
  examples: [
    {
      command: 'civicmeter targets decompose cities.csv --value 950000 --unit tce --year 2030 --base-year 2025',
      text: { zh: '按文件中的基数等比例分解', en: 'at an equal rate by the bases of the file' },
    },
    {
      command:
        'civicmeter targets decompose --value 120 --unit tce --year 2030 --base-year 2025 --rule share --shares reform=60%,housing=35%',
      text: { zh: '站点各机构按份额，余 5 %', en: 'shares of the institutions of the site; 5 % remain' },
    },
  ],
  answer: decomposeAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: z.tuple([]).or(z.tuple([z.string()])),
    site: z.string().optional(),
    value: z.string().optional(),
    unit: z.string().optional(),
    year: yearInput,
    baseYear: yearInput,
    row: z.string().optional(),
    rule: z.enum(DECOMPOSITION_RULES).default('equal-rate'),
    changes: z.string().optional(),
    shares: z.string().optional(),
  }),
  run: async (cli, { args: [file], site, baseYear, rule, changes, shares, ...target }) => {
    const query = { target: targetOf(target), baseYear, rule, changes: pairsOf(changes, '--changes') };
    const said = (answer: DecomposeAnswer): number => {
      present(cli, answer, { sheet: sheetOf(cli, answer), text: `\n${detailsOf(cli, answer)}` });
      return 0;
    };
    if (file !== undefined) {
      if (shares !== undefined)
        throw wrong('--shares', 'a file gives its shares itself', 'write them in its column share');
      const holders = await readHoldersFile(file);
      return withCatalogue(cli, async ({ decompose }) => said(await decompose(query, holders)));
    }
    const among = pairsOf(shares, '--shares');
    return withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      const asked = { ...query, among: { site: registry.site.id, shares: among } };
      return said(await service.rules.decompose(asked));
    });
  },
});

interface TargetOptions {
  readonly value?: string | undefined;
  readonly unit?: string | undefined;
  readonly year?: number | undefined;
  readonly row?: string | undefined;
}

function targetOf({ value, unit, year, row }: TargetOptions): DecomposeQuery['target'] {
  if (row !== undefined && value === undefined) return { row };
  if (row === undefined && value !== undefined && unit !== undefined && year !== undefined)
    return { value, unit, year };
  throw wrong('--value, --unit, --year', 'the target is not said, or twice', 'give all three, or --row alone');
}

/** `a=-5%,b=0.1`; percent moves the point, so that nothing is rounded. */
function pairsOf(list: string | undefined, place: string): Readonly<Record<string, number>> {
  const pairs = (list ?? '').split(/[,，]/).filter((one) => one.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, number, percent] = /^\s*(\S+?)\s*=\s*([-−+]?\d+(?:\.\d+)?)\s*([%％])?\s*$/.exec(pair) ?? [];
      if (name === undefined || number === undefined)
        throw wrong(place, `"${pair}" is no name with a number`, 'write name=number, such as class-1=-11%');
      return [name, Number(`${number.replace('−', '-')}${percent ? 'e-2' : ''}`)];
    }),
  );
}

const wrong = (place: string, message: string, cure: string) =>
  requestError('DECOMPOSITION_INVALID', message, { place, cure });

const RULE_LABELS: Readonly<Record<(typeof DECOMPOSITION_RULES)[number], LocalText>> = {
  'equal-rate': { zh: '等比例', en: 'equal rate' },
  classes: { zh: '分类', en: 'classes' },
  share: { zh: '份额', en: 'share' },
};

function sheetOf(cli: Cli, { parts, unit }: DecomposeAnswer): Sheet {
  const headings =
    cli.language === 'zh'
      ? ['对象', '上级', '基数', `目标（${unit}）`, '变化', '规则', '下级之和', '余额']
      : ['holder', 'above', 'base', `target (${unit})`, 'change', 'rule', 'sum below', 'remainder'];
  return {
    columns: headings.map((heading, i) => ({ heading, right: [2, 3, 4, 6, 7].includes(i) })),
    rows: parts.map((part) => [
      `${'  '.repeat(part.level)}${part.id}`,
      part.parent ?? '',
      exact(part.base),
      exact(part.target),
      part.change === null ? '' : `${figure(part.change * 100)} %`,
      part.rule === null ? '' : cli.say(RULE_LABELS[part.rule]),
      exact(part.sum),
      exact(part.remainder),
    ]),
  };
}

/** Every digit: the parts are to be seen to add up. */
const exact = (value: number | null): string => (value === null ? '' : String(value));

const REASONS: Readonly<Record<string, LocalText>> = {
  'no-base': { zh: '没有基数', en: 'its base is not known' },
  'no-class': { zh: '没有类别，或该类别没有变化率', en: 'it has no class, or its class no change' },
  'no-share': { zh: '没有份额', en: 'it has no share' },
  'holder-without-base': { zh: '上级没有基数', en: 'the base of the one above is not known' },
};

function detailsOf(cli: Cli, { without, rows, missing, parts }: DecomposeAnswer): string {
  const chinese = cli.language === 'zh';
  const left = without.map(
    ({ id, parent, reason }) => `  ${parent} / ${id}: ${cli.say(REASONS[reason] ?? same(reason))}`,
  );
  const over = parts.filter(({ remainder }) => (remainder ?? 0) < 0).map(({ id }) => id);
  return blocks(
    left.length === 0 ? '' : [chinese ? '没有分到目标：' : 'Without a target:', ...left].join('\n'),
    over.length === 0
      ? ''
      : `${chinese ? '下级之和超过目标' : 'The parts are more than the target of'}: ${over.join(', ')}`,
    rowsText(cli, rows),
    missingText(cli, missing),
  );
}

const same = (text: string): LocalText => ({ zh: text, en: text });
