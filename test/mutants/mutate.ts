import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutants.ts';

/** The code with the mutant's edits. Throws where one does not fit exactly once: the code has moved on, and so must the mutant. */
export function mutated(mutant: Mutant, code: string): string {
  return mutant.edits.reduce((text, [find, put]) => {
    const parts = text.split(find);
    if (parts.length !== 2) throw new Error(`mutant ${mutant.name} does not apply to ${mutant.file}: ${find}`);
    return parts.join(put);
  }, code);
}

/** What a child process of a test is started with, so that the mutant of the environment is in it as well. */
export const mutantArguments = (): readonly string[] =>
  process.env['CIVICMETER_MUTANT'] === undefined
    ? []
    : ['--import', fileURLToPath(new URL('hook.ts', import.meta.url))];
