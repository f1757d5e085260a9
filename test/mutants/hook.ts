import { registerHooks } from 'node:module';
import { MUTANTS } from './mutants.ts';
import { mutated } from './mutate.ts';

/** `node --import …/hook.ts`: the mutant of the environment in a process that a test starts, and in its threads. */
const mutant = MUTANTS.find(({ name }) => name === process.env['CIVICMETER_MUTANT']);
if (mutant) {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (!url.endsWith(`/${mutant.file}`) || loaded.source === null || loaded.source === undefined) return loaded;
      const text =
        typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
      return { ...loaded, source: mutated(mutant, text) };
    },
  });
}
