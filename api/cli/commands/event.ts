import { z } from 'zod';
import { kept, type MeterEventBody, parseRational, parseTime, type Registry, type Zone } from '#domain';
import { command, type CommandSpec, type OptionSpec } from '../command.ts';
import { eventListSchema, eventSchema } from '../shapes.ts';
import { withService } from '../wiring/service.ts';
import { CLAIM_OPTIONS, claimInput, instantOf, noArgs, SITE_OPTION, siteOf, zoneOfSite } from './common.ts';
import { answerOne, listEvents } from './event-view.ts';
import { faceOf, meterAt } from './face.ts';
import { registerOf } from './usage.ts';

const REGISTER_OPTION: OptionSpec = {
  flags: '--register <device/register>',
  text: { zh: '寄存器', en: 'the register' },
};
const POINT_OPTION: OptionSpec = { flags: '--point <id>', text: { zh: '计量点', en: 'the point' } };
const AT_OPTION: OptionSpec = {
  flags: '--at <time>',
  text: {
    zh: '时刻，如 2026-03-05T08:00（站点时区）',
    en: 'the instant, such as 2026-03-05T08:00 in the zone of the site',
  },
};
const FACES: readonly OptionSpec[] = [
  {
    flags: '--final <quantity>',
    text: { zh: '旧示数，带单位，如 "84210 kWh"', en: 'face before, with its unit: "84210 kWh"' },
  },
  { flags: '--initial <quantity>', text: { zh: '新示数，带单位', en: 'face after, with its unit' } },
];
const SUPERSEDES: OptionSpec = {
  flags: '--supersedes <id>',
  text: { zh: '更正某个事件', en: 'id of the event that this one corrects' },
};

const common = {
  args: noArgs,
  site: z.string().optional(),
  ...claimInput,
  supersedes: z.coerce.number().int().positive().optional(),
};

interface Recording<T> extends Pick<CommandSpec, 'name' | 'summary' | 'options' | 'examples'> {
  readonly input: z.ZodType<T>;
  readonly body: (input: T, registry: Registry, zone: Zone) => MeterEventBody;
}

const recording = <
  T extends { site?: string | undefined; by: string; reason: string; supersedes?: number | undefined },
>(
  definition: Recording<T>,
): CommandSpec =>
  command({
    ...definition,
    options: [SITE_OPTION, ...definition.options, ...CLAIM_OPTIONS, SUPERSEDES],
    answer: eventSchema,
    run: (cli, input) =>
      withService(cli, { log: 'if-free' }, async ({ service, finish }) => {
        const registry = await siteOf(service, input.site);
        const body = definition.body(input, registry, zoneOfSite(registry));
        const { by, reason, supersedes } = input;
        const event = await service.recordEvent(registry.site.id, body, { by, reason, supersedes });
        await finish();
        return answerOne(cli, event, registry);
      }),
  });

