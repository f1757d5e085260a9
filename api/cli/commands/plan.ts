import { z } from 'zod';
import { requestError } from '#domain';
import { type LinePlan, linePlans } from '../../../collectors/commissioning/index.ts';
import { loadSite } from '../../../collectors/site/index.ts';
import { suggest } from '../../../collectors/site/nearest.ts';
import { command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { present } from '../output/present.ts';
import { planSchema } from '../shapes-commissioning.ts';
import { siteModels } from '../wiring/models.ts';
import { noArgs } from './common.ts';
import { planText } from './plan-view.ts';

export const plan = command({
  name: 'plan',
  summary: {
    zh: '列出将发送的请求、每条线路一轮的时长、抄读间隔是否可行；不连接任何设备',
    en: 'which requests will be sent, how long a round takes on each line and whether the intervals can hold; connects to nothing',
  },
  options: [
    { flags: '--site <file>', text: { zh: '站点文件（YAML）', en: 'site file (YAML)' } },
    { flags: '--line <id>', text: { zh: '只看一条连接', en: 'one connection only' } },
    {
      flags: '--reply-ms <n>',
      text: {
        zh: '实测的应答毫秒数（civicmeter probe --times），代替估算',
        en: 'the measured reply in ms (civicmeter probe --times), instead of what is reckoned',
      },
    },
  ],
  examples: [
    {
      command: 'civicmeter plan --site site.yaml',
      text: { zh: '有线路不可行时退出码为 1', en: 'exit code 1 where a line cannot hold' },
    },
    {
      command: 'civicmeter plan --site site.yaml --line gateway --reply-ms 180',
      text: { zh: '用实测的应答时间', en: 'with a measured reply' },
    },
  ],
  answer: planSchema,
  input: z.strictObject({
    args: noArgs,
    site: z.string(),
    line: z.string().optional(),
    replyMs: z.coerce.number().positive().max(60_000).optional(),
  }),
  run: async (cli, { site, line, replyMs }) => {
    const models = siteModels({ data: cli.data, site });
    const { plan: whole } = loadSite(site, models);
    const connections = whole.connections.filter(({ id }) => line === undefined || id === line);
    if (line !== undefined && connections.length === 0) {
      throw requestError('LINE_UNKNOWN', `the site file has no connection "${line}"`, {
        place: site,
        cure: suggest(
          line,
          whole.connections.map(({ id }) => id),
        ).en,
      });
    }
    const lines = linePlans({ ...whole, connections }, models.models, { replyMs });
    present(cli, { site: whole.site, lines: lines.map(answerOf) }, { text: planText(lines, cli.language) });
    return lines.some(({ verdict }) => verdict === 'cannot-hold') ? EXIT.found : EXIT.fine;
  },
});

const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;

const answerOf = ({ pace, assumedSerial, deadUnit, devices, holdsFromMs, ...line }: LinePlan): object => ({
  ...line,
  share: rounded(line.share, 4),
  skippedShare: rounded(line.skippedShare, 4),
  roundMs: rounded(line.roundMs, 1),
  holdsFromMs: holdsFromMs ?? null,
  pace: {
    baudRate: pace.serial?.baudRate ?? null,
    parity: pace.serial?.parity ?? null,
    stopBits: pace.serial?.stopBits ?? null,
    assumedSerial,
    turnaroundMs: pace.turnaroundMs,
    roundTripMs: pace.roundTripMs,
    pauseMs: pace.pauseMs,
    replyMs: pace.replyMs ?? null,
  },
  deadUnit: deadUnit ? { ...deadUnit, skippedShare: rounded(deadUnit.skippedShare, 4) } : null,
  devices: devices.map(({ requests, pollMs, ...device }) => ({
    ...device,
    pollMs: rounded(pollMs, 1),
    requests: requests.map((request) => ({ ...request, ms: rounded(request.ms, 1) })),
  })),
});
