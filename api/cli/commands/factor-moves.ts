import { z } from 'zod';
import { factorMovesSchema } from '../../../pipeline/answers-rules.ts';
import { command } from '../command.ts';
import { present } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { noArgs, SITE_OPTION, siteOf } from './common.ts';
import { blocks, figure } from './rules-common.ts';

export const factorMoves = command({
  name: 'factor-moves',
  summary: {
    zh: '系数变动的影响：已结账月份保持原样，列出随之变动的未结账数值',
    en: 'what changed factors do: closed months stand as they were; the open figures that moved are listed',
  },
  options: [SITE_OPTION],
  examples: [
    { command: 'civicmeter factor-moves', text: { zh: '升级之后查看', en: 'after an upgrade' } },
    { command: 'civicmeter factor-moves --csv', text: { zh: '导出 CSV', en: 'as CSV' } },
  ],
  answer: factorMovesSchema,
  csv: true,
  input: z.strictObject({ args: noArgs, site: z.string().optional() }),
  run: (cli, { site }) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      const answer = await service.rules.factorMoves(registry.site.id);
      const chinese = cli.language === 'zh';
      const headings = chinese
        ? ['月份', '机构', '指标', '原值', '新值']
        : ['month', 'institution', 'measure', 'old', 'new'];
      const sheet = {
        columns: headings.map((heading, i) => ({ heading, right: i > 2 })),
        rows: answer.open.map((one) => [one.month, one.institution, one.measure, figure(one.old), figure(one.new)]),
      };
      const text = blocks(
        answer.changed.length === 0
          ? chinese
            ? '没有系数变动。'
            : 'No factor has changed.'
          : `${chinese ? '变动的行' : 'changed rows'}: ${answer.changed.map(({ row }) => row).join(', ')}`,
        answer.closed
          .map(({ month, version, rows }) =>
            chinese
              ? `${month} 已结账（第 ${version} 版），保持原样：${rows.length} 个系数已不同`
              : `${month} is closed (version ${version}) and stands: ${rows.length} of its factors differ now`,
          )
          .join('\n'),
      );
      present(cli, answer, { sheet, text: `\n${text}` });
      return 0;
    }),
});
