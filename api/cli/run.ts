import { isAbsolute, join, resolve } from 'node:path';
import { CommanderError } from 'commander';
import { z } from 'zod';
import { languageOf, type Io } from './context.ts';
import { failureOf } from './failure.ts';
import { buildProgram, type CommandSet } from './program.ts';

const CHECKOUT = resolve(import.meta.dirname, '..', '..');

/** Runs one command line and answers its exit code; never throws. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  const language = languageOf(valueOf(argv, '--lang'), io.env);
  const debug = argv.includes('--debug');
  z.config(language === 'zh' ? z.locales.zhCN() : z.locales.en());
  let code = 0;
  const program = buildProgram(await commandsFor(argv), language, io, async (spec, args, options) => {
    const { json, csv, data, books, debug: _debug, lang: _lang, ...own } = options;
    code = await spec.run(
      {
        io: typeof books === 'string' ? { ...io, env: { ...io.env, CIVICMETER_BOOKS: books } } : io,
        language,
        say: (text) => text[language],
        format: json === true ? 'json' : csv === true ? 'csv' : 'table',
        data: dataFolder(typeof data === 'string' ? data : undefined, io.env),
        debug,
      },
      args,
      own,
    );
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    // commander has already said what it means
    if (error instanceof CommanderError) return failureOf(error, language, debug).code;
    if (io.signal.aborted && error === io.signal.reason) return 130;
    const failure = failureOf(error, language, debug);
    io.err(failure.text);
    return failure.code;
  }
}

/** A gateway is a small machine: it loads its own command, and with it nothing of books, pages and rules. */
const commandsFor = (argv: readonly string[]): Promise<CommandSet> =>
  argv[0] === 'collect' ? import('./commands/gateway.ts') : import('./commands/index.ts');

/** `--data`, else CIVICMETER_DATA, else `data` in the checkout: the same wherever the command is called. */
const dataFolder = (wanted: string | undefined, env: Io['env']): string => {
  const folder = wanted ?? env['CIVICMETER_DATA'] ?? join(CHECKOUT, 'data');
  return isAbsolute(folder) ? folder : resolve(folder);
};

function valueOf(argv: readonly string[], name: string): string | undefined {
  const at = argv.findIndex((word) => word === name || word.startsWith(`${name}=`));
  const word = argv[at];
  if (word === undefined) return undefined;
  return word.includes('=') ? word.slice(name.length + 1) : argv[at + 1];
}
