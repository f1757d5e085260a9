import { z } from 'zod';
import { formatDay, localDay, zoneOf } from '#domain';
import { loadFacts } from '../../../collectors/site/facts/index.ts';
import { loadSite } from '../../../collectors/site/index.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { createProgress } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { COMPOUND_FACTS_FILE, COMPOUND_FILE, SEED } from '../wiring/compound.ts';
import { siteModels } from '../wiring/models.ts';
import type { StartStep } from '../wiring/start.ts';
import { changesSheet } from './apply.ts';
import { noArgs } from './common.ts';
import { INTAKE_OPTIONS, intakeInput, intakePlaceOf } from './intake.ts';

export const start = command({
  name: 'start',
  summary: {
    zh: '启动整个程序：不给站点文件时运行模拟的办公院区',
    en: 'starts the whole program; without a site file it runs the simulated compound',
  },
  options: [
    { flags: '--site <file>', text: { zh: '站点文件（YAML）：接真实表计', en: 'site file (YAML): real meters' } },
    {
      flags: '--port <n>',
      text: {
        zh: '网页与 API 的端口，默认 8420（仅本机回环）',
        en: 'port of page and API, 8420 by default (loopback only)',
      },
    },
    {
      flags: '--months <n>',
      text: { zh: '模拟历史的月数，默认 13', en: 'months of simulated history, 13 by default' },
    },
    {
      flags: '--no-collect',
      text: { zh: '本机不读表：表由网关读取', en: 'this machine reads no meters: gateways do' },
    },
    ...INTAKE_OPTIONS,
  ],
  examples: [
    {
      command: 'npm start',
      text: { zh: '模拟院区，回填十三个月历史', en: 'the simulated compound, with thirteen months of history' },
    },
    {
      command: 'npm start -- --site site.yaml --port 9000',
      text: { zh: '自己的站点，另选端口', en: 'your own site, on another port' },
    },
    { command: 'civicmeter start --data /var/lib/civicmeter', text: { zh: '另选数据目录', en: 'another data folder' } },
  ],
  input: z.strictObject({
    args: noArgs,
    site: z.string().optional(),
    months: z.coerce.number().int().min(0).max(13).default(13),
    port: z.coerce.number().int().min(0).max(65_535).default(8420),
    collect: z.boolean().default(true),
    ...intakeInput,
  }),
  run: async (cli, { site: file, port, months, collect, ...intake }) => {
    const site = loadSite(file ?? COMPOUND_FILE, siteModels({ data: cli.data, site: file }));
    const zone = zoneOf(site.registry.site.zone);
    const progress = createProgress(cli);
    // the whole program, and with it what no other command needs, is loaded only here
    const { runStart } = await import('../wiring/start.ts');
    const { startSimulator } = await import('../../../fixtures/simulator/index.ts');
    const free = Object.fromEntries(site.plan.connections.map(({ id }) => [id, 0]));
    await runStart(cli, {
      site,
      facts: file === undefined ? () => loadFacts(COMPOUND_FACTS_FILE, site.registry) : undefined,
      port,
      months,
      collect,
      intake: intakePlaceOf(intake),
      simulator:
        file === undefined ? () => startSimulator({ seed: SEED, clock: cli.io.clock, ports: free }) : undefined,
      report: progress.report,
      told: (step) => {
        progress.stop();
        cli.io.err(wordsFor(cli, step, (at) => formatDay(localDay(at, zone))));
      },
    });
    cli.io.err(cli.language === 'zh' ? '\n已全部停止。\n' : '\nEverything has stopped.\n');
    return 0;
  },
});

function wordsFor(cli: Cli, step: StartStep, day: (at: number) => string): string {
  const chinese = cli.language === 'zh';
  switch (step.step) {
    case 'books':
      return chinese ? `数据目录：${cli.data}\n` : `data folder: ${cli.data}\n`;
    case 'applied': {
      const { taken, left } = step.outcome;
      const added =
        taken.length === 0 ? '' : chinese ? `登记新增 ${taken.length} 项\n` : `${taken.length} additions recorded\n`;
      if (left.length === 0) return added;
      const { columns, rows } = changesSheet(cli, left);
      const note = chinese
        ? `以下 ${left.length} 项变更没有采用；用 civicmeter apply FILE --by NAME --reason TEXT 登记：\n`
        : `${left.length} changes are not taken; record them with civicmeter apply FILE --by NAME --reason TEXT:\n`;
      return added + note + table(columns, rows);
    }
    case 'listening':
      return chinese
        ? `网页：${step.address}（仅本机可访问，尚无访问控制）\n`
        : `page: ${step.address} (this machine only: there is no access control yet)\n`;
    case 'history':
      if (step.frames === 0) return '';
      return chinese
        ? `历史 ${day(step.span.from)} 至 ${day(step.span.to)}：${step.frames} 帧\n`
        : `history ${day(step.span.from)} to ${day(step.span.to)}: ${step.frames} frames\n`;
    case 'intake':
      return chinese ? `网关接收：${step.address}\n` : `intake of gateways: ${step.address}\n`;
    case 'live':
      return chinese ? `运行中：${step.address} （Ctrl-C 停止）\n` : `live: ${step.address} (Ctrl-C stops it)\n`;
  }
}
