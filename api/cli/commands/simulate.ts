import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { parseTime, requestError, type Zone, zoneOf } from '#domain';
import { loadSite } from '../../../collectors/site/index.ts';
import type { Fault } from '../../../fixtures/simulator/index.ts';
import { command } from '../command.ts';
import { siteModels } from '../wiring/models.ts';
import { COMPOUND_FILE, SEED } from '../wiring/compound.ts';
import { intervalOf, noArgs } from './common.ts';

export const simulate = command({
  name: 'simulate',
  summary: {
    zh: '单独运行模拟院区的表计服务器，可注入故障，可导出真值',
    en: 'runs the meters of the simulated compound alone; with faults on request; writes the truth',
  },
  options: [
    { flags: '--faults <file>', text: { zh: '故障列表（JSON 数组）', en: 'faults to show, a JSON array' } },
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
    const faults = input.faults === undefined ? [] : readFaults(input.faults, zone);
    const simulator = await import('../../../fixtures/simulator/index.ts');
    if (input.truth !== undefined) {
      const world = simulator.createWorld(simulator.createCompound(input.seed, siteModels().models), faults);
      const { from, to } = intervalOf(input.from, input.to, zone, cli.io.clock.now());
      const points = [...world.compound.meters.keys()];
      writeFileSync(input.truth, [...simulator.truthLines(simulator.truthOf(world), points, from, to), ''].join('\n'));
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

/** Faults as people write them: instants as text in the zone of the site. Throws FAULTS_INVALID, FILE_UNREADABLE. */
function readFaults(file: string, zone: Zone): readonly Fault[] {
  const at = z.string().transform((text) => parseTime(text, zone).from);
  const device = z.string();
  const window = { device, from: at, to: at };
  const schema = z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('wrap'), device, register: z.string(), at }),
      z.strictObject({ kind: z.literal('restart'), device, at }),
      z.strictObject({
        kind: z.literal('swap'),
        device,
        register: z.string(),
        at,
        serial: z.string(),
        initial: z.int(),
      }),
      z.strictObject({ kind: z.enum(['dead', 'silent', 'zero', 'stick', 'twice']), ...window }),
      z.strictObject({ kind: z.literal('late'), ...window, delayMs: z.int() }),
      z.strictObject({ kind: z.literal('foreign'), ...window, of: z.string(), disguised: z.boolean() }),
      z.strictObject({ kind: z.literal('spike'), ...window, register: z.string(), add: z.int() }),
      z.strictObject({ kind: z.literal('drift'), ...window, offsetMs: z.int() }),
    ]),
  );
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    throw requestError('FAULTS_INVALID', `${file} is no list of faults: ${issue?.message ?? String(cause)}`, {
      place: issue ? `${file}: ${issue.path.join('.')}` : file,
      cure: 'write a JSON array of faults, as in civicmeter simulate --help',
      cause,
    });
  }
}