const replacement = recording({
  name: 'event replacement',
  summary: {
    zh: '登记换表：旧表止数、新表起数',
    en: 'a meter was replaced: final reading of the old one, initial reading of the new one',
  },
  options: [
    POINT_OPTION,
    AT_OPTION,
    { flags: '--serial <text>', text: { zh: '新表编号', en: 'serial number of the new meter' } },
    ...FACES,
    { flags: '--device <id>', text: { zh: '新表的设备，不变可省略', en: 'device of the new meter, where it differs' } },
    {
      flags: '--to-register <name>',
      text: { zh: '新表的寄存器，不变可省略', en: 'register of the new meter, where it differs' },
    },
    {
      flags: '--multiplier <ratio>',
      text: { zh: '新倍率，如 400/5', en: 'multiplier of the new meter, such as 400/5' },
    },
    {
      flags: '--modulus <quantity>',
      text: { zh: '新表满度（归零值），带单位', en: 'face value at which the new meter wraps, with its unit' },
    },
  ],
  examples: [
    {
      command:
        'civicmeter event replacement --point p-a-main --at 2026-03-05T10:00 --serial E-7781 --final "84210 kWh" --initial "3 kWh" --by wang --reason "到期轮换"',
      text: { zh: '换表：止数 84210，起数 3', en: 'replaced at 84,210; the new meter began at 3' },
    },
  ],
  input: z.strictObject({
    ...common,
    point: z.string(),
    at: z.string(),
    serial: kept(z.string().min(1)),
    final: z.string().optional(),
    initial: z.string().optional(),
    device: z.string().optional(),
    toRegister: z.string().optional(),
    multiplier: z.string().optional(),
    modulus: z.string().optional(),
  }),
  body: (input, registry, zone) => {
    const at = instantOf(input.at, zone);
    const old = meterAt(registry, input.point, at);
    const next = { device: input.device ?? old.device, register: input.toRegister ?? old.register };
    return {
      kind: 'replacement',
      point: input.point,
      at,
      serial: input.serial,
      ...(input.final === undefined ? {} : { final: faceOf(registry, old, at, input.final, '--final') }),
      ...(input.initial === undefined ? {} : { initial: faceOf(registry, next, at, input.initial, '--initial') }),
      ...(input.device === undefined ? {} : { device: input.device }),
      ...(input.toRegister === undefined ? {} : { register: input.toRegister }),
      ...(input.multiplier === undefined ? {} : { multiplier: parseRational(input.multiplier) }),
      ...(input.modulus === undefined ? {} : { modulus: faceOf(registry, next, at, input.modulus, '--modulus') }),
    };
  },
});

const reset = recording({
  name: 'event reset',
  summary: {
    zh: '登记归零：示数被清零或改写（须第二人确认）',
    en: 'a register was reset or rewritten (a second person confirms)',
  },
  options: [REGISTER_OPTION, AT_OPTION, ...FACES],
  examples: [
    {
      command:
        'civicmeter event reset --register a-main/e1 --at 2026-03-05T10:00 --final "84210 kWh" --initial "0 kWh" --by wang --reason "厂家检修"',
      text: { zh: '检修时清零', en: 'cleared during repair' },
    },
  ],
  input: z.strictObject({
    ...common,
    register: z.string(),
    at: z.string(),
    final: z.string().optional(),
    initial: z.string().optional(),
  }),
  body: (input, registry, zone) => {
    const { device, register } = registerOf(input.register);
    const at = instantOf(input.at, zone);
    return {
      kind: 'reset',
      device,
      register,
      at,
      ...(input.final === undefined
        ? {}
        : { final: faceOf(registry, { device, register }, at, input.final, '--final') }),
      ...(input.initial === undefined
        ? {}
        : { initial: faceOf(registry, { device, register }, at, input.initial, '--initial') }),
    };
  },
});

const multiplier = recording({
  name: 'event multiplier',
  summary: { zh: '登记倍率变更：自某时刻起生效，可追溯', en: 'a multiplier valid from an instant, also in the past' },
  options: [
    POINT_OPTION,
    { flags: '--from <time>', text: { zh: '生效时刻', en: 'valid from' } },
    { flags: '--multiplier <ratio>', text: { zh: '倍率，如 80 或 400/5', en: 'the ratio, such as 80 or 400/5' } },
  ],
  examples: [
    {
      command:
        'civicmeter event multiplier --point p-a-main --from 2025-01-01 --multiplier 400/5 --by wang --reason "互感器铭牌核对"',
      text: { zh: '更正去年以来的变比', en: "corrects last year's ratio; last year is computed again" },
    },
  ],
  input: z.strictObject({ ...common, point: z.string(), from: z.string(), multiplier: z.string() }),
  body: (input, _registry, zone) => ({
    kind: 'multiplier',
    point: input.point,
    from: instantOf(input.from, zone),
    multiplier: parseRational(input.multiplier),
  }),
});

