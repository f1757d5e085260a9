import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { requestError, zoneOf } from '#domain';
import { loadSite } from '../../../collectors/site/index.ts';
import { command } from '../command.ts';
import { siteModels } from '../wiring/models.ts';
import { COMPOUND_FILE, SEED } from '../wiring/compound.ts';
import { faultsOf } from '../wiring/faults.ts';
import { intervalOf, noArgs } from './common.ts';

export const simulate = command({
  name: 'simulate',
  summary: {
    zh: '单独运行模拟院区的表计服务器，可注入故障，可导出真值',
    en: 'runs the meters of the simulated compound alone; with faults on request; writes the truth',
  },
  options: [
    {
      flags: '--faults <file>',
      text: { zh: 'all、若干故障种类（逗号分隔），或 JSON 文件', en: 'all, kinds of fault by comma, or a JSON file' },
    },
    {
      flags: '--truth <file>',
      text: { zh: '把真值写成 JSON 行，然后结束', en: 'writes the truth as JSON lines, then ends' },
    },
    { flags: '--from <time>', text: { zh: '真值的起', en: 'start of the truth' } },
    { flags: '--to <time>', text: { zh: '真值的止', en: 'end of the truth' } },
    { flags: '--seed <n>', text: { zh: '随机种子', en: 'seed of the simulation' } },
  ],
  examples: [
    {
      command: 'civicmeter simulate',
      text: { zh: '在站点文件的端口上提供表计', en: 'serves the meters on the ports of the site file' },
    },
    {
      command: 'civicmeter simulate --truth truth.jsonl --from 2026-03',
      text: { zh: '三月的真值', en: 'what was really used in March' },
    },
    {
      command: 'civicmeter simulate --faults faults.json',
      text: {
        zh: '例：[{"kind":"silent","device":"a-main","from":"2026-03-05","to":"2026-03-06"}]',
        en: 'such as [{"kind":"silent","device":"a-main","from":"2026-03-05","to":"2026-03-06"}]',
      },
    },
  ],
  input: z.strictObject({
    args: noArgs,
    faults: z.string().optional(),
    truth: z.string().optional(),
    from: z.string().optional(),
    to: z.string().optional(),
    seed: z.coerce.number().int().default(SEED),
  }),
  run: async (cli, input) => {
    const { registry, plan } = loadSite(COMPOUND_FILE, siteModels());
    const zone = zoneOf(registry.site.zone);
    const simulator = await import('../../../fixtures/simulator/index.ts');
    const compound = simulator.createCompound(input.seed, siteModels().models);
    const { from, to } = intervalOf(input.from, input.to, zone, cli.io.clock.now());
    const faults = faultsOf(input.faults, { zone, compound, seed: input.seed, span: { from, to } });
    if (input.truth !== undefined) {
      const world = simulator.createWorld(compound, faults);
      const points = [...world.compound.meters.keys()];
      const lines = [...simulator.truthLines(simulator.truthOf(world), points, from, to), ''];
      writeTruth(input.truth, lines.join('\n'));
      return 0;
    }
    const running = await simulator.startSimulator({ seed: input.seed, clock: cli.io.clock, faults });
    try {
      for (const { id } of plan.connections) cli.io.out(`${id}  ${running.endpoints[id] ?? ''}\n`);
      cli.io.err(cli.language === 'zh' ? 'Ctrl-C 停止\n' : 'Ctrl-C stops it\n');
      await new Promise<void>((resolve) => {
        if (cli.io.signal.aborted) resolve();
        else cli.io.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      await running.stop();
    }
    return 0;
  },
});

/** Throws FILE_NOT_WRITTEN. */
function writeTruth(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw requestError('FILE_NOT_WRITTEN', `${file} cannot be written`, {
      place: '--truth',
      cure: 'name another file, in a folder that may be written',
      cause,
    });
  }
}
