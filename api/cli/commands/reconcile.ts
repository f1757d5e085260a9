import { z } from 'zod';
import type { LocalText } from '#domain';
import { type ReconcileAnswer, reconcileAnswerSchema } from '../../../pipeline/answers.ts';
import type { Progress, Service } from '../../../pipeline/service.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { EXIT } from '../failure.ts';
import { WORDS } from '../labels.ts';
import { present } from '../output/present.ts';
import { createProgress } from '../output/progress.ts';
import { askRunning } from '../wiring/beside.ts';
import type { Run } from '../wiring/data-folder.ts';
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
    withService(cli, { log: input.log ? 'if-free' : 'no' }, async ({ service, hasLog, running }) => {
      const registry = await siteOf(service, input.site);
      const balance = await balanceOf(cli, registry.site.id, { service, running, withLog: input.log, hasLog });
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

interface BalanceOptions {
  readonly service: Service;
  readonly running: Run | undefined;
  readonly withLog: boolean;
  readonly hasLog: boolean;
}

const WORK: Readonly<Record<string, LocalText>> = {
  registers: { zh: '核对寄存器', en: 'registers' },
  log: { zh: '重读日志', en: 'log' },
};

/** A running program holds the log, so it is asked where the log is to be looked at as well. */
async function balanceOf(cli: Cli, site: string, options: BalanceOptions): Promise<ReconcileAnswer> {
  const { service, running, withLog, hasLog } = options;
  if (withLog && running?.address) {
    const query = new URLSearchParams({ site, withLog: 'true' });
    const { signal } = cli.io;
    return askRunning(running.address, `/api/v1/reconcile?${query.toString()}`, reconcileAnswerSchema, { signal });
  }
  const progress = createProgress(cli);
  const report: Progress = (done, total, work) =>
    progress.report(done, total, cli.say(WORK[work] ?? { zh: work, en: work }));
  return service.reconcile(site, { withLog: withLog && hasLog, progress: report }).finally(progress.stop);
}
