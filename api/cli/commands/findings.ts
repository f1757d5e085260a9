import { z } from 'zod';
import { FINDING_KINDS, ID_PATTERN, type Registry } from '#domain';
import type { FindingAnswer } from '../../../pipeline/answers.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { FINDING_LABELS, WORDS } from '../labels.ts';
import { present, type Sheet } from '../output/present.ts';
import { findingListSchema } from '../shapes.ts';
import { withService } from '../wiring/service.ts';
import { noArgs, SITE_OPTION, siteOf } from './common.ts';

export const findings = command({
  name: 'findings',
  summary: {
    zh: '账簿对表计的判断：断点、离群、冲突、缺口，以及处理办法',
    en: 'what the books say about meters: breaks, outliers, conflicts, gaps, and what to do about them',
  },
  options: [
    SITE_OPTION,
    { flags: '--point <id>', text: { zh: '只看某个计量点', en: 'only this point' } },
    {
      flags: '--kind <kind>',
      text: { zh: `只看某一种：${FINDING_KINDS.join('、')}`, en: `only one of ${FINDING_KINDS.join(', ')}` },
    },
    { flags: '--limit <n>', text: { zh: '最多几行，默认 50', en: 'rows at most, 50 by default' } },
  ],
  examples: [
    {
      command: 'civicmeter findings --kind break',
      text: { zh: '待说明的读数跳变', en: 'jumps that wait for an explanation' },
    },
    {
      command: 'civicmeter findings --point p-a-main --csv > findings.csv',
      text: { zh: '某计量点，导出 CSV', en: 'of a point, as CSV' },
    },
  ],
  answer: findingListSchema,
  csv: true,
  input: z.strictObject({
    args: noArgs,
    site: z.string().optional(),
    point: z.string().regex(ID_PATTERN).optional(),
    kind: z.enum(FINDING_KINDS).optional(),
    limit: z.coerce.number().int().min(1).max(10_000).default(50),
  }),
  run: (cli, { site, point, kind, limit }) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      const { items, next } = await service.findings({ site: registry.site.id, point, kind, limit });
      present(
        cli,
        { items, more: next !== undefined },
        { sheet: sheetOf(cli, items, faceUnitOf(registry)), text: textOf(cli, items, next !== undefined) },
      );
      return 0;
    }),
});

type Face = Pick<FindingAnswer, 'device' | 'register'>;

/** Of a register: the unit of the whole numbers that its readings are. */
export const faceUnitOf =
  ({ devices }: Registry) =>
  ({ device, register }: Face): string =>
    devices.find(({ id }) => id === device)?.registers.find(({ name }) => name === register)?.unit ?? '';

const sheetOf = (cli: Cli, items: readonly FindingAnswer[], unitOf: (one: Face) => string): Sheet => ({
  columns: [
    { heading: cli.language === 'zh' ? '种类' : 'kind' },
    { heading: cli.say(WORDS.point) },
    { heading: cli.say(WORDS.register) },
    { heading: cli.say(WORDS.from) },
    { heading: cli.say(WORDS.to) },
    { heading: cli.language === 'zh' ? '示数' : 'face', right: true },
    { heading: cli.language === 'zh' ? '至' : 'to', right: true },
    { heading: cli.language === 'zh' ? '单位' : 'unit' },
    { heading: '' },
  ],
  rows: items.map((one) => [
    cli.say(FINDING_LABELS[one.kind]),
    one.point ?? '',
    `${one.device}/${one.register}`,
    one.from,
    one.to === one.from ? '' : one.to,
    String(one.fromValue),
    one.toValue === one.fromValue ? '' : String(one.toValue),
    unitOf(one),
    one.explained ? (cli.language === 'zh' ? '已说明' : 'explained') : '',
  ]),
});

/** Each kind's cure once, below the table. */
function textOf(cli: Cli, items: readonly FindingAnswer[], more: boolean): string {
  if (items.length === 0) return cli.language === 'zh' ? '没有发现问题。' : 'Nothing is found fault with.';
  const cures = new Map(items.filter(({ explained }) => !explained).map(({ kind, cure }) => [kind, cure]));
  const lines = [...cures].map(
    ([kind, cure]) => `${cli.say(FINDING_LABELS[kind])}${cli.language === 'zh' ? '：' : ': '}${cli.say(cure)}`,
  );
  const rest = cli.language === 'zh' ? '还有更多，用 --limit 查看。' : 'There are more; --limit shows them.';
  return ['', ...lines, ...(more ? [rest] : [])].join('\n');
}
