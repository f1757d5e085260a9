import { statSync } from 'node:fs';
import { z } from 'zod';
import { backup as writeBackup, restore as readBackup } from '../../../pipeline/books/index.ts';
import { command } from '../command.ts';
import { present } from '../output/present.ts';
import { createProgress } from '../output/progress.ts';
import { backupSchema } from '../shapes.ts';
import { openFoundation } from '../wiring/foundation.ts';

const oneFile = z.strictObject({ args: z.tuple([z.string()]) });

export const backup = command({
  name: 'backup',
  summary: {
    zh: '把账簿备份到一个文件；运行中也可以，不需要其他工具',
    en: 'writes the books to one file, also while the program runs; needs no other tool',
  },
  args: [{ name: '<file>', text: { zh: '新文件', en: 'the new file' } }],
  options: [],
  examples: [{ command: 'civicmeter backup books-2026-03.backup', text: { zh: '备份', en: 'a backup' } }],
  answer: backupSchema,
  input: oneFile,
  run: async (cli, { args: [file] }) => {
    const { books, closer } = await openFoundation(cli, { create: false });
    try {
      const progress = createProgress(cli);
      const { rows, bytes } = await writeBackup(books.pool, file, {
        now: cli.io.clock.now(),
        progress: progress.report,
        signal: cli.io.signal,
      }).finally(progress.stop);
      present(cli, { file, rows, bytes }, { text: said(cli.language, file, rows, bytes) });
      return 0;
    } finally {
      await closer.closeAll();
    }
  },
});

export const restore = command({
  name: 'restore',
  summary: {
    zh: '从备份恢复到空的账簿：全部恢复，或一行不动',
    en: 'fills empty books from a backup: all of it or nothing',
  },
  args: [{ name: '<file>', text: { zh: '备份文件', en: 'the backup' } }],
  options: [],
  examples: [
    {
      command: 'civicmeter restore books-2026-03.backup --data /var/lib/civicmeter-new',
      text: { zh: '恢复到新的数据目录', en: 'into a new data folder' },
    },
  ],
  answer: backupSchema,
  input: oneFile,
  run: async (cli, { args: [file] }) => {
    const { books, closer } = await openFoundation(cli, { create: true });
    try {
      const progress = createProgress(cli);
      const options = { progress: progress.report, signal: cli.io.signal };
      const { rows } = await readBackup(books.pool, file, options).finally(progress.stop);
      const { size } = statSync(file);
      present(cli, { file, rows, bytes: size }, { text: said(cli.language, file, rows, size) });
      return 0;
    } finally {
      await closer.closeAll();
    }
  },
});

const said = (language: 'zh' | 'en', file: string, rows: number, bytes: number): string =>
  language === 'zh' ? `${file}：${rows} 行，${bytes} 字节。` : `${file}: ${rows} rows, ${bytes} bytes.`;
