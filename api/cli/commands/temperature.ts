import { z } from 'zod';
import { temperatureAnswerSchema } from '../../../pipeline/answers-facts.ts';
import { command } from '../command.ts';
import { present } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { noArgs, percent, SITE_OPTION, siteOf } from './common.ts';
import { blocks, figure, missingText, PERIOD_TEXT, SERIES_OPTION, thisYear } from './rules-common.ts';

export const temperature = command({
  name: 'temperature',
  summary: {
    zh: '各日室外平均气温，连同有值的小时数与来源',
    en: 'mean outdoor temperature by day, with the hours that have a value and the source',
  },
  options: [
    SITE_OPTION,
    {
      flags: '--period <period>',
      text: { zh: `${PERIOD_TEXT.zh}；默认今年`, en: `${PERIOD_TEXT.en}; this year by default` },
    },
    SERIES_OPTION,
  ],
  examples: [
    {
      command: 'civicmeter temperature --period 2025-11..2026-03',
      text: { zh: '一个采暖季', en: 'a heating season' },
    },
  ],
  answer: temperatureAnswerSchema,
  csv: true,
  input: z.strictObject({
    args: noArgs,
    site: z.string().optional(),
    period: z.string().optional(),
    series: z.string().optional(),
  }),
  run: (cli, { site, period, series }) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, site);
      const answer = await service.rules.temperature({
        site: registry.site.id,
        period: period ?? String(thisYear(cli, registry)),
        series,
      });
      const chinese = cli.language === 'zh';
      const headings = chinese ? ['日期', '气温 ℃', '小时'] : ['day', 'mean °C', 'hours'];
      const sheet = {
        columns: headings.map((heading, i) => ({ heading, right: i > 0 })),
        rows: answer.days.map(({ day, celsius, hours, of }) => [
          day,
          figure(celsius),
          hours === null ? '' : `${hours}/${of ?? ''}`,
        ]),
      };
      const { source } = answer;
      const text = blocks(
        source === null
          ? ''
          : `${source.name} · ${source.sources.join(', ')} · ${percent(answer.coverage)} ${chinese ? '的日有值' : 'of the days known'}`,
        missingText(cli, answer.missing),
      );
      present(cli, answer, { sheet, text: `\n${text}` });
      return 0;
    }),
});
