import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** Says in one line what is wrong with a command line, and ends with 2. */
export function refuse(line: string): never {
  process.stderr.write(`${line}\n`);
  process.exit(2);
}

/** Options and names on the command line of a developer's command; `--help` prints the usage and ends it. */
export function argumentsOf<const T extends ParseArgsOptionsConfig>(usage: string, options: T) {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    const [what] = error instanceof Error ? error.message.split(/\.\s/) : [String(error)];
    return refuse(`${what}; there are ${[...Object.keys(options), 'help'].map((name) => `--${name}`).join(' ')}`);
  }
}

/** The number that is written as `name`. */
export function numberOf(name: string, text: string, least: number, form: 'whole' | 'decimal' = 'whole'): number {
  const value = Number(text);
  const isWritten = (form === 'whole' ? /^\d{1,15}$/ : /^\d{1,15}(?:\.\d+)?$/).test(text);
  return isWritten && value >= least
    ? value
    : refuse(`${name} "${text}" must be a ${form} number of at least ${least}`);
}

export const nameIn = (what: string, name: string, known: readonly string[]): string =>
  known.includes(name) ? name : refuse(`there is no ${what} "${name}"; there are ${known.join(' ')}`);
