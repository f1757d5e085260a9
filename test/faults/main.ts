import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { argumentsOf, nameIn, numberOf } from '../support/arguments.ts';

/** `npm run faults -- [R1 R5 …] [--long] [--minutes N] [--seed N]`: these tests, all where none is named; exit code 1 where one fails. */
const { values, positionals } = argumentsOf('npm run faults -- [R1 R5 …] [--long] [--minutes N] [--seed N]', {
  long: { type: 'boolean', default: false },
  minutes: { type: 'string' },
  seed: { type: 'string', default: '1' },
});
numberOf('--seed', values.seed, 0);
if (values.minutes !== undefined) numberOf('--minutes', values.minutes, 0.1, 'decimal');
const folder = 'test/faults';
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join(folder, name));
const known = new Set(files.flatMap((file) => readFileSync(file, 'utf8').match(/\bR\d+(?=: )/g) ?? []));
for (const name of positionals) nameIn('test', name, [...known]);
const pattern = positionals.length === 0 ? [] : ['-t', `\\b(${positionals.join('|')}): `];
const child = spawn(join('node_modules', '.bin', 'vitest'), ['run', ...files, ...pattern], {
  stdio: 'inherit',
  env: {
    ...process.env,
    CIVICMETER_FAULTS: values.long ? 'long' : 'short',
    CIVICMETER_FAULTS_SEED: values.seed,
    ...(values.minutes === undefined ? {} : { CIVICMETER_FAULTS_MINUTES: values.minutes }),
    // the oracle holds all that was sent
    NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --max-old-space-size=12288`,
  },
});
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
