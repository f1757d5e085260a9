import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { argumentsOf, nameIn } from '../support/arguments.ts';
import { type Mutant, MUTANTS } from './mutants.ts';

/** `npm run mutants -- [NAME …]`: these mutants, all where none is named, each against its suite; exit code 1 where one survives. The last line is JSON. */
interface Fate {
  readonly mutant: Mutant;
  readonly caught: boolean;
  readonly seconds: number;
  readonly said: string;
}

/** An assertion must have failed: a mutant that does not even load proves nothing. */
const FAILED_TEST = /\b\d+ passed, [1-9]\d* failed\b|AssertionError/;

const fateOf = (mutant: Mutant): Promise<Fate> =>
  new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(join('node_modules', '.bin', 'vitest'), ['run', '--bail', '1', ...mutant.suite], {
      env: { ...process.env, CIVICMETER_MUTANT: mutant.name, CIVICMETER_SEEDS: '40', NO_COLOR: '1' },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', (code) => {
      const said = Buffer.concat(chunks).toString();
      const applied = !said.includes('does not apply');
      const caught = code !== 0 && applied && FAILED_TEST.test(said);
      resolve({ mutant, caught, seconds: (performance.now() - started) / 1_000, said });
    });
  });

const { positionals } = argumentsOf('npm run mutants -- [NAME …]', {});
const names = MUTANTS.map(({ name }) => name);
for (const name of positionals) nameIn('mutant', name, names);
const chosen = MUTANTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
let caught = 0;
for (const mutant of chosen) {
  const fate = await fateOf(mutant);
  if (fate.caught) caught += 1;
  process.stderr.write(`${fate.caught ? 'caught  ' : 'SURVIVED'} ${mutant.name} (${fate.seconds.toFixed(1)} s)\n`);
  if (!fate.caught) process.stderr.write(`${fate.said}\n`);
}
process.stdout.write(`${JSON.stringify({ caught, total: chosen.length })}\n`);
process.exitCode = caught === chosen.length ? 0 : 1;
