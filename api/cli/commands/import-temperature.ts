import { z } from 'zod';
import { kept, requestError } from '#domain';
import { readTemperaturesFile } from '../../../collectors/import/index.ts';
import { type ImportTemperatureAnswer, importTemperatureAnswerSchema } from '../../../pipeline/answers-facts.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { EXIT } from '../failure.ts';
import { present } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { CLAIM_OPTIONS, claimInput, flag, SITE_OPTION, siteOf } from './common.ts';
import { refusedSheet } from './refused-sheet.ts';

export const importTemperature = command({
  name: 'import temperature',
  summary: {
    zh: '导入室外气温（XLSX、CSV，逐日或逐时，℃）：逐行说明拒绝原因；小时不足九成的日不采用；重复导入不变',
    en: 'imports outdoor temperatures (XLSX, CSV; by day or by hour, °C): each refused row with its reason; a day with under nine in ten of its hours is none; twice changes nothing',
  },
  args: [
    {
      name: '<file>',
      text: { zh: '文件，列：时间、气温（℃）', en: 'the file, with columns time and temperature (°C)' },
    },
  ],
  options: [
    SITE_OPTION,
    {
      flags: '--series <name>',
      text: { zh: '序列名，如 lanzhou-52889', en: 'name of the series, such as lanzhou-52889' },
    },
    {
      flags: '--source <text>',
      text: { zh: '由谁观测：气象站与单位', en: 'who measured: the station and its keeper' },
    },
    ...CLAIM_OPTIONS,
    {
      flags: '--replace',
      text: { zh: '替换已有的不同数值，须给出原因', en: 'replaces what stands with another value; needs a reason' },
    },
    { flags: '--dry-run', text: { zh: '只检查，不写入', en: 'checks and writes nothing' } },
  ],
  examples: [
    {
      command:
        'civicmeter import temperature 2025.csv --series lanzhou-52889 --source "Lanzhou station 52889, CMA" --by wang',
      text: { zh: '写入可采用的各日', en: 'writes each day that can be taken' },
    },
  ],
  answer: importTemperatureAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: z.tuple([z.string()]),
    site: z.string().optional(),
    series: z.string().min(1),
    source: kept(z.string().min(1)),
    by: claimInput.by.optional(),
    reason: claimInput.reason.optional(),
    replace: flag,
    dryRun: flag,
  }),
  run: async (cli, { args: [file], site, series, source, by, reason, replace, dryRun }) => {
    const read = await readTemperaturesFile(file);
    if (by === undefined && dryRun !== true) {
      throw requestError('CLAIM_NEEDED', 'writing temperatures needs a name', {
        place: '--by',
        cure: 'add --by NAME, or --dry-run to only look',
      });
    }
    return withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      const answer = await service.rules.importTemperature(registry.site.id, read, {
        series,
        source,
        by: by ?? '-',
        reason,
        replace: replace === true,
        commit: dryRun !== true,
      });
      present(cli, answer, { sheet: refusedSheet(cli, answer.refused), text: summaryOf(cli, answer) });
      return answer.refused.length === 0 ? EXIT.fine : EXIT.found;
    });
  },
});

function summaryOf(cli: Cli, answer: ImportTemperatureAnswer): string {
  const { rows, step, added, unchanged, replaced, incomplete, refused, committed } = answer;
  const chinese = cli.language === 'zh';
  const short = incomplete.map(({ day, hours, of }) => `${day} (${hours}/${of})`).join(', ');
  const lines = chinese
    ? [
        `${rows} 行（${step === 'hour' ? '逐时' : '逐日'}）：新增 ${added} 日，不变 ${unchanged} 日，替换 ${replaced} 日，拒绝 ${refused.length} 行。${committed ? '' : '没有写入。'}`,
        ...(short === '' ? [] : [`小时不足而未采用的日：${short}`]),
      ]
    : [
        `${rows} rows by ${step}: ${added} days added, ${unchanged} unchanged, ${replaced} replaced, ${refused.length} rows refused.${committed ? '' : ' Nothing was written.'}`,
        ...(short === '' ? [] : [`Days with too few hours, not taken: ${short}`]),
      ];
  return `\n${lines.join('\n')}`;
}
