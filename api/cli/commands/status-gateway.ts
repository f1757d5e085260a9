import { z } from 'zod';
import type { StatusAnswer } from '../../../pipeline/answers.ts';
import type { Cli } from '../context.ts';
import { EXIT } from '../failure.ts';
import { present } from '../output/present.ts';
import type { Run } from '../wiring/data-folder.ts';
import { type GatewayStatus, gatewayStatusSchema } from '../wiring/gateway-status.ts';

/** The status of a gateway, which has no books. */
export const gatewayAnswerSchema = z.strictObject({
  running: z.strictObject({ pid: z.int(), role: z.string(), address: z.string().nullable() }).nullable(),
  gateway: gatewayStatusSchema,
});

/** Names that stand in one line; the document has all of them. */
const NAMED = 12;

/** Something was found: lines that do not open, registers that one side does not know, reports that the centre refuses, frames that a full disk kept out, a clock that was set. */
export function showGateway(cli: Cli, running: Run | undefined, gateway: GatewayStatus): number {
  const chinese = cli.language === 'zh';
  const { line, waiting, unknownThere, notRead, reportProblem, clockSteps, notStored } = gateway;
  const say = (zh: string, en: string): string => (chinese ? zh : en);
  const states = { up: say('通', 'up'), down: say('断', 'down'), 'not-yet-tried': say('未试', 'not yet tried') };
  const broken = gateway.lines.filter((one) => one.problem !== null);
  present(
    cli,
    {
      running: running ? { pid: running.pid, role: running.role, address: running.address } : null,
      gateway,
    },
    {
      text: [
        `${say('网关', 'gateway')}: ${gateway.site}, src ${gateway.src}, ${running ? `pid ${running.pid}` : say('未运行', 'not running')} (${gateway.at})`,
        `${say('去往', 'to')}: ${gateway.to}, ${states[line.state]}; ${say('最近送达', 'last delivery')}: ${line.lastDeliveryAt ?? '–'}`,
        ...problemLines(line.problem),
        ...broken.flatMap((one) => [
          `${say('线路不通', 'line does not open')}: ${one.address}`,
          ...problemLines(one.problem),
        ]),
        `${say('待传', 'waiting')}: ${waiting.frames} ${say('帧', 'frames')}, ${say('最早', 'oldest')} ${waiting.oldestAt ?? '–'}, ${(waiting.bytes / 1_000_000).toFixed(1)} MB`,
        ...named(say('中心没有的寄存器', 'registers that the centre does not know'), unknownThere ?? []),
        ...named(say('没有网关读取的寄存器', 'registers of the centre that no gateway reads'), notRead ?? []),
        ...(reportProblem ? [say('中心不接收报告', 'the centre does not take the reports')] : []),
        ...problemLines(reportProblem),
        ...(notStored > 0 ? [`${say('因磁盘满未存', 'not stored, disk full')}: ${notStored}`] : []),
        ...steps(cli, clockSteps),
      ].join('\n'),
    },
  );
  const found = (unknownThere ?? []).length + (notRead ?? []).length + notStored + clockSteps.length + broken.length;
  return found > 0 || reportProblem !== null ? EXIT.found : EXIT.fine;
}

const problemLines = (problem: GatewayStatus['line']['problem']): string[] =>
  problem === null ? [] : [`  ${problem.code}: ${problem.message}`, `  ${problem.cure ?? ''}`];

/** What the centre says of its gateways. */
export function gatewayLines(cli: Cli, { gateways, notRead }: Pick<StatusAnswer, 'gateways' | 'notRead'>): string[] {
  const chinese = cli.language === 'zh';
  return [
    ...gateways.flatMap((one) => [
      `${chinese ? '网关' : 'gateway'} ${one.key}: ${one.site}, src ${one.src}, ${chinese ? '最近报告' : 'last report'} ${one.reportedAt}, ${chinese ? '待传' : 'waiting'} ${one.waiting}${one.notStored > 0 ? `, ${chinese ? '未存' : 'not stored'} ${one.notStored}` : ''}`,
      ...missingLines(cli, one),
      ...named(chinese ? '  登记簿没有的寄存器' : '  registers that the registry lacks', one.unknownHere),
      ...steps(cli, one.clockSteps),
    ]),
    ...named(chinese ? '没有网关读取的寄存器' : 'registers that no gateway reads', notRead),
  ];
}

function missingLines(cli: Cli, { missing, draining }: StatusAnswer['gateways'][number]): string[] {
  if (missing === 0) return [];
  const chinese = cli.language === 'zh';
  if (draining) return [chinese ? `  补传中: 尚缺 ${missing} 帧` : `  draining: ${missing} frames still to come`];
  return [
    chinese
      ? `  缺 ${missing} 帧，不在网关待传之列，或网关久未报告`
      : `  missing: ${missing} frames that do not wait there, or it has not reported lately`,
  ];
}

const named = (what: string, names: readonly string[]): string[] =>
  names.length === 0
    ? []
    : [`${what}: ${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? `, … (${names.length})` : ''}`];

const steps = (cli: Cli, found: readonly { readonly at: string; readonly byMs: number }[]): string[] =>
  found.map(
    ({ at, byMs }) =>
      `  ${cli.language === 'zh' ? '时钟跳变' : 'clock stepped'}: ${at}, ${byMs > 0 ? '+' : ''}${byMs / 1_000} s`,
  );
