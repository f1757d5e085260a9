import { z } from 'zod';
import { type LocalText, type Registry, requestError } from '#domain';
import { parseColumnMap, type Readings, readReadingsFile } from '../../../collectors/import/index.ts';
import { importReportSchema } from '../../http/import-port.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { EXIT } from '../failure.ts';
import { present } from '../output/present.ts';
import { createProgress } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { untilBooked } from '../wiring/beside.ts';
import type { Run } from '../wiring/data-folder.ts';
import { runBeside } from '../wiring/foundation.ts';
import { appendReadings, reportOf } from '../wiring/importing.ts';
import { sendReadings } from '../wiring/send-readings.ts';
import { type CommandService, withService } from '../wiring/service.ts';
import { flag, SITE_OPTION, siteOf } from './common.ts';

const REFUSED_SHOWN = 50;

export const importReadings = command({
  name: 'import readings',
  summary: {
    zh: '导入表计读数文件（CSV、XLSX，可 gzip）：先说明如何理解，再走与实时读数同一条路径',
    en: 'imports meter readings (CSV, XLSX, also packed by gzip): says what it understood, then the same way as live readings',
  },
  args: [
    {
      name: '<file>',
      text: {
        zh: '文件：长表（每行一个读数）或宽表（每列一个寄存器）',
        en: 'the file: long (a row a reading) or wide (a column a register)',
      },
    },
  ],
  options: [
    SITE_OPTION,
    { flags: '--dry-run', text: { zh: '只说明如何理解，不写入', en: 'says what it understood and writes nothing' } },
    {
      flags: '--register <name>',
      text: { zh: '全部读数都属于这个寄存器、计量点或表号', en: 'all values are of this register, point or meter' },
    },
    {
      flags: '--unit <unit>',
      text: { zh: '没有写单位的读数的单位，如 kWh、m3', en: 'unit of values that have none, such as kWh or m3' },
    },
    {
      flags: '--zone <zone>',
      text: {
        zh: '没有时区的时间所在时区，如 Europe/London；默认站点时区',
        en: 'zone of times that have none, such as Europe/London; that of the site by default',
      },
    },
    {
      flags: '--dates <order>',
      text: {
        zh: '03/04/2025 的读法：day-first 或 month-first',
        en: 'how 03/04/2025 is read: day-first or month-first',
      },
    },
    { flags: '--decimal <sign>', text: { zh: '小数点：. 或 ,', en: 'decimal sign: . or ,' } },
    { flags: '--round', text: { zh: '比寄存器更细的数四舍五入', en: 'rounds what is finer than the register' } },
    {
      flags: '--column <role=name...>',
      text: {
        zh: '指定列，如 time=Datum value=Stand；角色：register device date time value unit',
        en: 'names a column, such as time=Datum value=Stand; roles: register device date time value unit',
      },
    },
    { flags: '--sheet <name>', text: { zh: '工作表名（XLSX）', en: 'sheet of an XLSX file' } },
  ],
  examples: [
    {
      command: 'civicmeter import readings meters.csv --dry-run',
      text: { zh: '看看会怎样理解', en: 'see what it understands' },
    },
    {
      command: 'civicmeter import readings water.xlsx --unit m3',
      text: { zh: '手抄水表，单位立方米', en: 'water read by hand, in cubic metres' },
    },
    {
      command: 'civicmeter import readings export.csv --zone Europe/London --column time=timestamp value=kwh',
      text: { zh: '其他系统导出的文件', en: 'an export of another system' },
    },
  ],
  answer: importReportSchema,
  input: z.strictObject({
    args: z.tuple([z.string()]),
    site: z.string().optional(),
    dryRun: flag,
    register: z.string().optional(),
    unit: z.string().optional(),
    zone: z.string().optional(),
    dates: z.enum(['day-first', 'month-first']).optional(),
    decimal: z.enum(['.', ',']).optional(),
    round: flag,
    column: z.array(z.string().regex(/^[^=]+=.+$/, 'write role=name')).optional(),
    sheet: z.string().optional(),
  }),
  run: (cli, { args: [file], site, dryRun, column, ...hints }) => {
    const running = runBeside(cli);
    const log = running || dryRun ? 'no' : 'own';
    return withService(cli, { log }, async (opened) => {
      const registry = await siteOf(opened.service, site);
      const readings = await readReadingsFile(file, { ...hints, registry, columns: column && parseColumnMap(column) });
      if (cli.format === 'table') cli.io.out(understoodText(cli, readings));
      if (!dryRun) await write(cli, opened, running, registry, readings);
      const report = reportOf(readings, registry, !dryRun);
      present(cli, report, { text: outcomeText(cli, readings, !dryRun) });
      return readings.refused.length === 0 ? EXIT.fine : EXIT.found;
    });
  },
});

