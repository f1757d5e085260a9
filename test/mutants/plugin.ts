import type { Plugin } from 'vitest/config';
import { MUTANTS } from './mutants.ts';
import { mutated } from './mutate.ts';

/** Only tests can switch a mutant on: the sources know nothing of it, it is put in as vitest loads them. */
export function mutantPlugin(name: string | undefined): readonly Plugin[] {
  if (name === undefined) return [];
  const mutant = MUTANTS.find((one) => one.name === name);
  if (!mutant) throw new Error(`there is no mutant "${name}"; there are: ${MUTANTS.map((one) => one.name).join(', ')}`);
  return [
    {
      name: `mutant ${name}`,
      enforce: 'pre',
      transform: (code, id) => (id.split('?')[0]?.endsWith(`/${mutant.file}`) ? mutated(mutant, code) : undefined),
    },
  ];
}
