import { z } from 'zod';
import { requestError } from '#domain';
import { checkSite, formatProblem, readTextFile } from '../../../collectors/site/index.ts';
import { command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { present } from '../output/present.ts';
import { checkSchema } from '../shapes.ts';
import { siteModels } from '../wiring/models.ts';

export const check = command({
  name: 'check',
  summary: {
    zh: '检查站点文件：一次列出全部错误及改法',
    en: 'checks a site file: every mistake at once, with what to write instead',
  },
  args: [{ name: '<file>', text: { zh: '站点文件（YAML）', en: 'the site file (YAML)' } }],
  options: [],
  examples: [
    {
      command: 'civicmeter check site.yaml',
      text: { zh: '有错误时退出码为 1', en: 'exit code 1 where there are mistakes' },
    },
    {
      command: 'civicmeter check fixtures/sites/one-office.yaml --lang zh',
      text: { zh: '用中文说明', en: 'says it in Chinese' },
    },
  ],
  answer: checkSchema,
  input: z.strictObject({ args: z.tuple([z.string()]) }),
  run: async (cli, { args: [file] }) => {
    const checked = checkSite(textOf(file), { file, ...siteModels({ data: cli.data, site: file }) });
    const problems = 'problems' in checked ? checked.problems : [];
    const counts =
      'problems' in checked
        ? ''
        : cli.language === 'zh'
          ? `${file}：正确。${checked.registry.institutions.length} 个机构，${checked.registry.points.length} 个计量点，${checked.registry.devices.length} 台设备。`
          : `${file}: fine. ${checked.registry.institutions.length} institutions, ${checked.registry.points.length} points, ${checked.registry.devices.length} devices.`;
    const found = cli.language === 'zh' ? `\n共 ${problems.length} 处错误。` : `\n${problems.length} mistakes.`;
    present(
      cli,
      { file, problems: problems.map(({ file: _file, ...problem }) => problem) },
      {
        text:
          problems.length === 0
            ? counts
            : [...problems.map((problem) => formatProblem(problem, cli.language)), found].join('\n'),
      },
    );
    return problems.length === 0 ? EXIT.fine : EXIT.found;
  },
});

/** Throws FILE_UNREADABLE. */
export const textOf = (file: string): string => readTextFile(file, (...why) => requestError('FILE_UNREADABLE', ...why));
