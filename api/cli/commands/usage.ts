import { z } from 'zod';
import { CARRIERS, dayBefore, ITEMS, PERIODS, REGISTER_PATTERN, type Registry, requestError } from '#domain';
import { type UsageAnswer, usageAnswerSchema, type UsageRow } from '../../../pipeline/answers.ts';
import type { UsageQuery } from '../../../pipeline/service.ts';
import { command, type OptionSpec } from '../command.ts';
import type { Cli } from '../context.ts';
import { CARRIER_LABELS, QUALITY_LABELS, WORDS } from '../labels.ts';
import { present, type Sheet } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { intervalOf, nameOf, noArgs, percent, SITE_OPTION, siteOf, zoneOfSite } from './common.ts';

export const SUBJECT_OPTIONS: readonly OptionSpec[] = [
  SITE_OPTION,
  { flags: '--institution <id>', text: { zh: '机构', en: 'an institution' } },
  { flags: '--premises <id>', text: { zh: '场所（楼宇、楼层）', en: 'premises (a building, a floor)' } },
  { flags: '--point <id>', text: { zh: '计量点', en: 'a point' } },
  {
    flags: '--item <id>',
    text: { zh: '用电分项，可与 --institution 同用', en: 'an item of electricity; may stand beside --institution' },
  },
  { flags: '--register <device/register>', text: { zh: '寄存器', en: 'a register' } },
  { flags: '--unallocated', text: { zh: '没有机构承担的部分', en: 'what no institution bears' } },
  {
    flags: '--carrier <carrier>',
    text: { zh: '能源种类；对象有多种时必填', en: 'carrier; needed where the subject has more than one' },
  },
  {
    flags: '--from <time>',
    text: {
      zh: '起：2026、2026-03、2026-03-05 或 2026-03-05T08:00；默认本月',
      en: 'start: 2026, 2026-03, 2026-03-05 or 2026-03-05T08:00; this month by default',
    },
  },
  {
    flags: '--to <time>',
    text: {
      zh: '止：含所写的年、月或日；默认即 --from 所指的时段',
      en: 'end, with the year, month or day that it names; by default what --from names',
    },
  },
  {
    flags: '--as-of <version>',
    text: { zh: '按已结账版本查询，如 2026-03#1', en: 'as of a closed version, such as 2026-03#1' },
  },
];

export const subjectInput = {
  args: noArgs,
  site: z.string().optional(),
  institution: z.string().optional(),
  premises: z.string().optional(),
  point: z.string().optional(),
  item: z.enum(ITEMS).optional(),
  register: z.string().optional(),
  unallocated: z.literal(true).optional(),
  carrier: z.enum(CARRIERS).optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  asOf: z.string().optional(),
};

const subjectSchema = z.strictObject(subjectInput);
export type SubjectInput = z.output<typeof subjectSchema>;

export const usage = command({
  name: 'usage',
  summary: {
    zh: '查询用量：按时、日、月、年，附质量构成与覆盖率',
    en: 'usage by hour, day, month or year, with its quality and coverage',
  },
  options: [
    ...SUBJECT_OPTIONS,
    {
      flags: '--by <period>',
      text: { zh: '时段：hour、day、month、year；默认 day', en: 'period: hour, day, month, year; day by default' },
    },
  ],
  examples: [
    {
      command: 'civicmeter usage --carrier electricity --from 2026-03 --by day',
      text: { zh: '全站三月逐日用电', en: 'electricity of the site in March, day by day' },
    },
    {
      command: 'civicmeter usage --institution reform --carrier water --from 2026-01 --to 2026-06 --by month',
      text: { zh: '某机构上半年逐月用水', en: "an institution's water of the first half year, month by month" },
    },
    {
      command: 'civicmeter usage --register a-main/e1 --from 2026-03-05 --by hour --csv > day.csv',
      text: { zh: '某寄存器某日逐时用量，导出 CSV', en: 'a register, one day by hour, as CSV' },
    },
  ],
  answer: usageAnswerSchema,
  csv: true,
  input: z.strictObject({ ...subjectInput, by: z.enum(PERIODS).default('day') }),
  run: (cli, input) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, input.site);
      const answer = await service.usage(queryOf(input, registry, input.by, cli.io.clock.now()));
      present(cli, answer, { sheet: sheetOf(cli, answer), text: headingOf(cli, answer) });
      return 0;
    }),
});

