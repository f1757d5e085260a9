import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { requestError } from '#domain';
import { documentAnswerSchema, quantitiesAnswerSchema } from '../../../pipeline/answers-facts.ts';
import { command } from '../command.ts';
import { present } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { flag, noArgs, SITE_OPTION, siteOf } from './common.ts';
import { institutionOf, thisYear, YEAR_OPTION, yearInput } from './rules-common.ts';

export const quantities = command({
  name: 'quantities',
  summary: {
    zh: '列出手工录入的月度用量，连同文件与行号、凭证及其 SHA-256、录入人',
    en: 'monthly quantities entered by hand, with file and row, document and its SHA-256, and who entered them',
  },
  options: [
    SITE_OPTION,
    { flags: '--institution <id>', text: { zh: '只看一个机构', en: 'one institution alone' } },
    YEAR_OPTION,
    { flags: '--superseded', text: { zh: '连同已被替换的', en: 'also those that were replaced' } },
  ],
  examples: [
    {
      command: 'civicmeter quantities --institution reform --year 2025',
      text: { zh: '某机构 2025 年的手工数据', en: 'what was entered for an institution in 2025' },
    },
  ],
  answer: quantitiesAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: noArgs,
    site: z.string().optional(),
    institution: z.string().optional(),
    year: yearInput,
    superseded: flag,
  }),
  run: (cli, { site, institution, year: wanted, superseded }) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      const year = wanted ?? thisYear(cli, registry);
      const rows = await service.rules.quantities({
        site: registry.site.id,
        institution: institution === undefined ? undefined : institutionOf(registry, institution),
        from: year * 12,
        to: year * 12 + 11,
        superseded: superseded === true,
      });
      const headings =
        cli.language === 'zh'
          ? ['月份', '机构', '种类', '用途', '数量', '单位', '费用（元）', '凭证', 'SHA-256', '文件', '录入人']
          : ['month', 'institution', 'kind', 'use', 'quantity', 'unit', 'cost', 'document', 'SHA-256', 'file', 'by'];
      const sheet = {
        columns: headings.map((heading, i) => ({ heading, right: i === 4 || i === 6 })),
        rows: rows.map((row) => [
          row.month,
          row.institution,
          row.kind,
          row.use,
          row.quantity,
          row.unit,
          row.costFen === null ? '' : (row.costFen / 100).toFixed(2),
          row.document?.name ?? '',
          row.document?.sha256 ?? '',
          row.file === null ? '' : `${row.file.name}:${row.file.row}`,
          row.by,
        ]),
      };
      present(cli, { site: registry.site.id, quantities: [...rows] }, { sheet });
      return 0;
    }),
});

export const document = command({
  name: 'document',
  summary: {
    zh: '取回手工数据的凭证，逐字节与录入时相同',
    en: 'gives back a document behind quantities entered by hand, byte for byte',
  },
  args: [
    { name: '<sha256>', text: { zh: '凭证的 SHA-256，见 quantities', en: 'its SHA-256, as quantities shows it' } },
    {
      name: '<file>',
      text: { zh: '要写的文件；不覆盖已有文件', en: 'the file to write; never over another' },
    },
  ],
  options: [SITE_OPTION],
  examples: [
    {
      command: 'civicmeter document 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 bill.pdf',
      text: { zh: '写成 bill.pdf', en: 'as bill.pdf' },
    },
  ],
  answer: documentAnswerSchema,
  input: z.strictObject({ args: z.tuple([z.string(), z.string()]), site: z.string().optional() }),
  run: (cli, { args: [sha256, file], site }) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      const { document: found, content } = await service.rules.document(registry.site.id, sha256.toLowerCase());
      await writeNew(file, content);
      const { name, bytes, by, at } = found;
      present(cli, found, {
        text:
          cli.language === 'zh'
            ? `已写入 ${file}：${name}，${bytes} 字节，${by} 于 ${at} 提交。`
            : `${file} is written: ${name}, ${bytes} bytes, handed in by ${by} at ${at}.`,
      });
      return 0;
    }),
});

/** Throws FILE_NOT_WRITTEN; what is there stays. */
export async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: 'wx' });
  } catch (cause) {
    throw requestError('FILE_NOT_WRITTEN', `${file} cannot be written, or is there already`, {
      place: file,
      cure: 'name another file, in a folder that may be written',
      cause,
    });
  }
}
