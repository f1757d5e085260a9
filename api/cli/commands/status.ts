import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { StatusAnswer } from '../../../pipeline/answers.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { EXIT } from '../failure.ts';
import { present } from '../output/present.ts';
import { statusSchema } from '../shapes.ts';
import { askRunning } from '../wiring/beside.ts';
import { filesOf, type Run } from '../wiring/data-folder.ts';
import { runBeside } from '../wiring/foundation.ts';
import { readGatewayStatus } from '../wiring/gateway-status.ts';
import { withService } from '../wiring/service.ts';
import { noArgs } from './common.ts';
import { gatewayAnswerSchema, gatewayLines, showGateway } from './status-gateway.ts';

export const status = command({
  name: 'status',
  summary: { zh: '运行状况：日志位置、滞后、计数、隔离、大小', en: 'log offsets, lag, counters, quarantine and sizes' },
  options: [],
  examples: [{ command: 'civicmeter status --json', text: { zh: '供监控读取', en: 'for monitoring' } }],
  answer: z.union([statusSchema, gatewayAnswerSchema]),
  csv: true,
  input: z.strictObject({ args: noArgs }),
  run: async (cli) => {
    const running = runBeside(cli);
    const gateway = readGatewayStatus(cli.data);
    if (gateway && running?.role !== 'start' && !existsSync(filesOf(cli.data).postgres)) {
      return showGateway(cli, running, gateway);
    }
    if (running?.address) {
      const {
        access: _access,
        spool: _spool,
        streams: _streams,
        ...answer
      } = await askRunning(running.address, '/api/v1/status', statusFromApi);
      return show(cli, running, answer);
    }
    return withService(cli, { log: 'if-free' }, async ({ service }) => show(cli, running, await service.status()));
  },
});

/** The API adds what only the running process knows. */
const statusFromApi = statusSchema
  .omit({ running: true })
  .extend({ access: z.string(), spool: z.unknown(), streams: z.int() });

function show(cli: Cli, running: Run | undefined, answer: StatusAnswer): number {
  const chinese = cli.language === 'zh';
  const right = true;
  const lost = unexplained(answer) > 0;
  present(
    cli,
    {
      running: running ? { pid: running.pid, role: running.role, address: running.address } : null,
      ...answer,
    },
    {
      sheet: {
        columns: (chinese
          ? ['分区', '下一位置', '滞后', '读数', '入账', '隔离', '缺失']
          : ['partition', 'next', 'lag', 'readings', 'folded', 'quarantined', 'missing']
        ).map((heading) => ({ heading, right })),
        rows: answer.partitions.map((one) =>
          [one.partition, one.nextOffset, one.lag, one.readings, one.folded, one.quarantined, one.missing].map(String),
        ),
      },
      text: [
        '',
        running
          ? `${chinese ? '运行中' : 'running'}: ${running.role}, pid ${running.pid}${running.address ? `, ${running.address}` : ''}`
          : chinese
            ? '未运行'
            : 'not running',
        `${chinese ? '日志' : 'log'}: ${answer.log.kind} ${answer.log.identity}${answer.log.bytes === null ? '' : `, ${megabytes(answer.log.bytes)}`}`,
        `${chinese ? '账簿' : 'books'}: ${megabytes(answer.booksBytes)}; ${chinese ? '最近提交' : 'last commit'}: ${answer.lastCommitAt ?? '–'}; ${chinese ? '待重算' : 'dirty'}: ${answer.dirty}`,
        `${chinese ? '隔离区' : 'quarantine'}: ${
          Object.entries(answer.quarantineOpen)
            .map(([reason, n]) => `${reason} ${n}`)
            .join(', ') || '0'
        }`,
        ...gatewayLines(cli, answer),
      ].join('\n'),
    },
  );
  return lost ? EXIT.found : EXIT.fine;
}

/** What is missing and does not wait at a gateway that drains. Two keys may belong to one spool. */
function unexplained({ partitions, gateways }: StatusAnswer): number {
  const draining = new Map(gateways.filter((one) => one.draining).map(({ src, missing }) => [src, missing]));
  const waiting = [...draining.values()].reduce((sum, missing) => sum + missing, 0);
  return partitions.reduce((sum, { missing }) => sum + missing, 0) - waiting;
}

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;
