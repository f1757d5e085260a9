import type { z } from 'zod';
import type { LocalText } from '#domain';
import type { Cli } from './context.ts';

/** One option of a command. `flags` as commander reads them: `--from <time>`. */
export interface OptionSpec {
  readonly flags: string;
  readonly text: LocalText;
  /** All that it may be, where commander is to refuse the rest. */
  readonly choices?: readonly string[];
}

export interface Example {
  readonly command: string;
  readonly text: LocalText;
}

/** A command as data: what `--help`, docs/cli.md and the parser are made of. */
export interface CommandSpec {
  /** `usage`, or `event replacement` for a command of a group. */
  readonly name: string;
  /** As commander reads them: `<file>`, `[month]`. */
  readonly args: readonly { readonly name: string; readonly text: LocalText }[];
  readonly summary: LocalText;
  readonly options: readonly OptionSpec[];
  readonly examples: readonly Example[];
  /** Shape of the one document that `--json` prints; absent where the command prints none. */
  readonly answer?: z.ZodType | undefined;
  /** Whether `--csv` makes sense: the answer is a table. */
  readonly csv: boolean;
  readonly run: (cli: Cli, args: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<number>;
}

interface CommandDefinition<T> extends Omit<CommandSpec, 'run' | 'args' | 'csv'> {
  readonly args?: CommandSpec['args'];
  readonly csv?: boolean;
  /** Parses what commander hands over: `args` by position, options by their camel-cased names. */
  readonly input: z.ZodType<T>;
  readonly run: (cli: Cli, input: T) => Promise<number>;
}

/** Throws the zod error of `input` as it is; failure.ts says it to the caller. */
export const command = <T>(definition: CommandDefinition<T>): CommandSpec => ({
  args: [],
  csv: false,
  ...definition,
  run: (cli, args, options) => definition.run(cli, definition.input.parse({ args, ...options })),
});
