import { Command, Help, Option } from 'commander';
import type { LocalText } from '#domain';
import checkout from '../../package.json' with { type: 'json' };
import type { CommandSpec, OptionSpec } from './command.ts';
import { type Io, type Language, LANGUAGES } from './context.ts';

type Act = (spec: CommandSpec, args: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<void>;

const COMMON: readonly OptionSpec[] = [
  {
    flags: '--data <dir>',
    text: { zh: '数据目录，默认为检出目录下的 data', en: 'data folder; `data` in the checkout by default' },
  },
  {
    flags: '--books <dsn>',
    text: {
      zh: '账簿所在的 PostgreSQL；默认用内置的（或 CIVICMETER_BOOKS）',
      en: 'PostgreSQL that holds the books; the embedded one by default (or CIVICMETER_BOOKS)',
    },
  },
  {
    flags: '--lang <zh|en>',
    text: { zh: '语言，默认取自 LANG', en: 'language; taken from LANG by default' },
    choices: LANGUAGES,
  },
  { flags: '--debug', text: { zh: '出错时显示调用栈', en: 'show the stack of an error' } },
];
const JSON_OPTION: OptionSpec = { flags: '--json', text: { zh: '输出一个 JSON 文档', en: 'print one JSON document' } };
const CSV_OPTION: OptionSpec = {
  flags: '--csv',
  text: { zh: '输出 CSV（UTF-8 带 BOM）', en: 'print CSV (UTF-8 with BOM)' },
};

export const optionsOf = (spec: CommandSpec): readonly OptionSpec[] => [
  ...spec.options,
  ...(spec.answer ? [JSON_OPTION] : []),
  ...(spec.csv ? [CSV_OPTION] : []),
  ...COMMON,
];

export interface CommandSet {
  readonly COMMANDS: readonly CommandSpec[];
  readonly GROUPS: Readonly<Record<string, LocalText>>;
}

/** The command line as commander knows it, in one language. */
export function buildProgram({ COMMANDS, GROUPS }: CommandSet, language: Language, io: Io, act: Act): Command {
  const program = prepare(new Command('civicmeter'), language, io)
    .description(SUMMARY[language])
    .version(checkout.version, '-V, --version', language === 'zh' ? '显示版本' : 'show the version');
  const groups = new Map<string, Command>();
  for (const [name, text] of Object.entries(GROUPS)) {
    const group = prepare(new Command(name), language, io).description(text[language]);
    groups.set(name, group);
    program.addCommand(group);
  }
  for (const spec of COMMANDS) {
    const [first = '', second] = spec.name.split(' ');
    const parent = second === undefined ? program : (groups.get(first) ?? program);
    const built = buildCommand(spec, second ?? first, language, io, act);
    parent.addCommand(built);
    // a command may have others below it: devices, and devices check
    if (second === undefined) groups.set(first, built);
  }
  return program;
}

function buildCommand(spec: CommandSpec, name: string, language: Language, io: Io, act: Act): Command {
  const command = prepare(new Command(name), language, io).helpCommand(false).description(spec.summary[language]);
  for (const { name: argument, text } of spec.args) command.argument(argument, text[language]);
  for (const { flags, text, choices } of optionsOf(spec)) {
    const option = new Option(flags, text[language]);
    command.addOption(choices ? option.choices(choices) : option);
  }
  const examples = spec.examples.map(({ command: line, text }) => `  ${line}\n      ${text[language]}`).join('\n');
  command.addHelpText('after', `\n${language === 'zh' ? '示例：' : 'Examples:'}\n${examples}\n`);
  command.action(async (...given: unknown[]) => {
    const args = given
      .slice(0, spec.args.length)
      .flat()
      .filter((value): value is string => typeof value === 'string');
    // what a command above has as well, it takes: --json of devices in devices check --json
    await act(spec, args, command.optsWithGlobals());
  });
  return command;
}

const SUMMARY: LocalText = {
  zh: '公表：计量公共机构的能源与用水，每个数字都可追溯到表计读数',
  en: 'CivicMeter: meters the energy and water of public institutions, and proves every figure',
};

const HELP_WORDS: Readonly<Record<string, string>> = {
  'Usage:': '用法：',
  'Arguments:': '参数：',
  'Options:': '选项：',
  'Commands:': '命令：',
};

/** commander's own complaints in Chinese, by its error code. */
const COMPLAINTS: readonly (readonly [RegExp, string])[] = [
  [/^error: unknown option '(.*)'/, '错误：没有选项 $1'],
  [/^error: unknown command '(.*)'/, '错误：没有命令 $1'],
  [/^error: missing required argument '(.*)'/, '错误：缺少参数 <$1>'],
  [
    /^error: option '(.*)' argument '(.*)' is invalid\. Allowed choices are (.*)\./,
    '错误：选项 $1 不能是 "$2"，只能是 $3',
  ],
  [/^error: option '(.*)' argument missing/, '错误：选项 $1 后缺少值'],
  [/^error: required option '(.*)' not specified/, '错误：必须给出选项 $1'],
  [/^error: too many arguments.*/, '错误：参数太多'],
  [/\(Did you mean (.*)\?\)/, '（是否想写 $1？）'],
];

function prepare(command: Command, language: Language, io: Io): Command {
  const chinese = language === 'zh';
  const usageOf = (of: Command): string => Help.prototype.commandUsage.call(new Help(), of);
  const inLanguage = (text: string): string =>
    chinese ? text.replace('[options]', '[选项]').replace('[command]', '[命令]') : text;
  return command
    .exitOverride()
    .helpOption('-h, --help', chinese ? '显示帮助' : 'show this help')
    .helpCommand('help [command]', chinese ? '显示某个命令的帮助' : 'show the help of a command')
    .showHelpAfterError(chinese ? '（加 --help 查看用法）' : '(add --help for usage)')
    .configureHelp({
      helpWidth: 110,
      styleTitle: (title) => (chinese ? (HELP_WORDS[title] ?? title) : title),
      commandUsage: (of) => inLanguage(usageOf(of)),
      // flags name the choices
      optionDescription: ({ description }) => description,
      subcommandTerm: (of) => inLanguage(Help.prototype.subcommandTerm.call(new Help(), of)),
    })
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      outputError: (text, write) =>
        write(chinese ? COMPLAINTS.reduce((said, [pattern, by]) => said.replace(pattern, by), text) : text),
    });
}
