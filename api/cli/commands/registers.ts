import { z } from 'zod';
import { command } from '../command.ts';
import { CARRIER_LABELS, WORDS } from '../labels.ts';
import { present } from '../output/present.ts';
import { registersSchema } from '../shapes.ts';
import { withService } from '../wiring/service.ts';
import { noArgs, SITE_OPTION, siteOf } from './common.ts';

const STATES = {
  live: { zh: '在线', en: 'live' },
  late: { zh: '迟到', en: 'late' },
  silent: { zh: '失联', en: 'silent' },
  never: { zh: '从未读到', en: 'never' },
} as const;

export const registers = command({
  name: 'registers',
  summary: { zh: '列出站点的寄存器及最近读数', en: 'registers of the site with their last readings' },
  options: [SITE_OPTION],
  examples: [{ command: 'civicmeter registers', text: { zh: '全部寄存器', en: 'all registers' } }],
  answer: registersSchema,
  csv: true,
  input: z.strictObject({ args: noArgs, site: z.string().optional() }),
  run: (cli, input) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, input.site);
      const models = new Map(registry.devices.map(({ id, model }) => [id, model]));
      const rows = (await service.live(registry.site.id)).map((one) => ({
        ...one,
        model: models.get(one.device) ?? '',
      }));
      present(
        cli,
        { site: registry.site.id, registers: rows },
        {
          sheet: {
            columns: [
              { heading: cli.say(WORDS.register) },
              { heading: cli.say(WORDS.model) },
              { heading: cli.say(WORDS.point) },
              { heading: cli.say(WORDS.carrier) },
              { heading: cli.say(WORDS.reading), right: true },
              { heading: cli.language === 'zh' ? '单位' : 'unit' },
              { heading: cli.say(WORDS.at) },
              { heading: cli.say(WORDS.state) },
            ],
            rows: rows.map((one) => [
              `${one.device}/${one.register}`,
              one.model,
              one.point ?? '',
              one.carrier === null ? '' : cli.say(CARRIER_LABELS[one.carrier]),
              one.value === null ? '' : String(one.value),
              one.unit,
              one.at ?? '',
              cli.say(STATES[one.state]),
            ]),
          },
        },
      );
      return 0;
    }),
});
