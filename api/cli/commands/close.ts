import { z } from 'zod';
import { displayUnitOf, inUnit, localDay, monthOfDay, parseTime, type Registry, requestError } from '#domain';
import type { AdjustmentAnswer, Service } from '../../../pipeline/service.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { CARRIER_LABELS, WORDS } from '../labels.ts';
import { present } from '../output/present.ts';
import { closeSchema, closesSchema } from '../shapes.ts';
import { withService } from '../wiring/service.ts';
import { CLAIM_OPTIONS, claimInput, SITE_OPTION, siteOf, zoneOfSite } from './common.ts';

export const close = command({
  name: 'close',
  summary: {
    zh: '结账：冻结一个月的数字，带版本与哈希；不带月份时列出',
    en: 'freezes the figures of a month under a version and a hash; without a month lists them',
  },
  args: [{ name: '[month]', text: { zh: '月份，如 2026-03', en: 'the month, such as 2026-03' } }],
  options: [SITE_OPTION, ...CLAIM_OPTIONS],
  examples: [
    {
      command: 'civicmeter close 2026-03 --by wang --reason "三月结账"',
      text: { zh: '结三月的账', en: 'closes March' },
    },
    {
      command: 'civicmeter close',
      text: { zh: '列出已结的月份和之后的调整', en: 'closed months, and the adjustments since' },
    },
  ],
  answer: z.union([closeSchema, closesSchema]),
  csv: true,
  input: z.strictObject({
    args: z.array(z.string()).max(1),
    site: z.string().optional(),
    by: claimInput.by.optional(),
    reason: claimInput.reason.optional(),
  }),
  run: (cli, { args: [month], site, by, reason }) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      if (month === undefined) return list(cli, service, registry);
      if (by === undefined || reason === undefined) {
        throw requestError('CLAIM_NEEDED', 'closing a month needs a name and a reason', {
          place: '--by, --reason',
          cure: 'add --by NAME --reason TEXT',
        });
      }
      const closed = await service.close(registry.site.id, monthOf(month, registry), { by, reason });
      present(cli, closed, {
        sheet: {
          columns: [WORDS.site, MONTH, WORDS.version, WORDS.at, WORDS.by, WORDS.reason, HASH].map((text) => ({
            heading: cli.say(text),
          })),
          rows: [
            [closed.site, closed.month, String(closed.version), closed.closedAt, closed.by, closed.reason, closed.hash],
          ],
        },
      });
      return 0;
    }),
});

const MONTH = { zh: '月份', en: 'month' };
const HASH = { zh: '哈希', en: 'hash' };

function monthOf(text: string, registry: Registry): number {
  if (!/^\d{4}-\d{2}$/.test(text))
    throw requestError('MONTH_INVALID', `"${text}" is not a month`, { place: 'month', cure: 'write 2026-03' });
  const zone = zoneOfSite(registry);
  return monthOfDay(localDay(parseTime(text, zone).from, zone));
}

async function list(cli: Cli, service: Service, registry: Registry): Promise<number> {
  const [closes, adjustments] = await Promise.all([
    service.closes(registry.site.id),
    service.adjustments(registry.site.id),
  ]);
  const right = true;
  present(
    cli,
    { closes, adjustments },
    {
      sheet: {
        columns: [
          { heading: cli.say(MONTH) },
          { heading: cli.say(WORDS.version), right },
          { heading: cli.language === 'zh' ? '内容' : 'what' },
          { heading: cli.language === 'zh' ? '原数' : 'old', right },
          { heading: cli.language === 'zh' ? '新数' : 'new', right },
          { heading: cli.say(WORDS.difference), right },
          { heading: cli.language === 'zh' ? '单位' : 'unit' },
          { heading: cli.say(WORDS.at) },
          { heading: cli.say(WORDS.reason) },
        ],
        rows: [
          ...closes.map((one) => [
            one.month,
            String(one.version),
            one.hash.slice(0, 16),
            '',
            '',
            '',
            '',
            one.closedAt,
            `${one.by}: ${one.reason}`,
          ]),
          ...adjustments.map((one) => adjustmentRow(cli.say, one)),
        ],
      },
      text: closes.length === 0 ? (cli.language === 'zh' ? '还没有结账的月份。' : 'No month is closed yet.') : '',
    },
  );
  return 0;
}

export function adjustmentRow(say: Cli['say'], one: AdjustmentAnswer): readonly string[] {
  const unit = displayUnitOf(one.carrier);
  return [
    one.month,
    String(one.version),
    `${one.subject} ${say(CARRIER_LABELS[one.carrier])}`,
    ...[one.old, one.new, one.difference].map((amount) => inUnit(amount, unit, one.carrier)),
    unit,
    one.at,
    one.reason,
  ];
}
