import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { requestError } from '#domain';
import { isFactsFile, loadFacts } from '../../../collectors/site/facts/index.ts';
import { loadSite } from '../../../collectors/site/index.ts';
import { type ApplyFactsAnswer, applyFactsAnswerSchema } from '../../../pipeline/answers-facts.ts';
import type { ApplyAnswer, RegistryChange } from '../../../pipeline/service.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { present, type Sheet } from '../output/present.ts';
import { applySchema } from '../shapes.ts';
import { siteModels } from '../wiring/models.ts';
import { withService } from '../wiring/service.ts';
import { CLAIM_OPTIONS, claimInput, flag, siteOf } from './common.ts';

export const apply = command({
  name: 'apply',
  summary: {
    zh: '把站点文件或事实文件应用到账簿：先列出变更及将重算的时段，再登记',
    en: 'applies a site file or a facts file to the books: shows each change and what it recomputes, then records it',
  },
  args: [
    {
      name: '<file>',
      text: {
        zh: '站点文件，或以 facts: 开头的事实文件（YAML）',
        en: 'the site file, or a facts file that begins with facts: (YAML)',
      },
    },
  ],
  options: [
    ...CLAIM_OPTIONS,
    { flags: '--dry-run', text: { zh: '只列出变更，不写入', en: 'shows the changes and writes nothing' } },
  ],
  examples: [
    { command: 'civicmeter apply site.yaml --dry-run', text: { zh: '看看会改什么', en: 'what would change' } },
    {
      command: 'civicmeter apply site.yaml --by wang --reason "四月起分摊调整"',
      text: { zh: '登记变更', en: 'records the changes' },
    },
    {
      command: 'civicmeter apply site.facts.yaml --by wang --reason "2026 年度事实"',
      text: { zh: '登记机构类型、用途、价格与目标', en: 'records types, uses, prices and targets' },
    },
  ],
  answer: z.union([applySchema, applyFactsAnswerSchema]),
  csv: true,
  input: z.strictObject({
    args: z.tuple([z.string()]),
    by: claimInput.by.optional(),
    reason: claimInput.reason.optional(),
    dryRun: flag,
  }),
  run: (cli, { args: [file], by, reason, dryRun }) => {
    if (holdsFacts(file)) return applyFacts(cli, file, { by, reason, commit: dryRun !== true });
    const { registry } = loadSite(file, siteModels({ data: cli.data, site: file }));
    return withService(cli, { log: 'if-free', create: true }, async ({ service, finish }) => {
      const shown = await service.applyRegistry(registry, { take: 'all', commit: false });
      if (dryRun) return answer(cli, shown);
      if (shown.taken.length === 0) return answer(cli, { ...shown, committed: true });
      if (by === undefined || reason === undefined) {
        answer(cli, shown);
        throw requestError('CLAIM_NEEDED', 'recording the changes needs a name and a reason', {
          place: '--by, --reason',
          cure: 'add --by NAME --reason TEXT, or --dry-run to only look',
        });
      }
      const done = await service.applyRegistry(registry, { take: 'all', commit: true, by, reason });
      await finish();
      return answer(cli, done);
    });
  },
});

/** Whether it is a facts file; one that cannot be read is left to whoever reads it next. */
function holdsFacts(file: string): boolean {
  try {
    return isFactsFile(readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}

interface FactsClaim {
  readonly by: string | undefined;
  readonly reason: string | undefined;
  readonly commit: boolean;
}

const applyFacts = (cli: Cli, file: string, { by, reason, commit }: FactsClaim): Promise<number> =>
  withService(cli, { log: 'no' }, async ({ service }) => {
    const unchecked = loadFacts(file);
    const registry = await siteOf(service, unchecked.site);
    const facts = loadFacts(file, registry);
    const shown = await service.rules.applyFacts(facts, { commit: false });
    if (!commit || shown.changes.length === 0) return answerFacts(cli, shown);
    if (by === undefined || reason === undefined) {
      answerFacts(cli, shown);
      throw requestError('CLAIM_NEEDED', 'recording the changes needs a name and a reason', {
        place: '--by, --reason',
        cure: 'add --by NAME --reason TEXT, or --dry-run to only look',
      });
    }
    return answerFacts(cli, await service.rules.applyFacts(facts, { commit: true, by, reason }));
  });

function answerFacts(cli: Cli, outcome: ApplyFactsAnswer): number {
  const chinese = cli.language === 'zh';
  const { changes, version, committed } = outcome;
  const headings = chinese ? ['类别', 'id', '原值', '新值'] : ['what', 'id', 'old', 'new'];
  const done = committed
    ? chinese
      ? `已登记为第 ${version} 版`
      : `recorded as version ${version}`
    : chinese
      ? '尚未写入'
      : 'nothing written';
  const none = chinese ? '账簿与事实文件一致。' : 'The books agree with the facts file.';
  present(cli, outcome, {
    sheet: {
      columns: headings.map((heading) => ({ heading })),
      rows: changes.map((one) => [one.what, one.id, one.old ?? '', one.new ?? '']),
    },
    text:
      changes.length === 0
        ? none
        : chinese
          ? `\n${changes.length} 项变更，${done}。`
          : `\n${changes.length} changes, ${done}.`,
  });
  return 0;
}

function answer(cli: Cli, outcome: ApplyAnswer): number {
  present(cli, outcome, { sheet: changesSheet(cli, outcome.taken), text: summary(cli, outcome) });
  return 0;
}

const summary = (cli: Cli, { taken, committed }: ApplyAnswer): string => {
  if (taken.length === 0) return cli.language === 'zh' ? '账簿与站点文件一致。' : 'The books agree with the site file.';
  if (cli.language === 'zh') return `\n${taken.length} 项变更，${committed ? '已登记' : '尚未写入'}。`;
  return `\n${taken.length} changes, ${committed ? 'recorded' : 'nothing written'}.`;
};

const KINDS = {
  add: { zh: '新增', en: 'add' },
  change: { zh: '变更', en: 'change' },
  end: { zh: '终止', en: 'end' },
} as const;

export const changesSheet = (cli: Cli, changes: readonly RegistryChange[]): Sheet => ({
  columns: [
    { heading: '' },
    { heading: cli.language === 'zh' ? '类别' : 'what' },
    { heading: 'id' },
    { heading: cli.language === 'zh' ? '原值' : 'old' },
    { heading: cli.language === 'zh' ? '新值' : 'new' },
    { heading: cli.language === 'zh' ? '将重算' : 'recomputes' },
  ],
  rows: changes.map((change) => [
    cli.say(KINDS[change.kind]),
    change.what,
    change.id,
    change.old ?? '',
    change.new ?? '',
    change.recomputes === undefined
      ? ''
      : `${change.recomputes.from} – ${change.recomputes.to ?? '…'} (${change.recomputes.points.join(', ')})`,
  ]),
});
