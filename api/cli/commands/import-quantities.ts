import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { requestError } from '#domain';
import { readQuantitiesFile } from '../../../collectors/import/index.ts';
import { type ImportQuantitiesAnswer, importQuantitiesAnswerSchema } from '../../../pipeline/answers-facts.ts';
import { documentHash, MAX_DOCUMENT_BYTES } from '../../../pipeline/index.ts';
import type { RulesService } from '../../../pipeline/service-rules.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { EXIT } from '../failure.ts';
import { present } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { CLAIM_OPTIONS, claimInput, flag, SITE_OPTION, siteOf } from './common.ts';
import { writeNew } from './quantities.ts';
import { thisYear, YEAR_OPTION, yearInput } from './rules-common.ts';
import { refusedSheet } from './refused-sheet.ts';

export const importQuantities = command({
  name: 'import quantities',
  summary: {
    zh: '导入没有表计的月度用量与费用（XLSX、CSV）：逐行说明拒绝原因；重复导入不变',
    en: 'imports monthly quantities and costs that no meter gives (XLSX, CSV): each refused row with its reason; twice changes nothing',
  },
  args: [
    {
      name: '<file>',
      text: { zh: '文件，格式同 import template 所写', en: 'the file, as import template writes it' },
    },
  ],
  options: [
    SITE_OPTION,
    ...CLAIM_OPTIONS,
    {
      flags: '--document <file...>',
      text: {
        zh: '凭证文件，各不超过 20 MB，按文件名对应“凭证”列；只有一份时用于没有写凭证的各行',
        en: 'documents of at most 20 MB each, by their names in the column document; a single one is that of the rows which name none',
      },
    },
    {
      flags: '--replace',
      text: { zh: '替换已有的不同数值，须给出原因', en: 'replaces what stands with another value; needs a reason' },
    },
    { flags: '--dry-run', text: { zh: '只检查，不写入', en: 'checks and writes nothing' } },
  ],
  examples: [
    {
      command: 'civicmeter import quantities 2026.xlsx --dry-run',
      text: { zh: '看看哪些行会被拒绝', en: 'which rows would be refused' },
    },
    {
      command: 'civicmeter import quantities 2026.xlsx --by wang',
      text: { zh: '写入可采纳的各行', en: 'writes each row that can be taken' },
    },
    {
      command: 'civicmeter import quantities 2026.xlsx --by wang --document bill-01.pdf bill-02.pdf',
      text: { zh: '连同凭证存档', en: 'with the documents, which are kept' },
    },
  ],
  answer: importQuantitiesAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: z.tuple([z.string()]),
    site: z.string().optional(),
    by: claimInput.by.optional(),
    reason: claimInput.reason.optional(),
    document: z.array(z.string()).default([]),
    replace: flag,
    dryRun: flag,
  }),
  run: async (cli, { args: [file], site, by, reason, document, replace, dryRun }) => {
    const read = await readQuantitiesFile(file);
    const documents = await readDocuments(document);
    if (by === undefined && dryRun !== true) {
      throw requestError('CLAIM_NEEDED', 'writing quantities needs a name', {
        place: '--by',
        cure: 'add --by NAME, or --dry-run to only look',
      });
    }
    return withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      const answer = await service.rules.importQuantities(registry.site.id, read, {
        by: by ?? '-',
        reason,
        replace: replace === true,
        commit: dryRun !== true,
        documents: await handIn(documents, registry.site.id, service.rules, dryRun === true ? undefined : by),
      });
      present(cli, answer, { sheet: refusedSheet(cli, answer.refused), text: summaryOf(cli, answer) });
      return answer.refused.length === 0 ? EXIT.fine : EXIT.found;
    });
  },
});

interface DocumentFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Throws DOCUMENT_REFUSED before a byte of one that is too large is read. */
async function readDocuments(files: readonly string[]): Promise<readonly DocumentFile[]> {
  const read = await Promise.all(
    files.map(async (file): Promise<DocumentFile> => {
      const size = await stat(file).then(
        (found) => (found.isFile() ? found.size : undefined),
        () => undefined,
      );
      if (size === undefined || size > MAX_DOCUMENT_BYTES) {
        throw requestError('DOCUMENT_REFUSED', size === undefined ? `${file} cannot be read` : `${file} is too large`, {
          place: file,
          cure: 'give a file of at most 20 MB',
        });
      }
      return { name: basename(file), bytes: await readFile(file) };
    }),
  );
  const twice = read.find(({ name }, i) => read.findIndex((one) => one.name === name) !== i);
  if (!twice) return read;
  throw requestError('DOCUMENT_REFUSED', `two documents are called ${twice.name}`, {
    place: twice.name,
    cure: 'give them different names: rows name them',
  });
}

/** Without a name of who hands them in, they are only looked at. */
async function handIn(
  documents: readonly DocumentFile[],
  site: string,
  rules: RulesService,
  by: string | undefined,
): Promise<Readonly<Record<string, string>>> {
  const hashes: Record<string, string> = {};
  for (const one of documents)
    hashes[one.name] = by === undefined ? documentHash(one) : (await rules.keepDocument(site, one, by)).sha256;
  return hashes;
}

function summaryOf(cli: Cli, answer: ImportQuantitiesAnswer): string {
  const { rows, added, unchanged, replaced, attached, refused, committed } = answer;
  return cli.language === 'zh'
    ? `\n${rows} 行：新增 ${added}，不变 ${unchanged}，替换 ${replaced}，补上凭证 ${attached}，拒绝 ${refused.length}。${committed ? '' : '没有写入。'}`
    : `\n${rows} rows: ${added} added, ${unchanged} unchanged, ${replaced} replaced, ${attached} given their document, ${refused.length} refused.${committed ? '' : ' Nothing was written.'}`;
}

const templateSchema = z.strictObject({ file: z.string(), site: z.string(), year: z.int(), bytes: z.int() });

export const importTemplate = command({
  name: 'import template',
  summary: {
    zh: '写出供填写的 XLSX 模板：机构、月份与可填内容',
    en: 'writes the XLSX to fill in: institutions, months and what may be written',
  },
  args: [
    {
      name: '<file>',
      text: { zh: '要写的文件（.xlsx）；不覆盖已有文件', en: 'the file to write (.xlsx); never over another' },
    },
  ],
  options: [SITE_OPTION, YEAR_OPTION],
  examples: [
    {
      command: 'civicmeter import template 2026.xlsx --year 2026',
      text: { zh: '2026 年的模板', en: 'the template of 2026' },
    },
  ],
  answer: templateSchema,
  input: z.strictObject({ args: z.tuple([z.string()]), site: z.string().optional(), year: yearInput }),
  run: (cli, { args: [file], site, year: wanted }) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      const year = wanted ?? thisYear(cli, registry);
      const bytes = await service.rules.quantityTemplate(registry.site.id, year);
      await writeNew(file, bytes);
      present(
        cli,
        { file, site: registry.site.id, year, bytes: bytes.length },
        { text: cli.language === 'zh' ? `已写入 ${file}。` : `${file} is written.` },
      );
      return EXIT.fine;
    }),
});