export function queryOf(input: SubjectInput, registry: Registry, by: UsageQuery['by'], now: number): UsageQuery {
  const interval = intervalOf(input.from, input.to, zoneOfSite(registry), now);
  return { site: registry.site.id, subject: subjectOf(input), carrier: input.carrier, interval, by, asOf: input.asOf };
}

function subjectOf(input: SubjectInput): UsageQuery['subject'] {
  const named = (['register', 'point', 'item', 'institution', 'premises', 'unallocated'] as const).filter(
    (key) => input[key] !== undefined && !(key === 'institution' && input.item !== undefined),
  );
  if (named.length > 1) {
    throw requestError('SUBJECT_AMBIGUOUS', `the command names ${named.join(' and ')}`, {
      place: named.map((name) => `--${name}`).join(', '),
      cure: 'name one; --institution may stand beside --item',
    });
  }
  if (input.register !== undefined) return registerOf(input.register);
  if (input.item !== undefined) return { kind: 'item', id: input.item, institution: input.institution };
  if (input.point !== undefined) return { kind: 'point', id: input.point };
  if (input.institution !== undefined) return { kind: 'institution', id: input.institution };
  if (input.premises !== undefined) return { kind: 'premises', id: input.premises };
  return { kind: input.unallocated ? 'unallocated' : 'site' };
}

export function registerOf(text: string): { kind: 'register'; device: string; register: string } {
  const [device = '', register = '', ...rest] = text.split('/');
  if (device === '' || rest.length > 0 || !REGISTER_PATTERN.test(register)) {
    throw requestError('SUBJECT_INVALID', `"${text}" is not a register`, {
      place: '--register',
      cure: 'write <device>/<register>, such as a-main/e1; civicmeter registers lists them',
    });
  }
  return { kind: 'register', device, register };
}

function sheetOf(cli: Cli, answer: UsageAnswer): Sheet {
  const right = true;
  const say = cli.say;
  return {
    columns: [
      { heading: say(WORDS.from) },
      { heading: say(WORDS.to) },
      { heading: `${say(WORDS.amount)} (${answer.displayUnit})`, right },
      ...(['measured', 'interpolated', 'manual', 'disputed', 'estimated'] as const).map((quality) => ({
        heading: `${say(QUALITY_LABELS[quality])} (${answer.unit})`,
        right,
      })),
      { heading: say(WORDS.coverage), right },
      { heading: '' },
    ],
    rows: [
      ...answer.rows.map((row) => rowOf(cli, row)),
      ...(cli.format === 'csv' ? [] : [rowOf(cli, answer.total, say(WORDS.total))]),
    ],
  };
}

const rowOf = (cli: Cli, row: UsageRow, first = periodOf(row).from): readonly string[] => [
  first,
  periodOf(row).to,
  row.display,
  String(row.split.measured),
  String(row.split.interpolated),
  String(row.split.manual),
  String(row.split.disputed),
  row.estimated === null ? '' : String(row.estimated),
  percent(row.coverage),
  row.provisional ? cli.say(WORDS.provisional) : '',
];

/** Whole days with the last one included, as `--to` is written; else local times without the offset, which the heading names. */
function periodOf({ from, to }: Pick<UsageRow, 'from' | 'to'>): { readonly from: string; readonly to: string } {
  const isMidnight = (instant: string): boolean => instant.slice(10, 19) === 'T00:00:00';
  const clock = (instant: string): string => instant.slice(0, 19).replace('T', ' ').replace(/:00$/, '');
  return isMidnight(from) && isMidnight(to)
    ? { from: from.slice(0, 10), to: dayBefore(to.slice(0, 10)) }
    : { from: clock(from), to: clock(to) };
}

const headingOf = (cli: Cli, { subject, carrier, zone, version }: UsageAnswer): string =>
  `\n${nameOf(cli, subject.name)} (${subject.id}) · ${cli.say(CARRIER_LABELS[carrier])} · ${zone} · ${cli.say(WORDS.version)} ${version}`;
