import { resolve } from 'node:path';
import { z } from 'zod';
import { checkModel, libraryFiles, type ModelCheck } from '../../../collectors/devices/index.ts';
import { formatProblem } from '../../../collectors/site/index.ts';
import { command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { present } from '../output/present.ts';
import { devicesCheckSchema } from '../shapes-devices.ts';
import { textOf } from './check.ts';

export const devicesCheck = command({
  name: 'devices check',
  summary: {
    zh: '检查型号文件：一次列出全部错误及改法',
    en: 'checks files of device models: every mistake at once, with what to write instead',
  },
  args: [{ name: '<file...>', text: { zh: '型号文件（YAML）', en: 'files of device models (YAML)' } }],
  options: [],
  examples: [
    {
      command: 'civicmeter devices check devices/acme-em1.yaml',
      text: { zh: '有错误时退出码为 1', en: 'exit code 1 where there are mistakes' },
    },
  ],
  answer: devicesCheckSchema,
  input: z.strictObject({ args: z.array(z.string()).min(1) }),
  run: async (cli, { args }) => {
    const checked = checkAll(args);
    const files = checked.map(({ file, check }) => ({
      file,
      problems: 'problems' in check ? check.problems.map(({ file: _file, ...problem }) => problem) : [],
    }));
    const zh = cli.language === 'zh';
    const said = checked.map(({ file, check }) => {
      if ('problems' in check) return check.problems.map((problem) => formatProblem(problem, cli.language)).join('\n');
      const { registers } = check.model;
      return zh
        ? `${file}：正确，${registers.length} 个寄存器。`
        : `${file}: fine, ${registers.length} ${registers.length === 1 ? 'register' : 'registers'}.`;
    });
    const count = files.reduce((sum, { problems }) => sum + problems.length, 0);
    const end = count === 0 ? [] : [zh ? `\n共 ${count} 处错误。` : `\n${count} mistakes.`];
    present(cli, { files }, { text: [...said, ...end].join('\n') });
    return count === 0 ? EXIT.fine : EXIT.found;
  },
});

interface CheckedFile {
  readonly file: string;
  readonly check: ModelCheck;
}

/** Each file against its rules, the library and the files before it. Throws FILE_UNREADABLE. */
function checkAll(files: readonly string[]): readonly CheckedFile[] {
  const places = new Map(libraryFiles());
  return files.map((file) => {
    const takenBy = (id: string): string | undefined => {
      const place = places.get(id);
      return place === undefined || resolve(place) === resolve(file) ? undefined : place;
    };
    const check = checkModel(textOf(file), file, takenBy);
    if ('model' in check) places.set(check.model.id, file);
    return { file, check };
  });
}