const exclude = recording({
  name: 'event exclude',
  summary: { zh: '排除一段时间的读数（须第二人确认）', en: 'readings of a span are wrong (a second person confirms)' },
  options: [
    REGISTER_OPTION,
    { flags: '--from <time>', text: { zh: '起', en: 'start' } },
    { flags: '--to <time>', text: { zh: '止：含所写的日', en: 'end, with the day that it names' } },
  ],
  examples: [
    {
      command:
        'civicmeter event exclude --register a-main/e1 --from 2026-03-05T08:00 --to 2026-03-05T12:00 --by wang --reason "接线错误"',
      text: { zh: '接错线的四小时', en: 'four hours of wrong wiring' },
    },
  ],
  input: z.strictObject({ ...common, register: z.string(), from: z.string(), to: z.string() }),
  body: (input, _registry, zone) => {
    const { device, register } = registerOf(input.register);
    return { kind: 'exclude', device, register, from: instantOf(input.from, zone), to: parseTime(input.to, zone).to };
  },
});

const admit = recording({
  name: 'event admit',
  summary: {
    zh: '采信离群读数或断点差额（须第二人确认）',
    en: 'an outlier, or the amount of a break, is right (a second person confirms)',
  },
  options: [
    REGISTER_OPTION,
    AT_OPTION,
    {
      flags: '--amount <quantity>',
      text: { zh: '断点的真实用量，带单位', en: 'what was really used across the break, with its unit' },
    },
  ],
  examples: [
    {
      command:
        'civicmeter event admit --register a-main/e1 --at 2026-03-05T10:15 --amount "120 kWh" --by wang --reason "现场核实"',
      text: { zh: '断点期间用了 120 kWh', en: '120 kWh were used across the break' },
    },
  ],
  input: z.strictObject({ ...common, register: z.string(), at: z.string(), amount: z.string().optional() }),
  body: (input, registry, zone) => {
    const { device, register } = registerOf(input.register);
    const at = instantOf(input.at, zone);
    return {
      kind: 'admit',
      device,
      register,
      at,
      ...(input.amount === undefined
        ? {}
        : { amount: faceOf(registry, { device, register }, at, input.amount, '--amount') }),
    };
  },
});

const confirm = command({
  name: 'event confirm',
  summary: { zh: '第二人确认一个事件', en: "the second person's word on an event" },
  args: [{ name: '<id>', text: { zh: '事件编号', en: 'number of the event' } }],
  options: [
    {
      flags: '--by <name>',
      text: {
        zh: '确认人，须与登记人不同（自报，未经验证）',
        en: 'another name than the one who recorded it (claimed, not proven)',
      },
    },
  ],
  examples: [
    { command: 'civicmeter event confirm 12 --by li', text: { zh: '确认 12 号事件', en: 'confirms event 12' } },
  ],
  answer: eventSchema,
  input: z.strictObject({ args: z.tuple([z.coerce.number().int().positive()]), by: claimInput.by }),
  run: (cli, input) =>
    withService(cli, { log: 'if-free' }, async ({ service, finish }) => {
      const event = await service.confirmEvent(input.args[0], input.by);
      await finish();
      return answerOne(cli, event, await service.registry(event.site));
    }),
});

const list = command({
  name: 'event list',
  summary: { zh: '列出表计事件', en: 'meter events of a site, kept for ever' },
  options: [SITE_OPTION],
  examples: [
    { command: 'civicmeter event list --csv > events.csv', text: { zh: '导出全部事件', en: 'all of them as CSV' } },
  ],
  answer: eventListSchema,
  csv: true,
  input: z.strictObject({ args: noArgs, site: z.string().optional() }),
  run: (cli, input) =>
    withService(cli, { log: 'no' }, async ({ service }) => listEvents(cli, service, await siteOf(service, input.site))),
});

export const EVENT_COMMANDS: readonly CommandSpec[] = [replacement, reset, multiplier, exclude, admit, confirm, list];
