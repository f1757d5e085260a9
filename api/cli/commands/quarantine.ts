import { z } from 'zod';
import type { LocalText } from '#domain';
import { command, type OptionSpec } from '../command.ts';
import type { Cli } from '../context.ts';
import { WORDS } from '../labels.ts';
import { present } from '../output/present.ts';
import { quarantineListSchema, quarantineReplaySchema } from '../shapes.ts';
import { REFUSALS } from '../../../pipeline/index.ts';
import type { QuarantineAnswer, Service } from '../../../pipeline/service.ts';
import { withService } from '../wiring/service.ts';
import { noArgs, SITE_OPTION, siteOf } from './common.ts';

const FILTERS: readonly OptionSpec[] = [
  SITE_OPTION,
  { flags: '--reason <reason>', text: { zh: '只看某个原因', en: 'only this reason' }, choices: REFUSALS },
];
const filters = { args: noArgs, site: z.string().optional(), reason: z.enum(REFUSALS).optional() };

/** Without a site all are meant: records that are no frames belong to none. Throws SITE_UNKNOWN. */
const requireSite = async (service: Service, site: string | undefined): Promise<unknown> =>
  site === undefined ? undefined : siteOf(service, site);

export const quarantineList = command({
  name: 'quarantine list',
  summary: { zh: '列出被隔离的读数及原因', en: 'readings that were refused, and why' },
  options: [...FILTERS, { flags: '--limit <n>', text: { zh: '最多几行，默认 50', en: 'rows at most, 50 by default' } }],
  examples: [
    {
      command: 'civicmeter quarantine list --reason unknown-register',
      text: { zh: '未登记的寄存器', en: 'registers that are not known yet' },
    },
  ],
  answer: quarantineListSchema,
  csv: true,
  input: z.strictObject({ ...filters, limit: z.coerce.number().int().min(1).max(10_000).default(50) }),
  run: (cli, input) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      await requireSite(service, input.site);
      const page = await service.quarantine({ site: input.site, reason: input.reason, limit: input.limit });
      present(cli, page, {
        sheet: {
          columns: [
            { heading: 'id', right: true },
            { heading: cli.say(WORDS.reason) },
            { heading: cli.say(WORDS.register) },
            { heading: cli.say(WORDS.at) },
            { heading: cli.say(WORDS.reading), right: true },
            { heading: cli.say(WORDS.state) },
            { heading: cli.language === 'zh' ? '详情' : 'detail' },
            { heading: cli.language === 'zh' ? '日志位置' : 'log' },
          ],
          rows: page.items.map((item) => [
            String(item.id),
            item.reason,
            [item.device, item.register].filter((part) => part !== null).join('/'),
            item.at ?? '',
            item.value ?? '',
            cli.say(STATES[item.state]),
            item.detail,
            `${item.partition}:${item.offset}`,
          ]),
        },
        text: belowList(cli, page.items.length, page.next !== undefined),
      });
      return 0;
    }),
});

const STATES: Readonly<Record<QuarantineAnswer['state'], LocalText>> = {
  open: { zh: '待处理', en: 'open' },
  admitted: { zh: '已采纳', en: 'admitted' },
};

function belowList(cli: Cli, count: number, more: boolean): string {
  const chinese = cli.language === 'zh';
  if (count === 0) return chinese ? '隔离区没有这样的读数。' : 'The quarantine has no such readings.';
  if (!more) return '';
  return chinese ? '\n还有更多，用 --limit 查看。' : '\nThere are more; --limit shows them.';
}

export const quarantineReplay = command({
  name: 'quarantine replay',
  summary: { zh: '重新采纳现在可以采纳的读数', en: 'admits again what is now known or possible; the rest stays' },
  options: FILTERS,
  examples: [
    {
      command: 'civicmeter quarantine replay --reason unknown-register',
      text: { zh: '登记寄存器之后', en: 'after the register was added to the site file' },
    },
  ],
  answer: quarantineReplaySchema,
  input: z.strictObject(filters),
  run: (cli, input) =>
    withService(cli, { log: 'if-free' }, async ({ service, finish }) => {
      await requireSite(service, input.site);
      const outcome = await service.replayQuarantine({ site: input.site, reason: input.reason });
      await finish();
      present(cli, outcome, {
        text:
          cli.language === 'zh'
            ? `采纳 ${outcome.admitted} 条，仍留 ${outcome.refused} 条。`
            : `${outcome.admitted} admitted, ${outcome.refused} stay.`,
      });
      return 0;
    }),
});
