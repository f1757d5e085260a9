import { z } from 'zod';
import { reconcileAnswerSchema } from '../../../pipeline/answers.ts';
import { command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { WORDS } from '../labels.ts';
import { present } from '../output/present.ts';
import { createProgress } from '../output/progress.ts';
import { withService } from '../wiring/service.ts';
import { noArgs, SITE_OPTION, siteOf } from './common.ts';

const answer = reconcileAnswerSchema;

export const reconcile = command({
  name: 'reconcile',
  summary: {
    zh: '试算平衡：重算每个汇总并与账簿比对，差额必须为 0',
    en: 'the trial balance: every total computed again and compared; differences must be 0',
  },
  options: [
    SITE_OPTION,
    {
      flags: '--no-log',
      text: {
        zh: '不从保留的读数重算（快得多）',
        en: 'without computing again from the retained readings (much faster)',
      },
    },
  ],
  examples: [
    { command: 'civicmeter reconcile', text: { zh: '全部核对', en: 'check all layers' } },
    {
      command: 'civicmeter reconcile --json',
      text: { zh: '供程序读取；有差额时退出码为 1', en: 'for programs; exit code 1 where anything differs' },
    },
  ],
  answer,
  csv: true,
  input: z.strictObject({ args: noArgs, site: z.string().optional(), log: z.boolean().default(true) }),
  run: (cli, input) =>
    withService(cli, { log: input.log ? 'if-free' : 'no' }, async ({ service, hasLog }) => {
      const registry = await siteOf(service, input.site);
      const progress = createProgress(cli);
      const balance = await service.reconcile(registry.site.id, {
        withLog: hasLog && input.log,
        progress: progress.report,
      });
      progress.stop();
      const right = true;
      present(cli, balance, {
        sheet: {
          columns: [
            { heading: cli.language === 'zh' ? '层次' : 'layer' },
            { heading: cli.say(WORDS.rows), right },
            { heading: cli.say(WORDS.difference), right },
            { heading: cli.language === 'zh' ? '例' : 'examples' },
          ],
          rows: balance.layers.map((layer) => [
            layer.layer,
            String(layer.rows),
            String(layer.differences),
            layer.examples.join('; '),
          ]),
        },
        text:
          cli.language === 'zh'
            ? `\n核对 ${balance.rows} 行，差异 ${balance.differences}。`
            : `\n${balance.rows} rows checked, ${balance.differences} differences.`,
      });
      return balance.differences === 0 ? EXIT.fine : EXIT.found;
    }),
});