/** Beside a running program by its API, since the spool has one owner; else through our own spool and books. */
async function write(
  cli: Cli,
  { spool, finish }: CommandService,
  running: Run | undefined,
  registry: Registry,
  readings: Readings,
): Promise<void> {
  const { frames, understood } = readings;
  const progress = createProgress(cli);
  const label = cli.language === 'zh' ? '写入' : 'writing';
  if (!running) {
    const report = (done: number, total: number): void => progress.report(done, total, label);
    if (spool) await appendReadings(spool, frames, report, cli.io.signal).finally(progress.stop);
    return finish();
  }
  const { address } = running;
  if (address === null) {
    throw requestError(
      'START_NOT_READY',
      `process ${running.pid} (${running.role}) holds the data folder and takes no files`,
      {
        place: cli.data,
        cure: 'wait until it is up, or end it and import again',
      },
    );
  }
  await sendReadings(address, {
    frames,
    registry,
    fileName: understood.name,
    signal: cli.io.signal,
    report: (done, total) => progress.report(done, total, label),
  }).finally(progress.stop);
  await untilBooked(cli, address);
}

const ROLES: Readonly<Record<Readings['understood']['columns'][number]['role'], LocalText>> = {
  register: { zh: '寄存器', en: 'register' },
  device: { zh: '设备', en: 'device' },
  date: { zh: '日期', en: 'date' },
  time: { zh: '时间', en: 'time' },
  value: { zh: '读数', en: 'value' },
  unit: { zh: '单位', en: 'unit' },
  ignored: { zh: '不用', en: 'ignored' },
};
const ZONE_FROM: Readonly<Record<Readings['understood']['zoneFrom'], LocalText>> = {
  option: { zh: '命令指定', en: 'as asked' },
  header: { zh: '列名所写', en: 'as the column says' },
  site: { zh: '站点时区', en: 'of the site' },
};
const DATES: Readonly<Record<Readings['understood']['dates'], LocalText>> = {
  'day-first': { zh: '03/04 读作 4 月 3 日', en: '03/04 is 3 April' },
  'month-first': { zh: '03/04 读作 3 月 4 日', en: '03/04 is 4 March' },
};

function understoodText(cli: Cli, { understood, refused }: Readings): string {
  const chinese = cli.language === 'zh';
  const facts: readonly (readonly [string, string])[] = [
    [
      chinese ? '文件' : 'file',
      `${understood.name} (${understood.format}${understood.sheet ? `, ${understood.sheet}` : ''})`,
    ],
    [chinese ? '形式' : 'form', chinese ? (understood.form === 'long' ? '长表' : '宽表') : understood.form],
    [
      chinese ? '列' : 'columns',
      understood.columns
        .map(({ header, role, unit }) => `${header} → ${cli.say(ROLES[role])}${unit ? ` [${unit}]` : ''}`)
        .join('; '),
    ],
    [chinese ? '时区' : 'zone', `${understood.zone} (${cli.say(ZONE_FROM[understood.zoneFrom])})`],
    [
      chinese ? '日期' : 'dates',
      `${cli.say(DATES[understood.dates])}${understood.ambiguousDates > 0 ? `; ${understood.ambiguousDates} ${chinese ? '个可作他解' : 'could be read the other way'}` : ''}`,
    ],
    [chinese ? '行数' : 'rows', String(understood.rows)],
    [
      chinese ? '读数' : 'readings',
      `${understood.readings} (${chinese ? '重复' : 'more than once'} ${understood.duplicates}, ${chinese ? '空白' : 'blank'} ${understood.blanks})`,
    ],
    [chinese ? '拒绝' : 'refused', String(refused.length)],
  ];
  const shown = refused
    .slice(0, REFUSED_SHOWN)
    .map(({ row, column, code, text, reason }) => [
      column === undefined ? String(row) : `${row}:${column}`,
      code,
      cli.say(reason),
      text,
    ]);
  const more = refused.length - shown.length;
  return [
    table([{ heading: '' }, { heading: '' }], facts),
    ...(shown.length === 0
      ? []
      : [
          table(
            (chinese ? ['行', '代码', '原因', '内容'] : ['row', 'code', 'reason', 'text']).map((heading) => ({
              heading,
            })),
            shown,
          ),
        ]),
    ...(more > 0 ? [chinese ? `还有 ${more} 行，见 --json。\n` : `${more} more rows; --json lists them all.\n`] : []),
  ].join('\n');
}

function outcomeText(cli: Cli, { understood }: Readings, committed: boolean): string {
  const { readings } = understood;
  if (committed && readings === 0)
    return cli.language === 'zh' ? '\n没有可写入的读数。' : '\nThere was no reading to write.';
  if (!committed) return cli.language === 'zh' ? '\n没有写入。' : '\nNothing was written.';
  return cli.language === 'zh'
    ? `\n已写入 ${readings} 个读数；账簿中已有的不会重复计入。`
    : `\n${readings} readings written; those that the books had already change nothing.`;
}
