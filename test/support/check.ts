import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * `npm run check`: every step, as many at a time as there are cores; the output of those that failed, and their names.
 * Steps are listed longest first, so that the cores end together.
 */
interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Files without which there is nothing to do yet. */
  readonly needs?: string;
}

interface Outcome {
  readonly step: Step;
  readonly ok: boolean;
  readonly seconds: number;
  readonly output: string;
}

/** Tests that start servers, kill processes or try thousands of cases: `npm test` runs them, this command has two minutes. */
const SLOW_TESTS =
  'architecture integration contract scenario faults bench browser oracle fixtures simulation mutants pipeline/books pipeline/rollup ' +
  'pipeline/judging pipeline/facts pipeline/ledger pipeline/watch collectors/opcua collectors/spool rules/baseline ' +
  'rules/control api/cli api/http/intake pipeline/intake deploy';

const STEPS: readonly Step[] = [
  {
    name: 'unit tests',
    command: 'vitest',
    args: ['run', '--reporter=dot', ...SLOW_TESTS.split(' ').flatMap((folder) => ['--exclude', `test/${folder}/**`])],
  },
  { name: 'layers and docs', command: 'vitest', args: ['run', '--reporter=dot', 'test/architecture'] },
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  { name: 'types of the web', command: 'tsc', args: ['--noEmit', '-p', 'api/web'], needs: 'api/web/tsconfig.json' },
  { name: 'lint', command: 'oxlint', args: ['--type-aware', '--deny-warnings', '.'] },
  { name: 'dead code', command: 'knip', args: ['--no-progress'] },
  { name: 'format', command: 'oxfmt', args: ['--check', '.'] },
];

const run = (step: Step): Promise<Outcome> =>
  new Promise((resolve) => {
    const started = Date.now();
    const chunks: Buffer[] = [];
    const child = spawn(join('node_modules', '.bin', step.command), step.args, {
      env: { ...process.env, CI: 'true', NO_COLOR: '1' },
    });
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const end = (ok: boolean, note = ''): void =>
      resolve({ step, ok, seconds: (Date.now() - started) / 1000, output: Buffer.concat(chunks).toString() + note });
    child.on('error', (error) => end(false, String(error)));
    child.on('close', (code) => end(code === 0));
  });

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const started = Date.now();
  const queue = STEPS.filter((step) => step.needs === undefined || existsSync(step.needs));
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let step = queue.shift(); step; step = queue.shift()) {
      const outcome = await run(step);
      outcomes.push(outcome);
      say(`${outcome.ok ? 'ok    ' : 'FAILED'} ${step.name} (${outcome.seconds.toFixed(1)} s)`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
  const failed = outcomes.filter(({ ok }) => !ok);
  for (const { step, output } of failed) say(`\n--- ${step.name}\n${output.trim()}`);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  say(
    failed.length === 0
      ? `\nAll checks passed in ${seconds} s.`
      : `\nFailed: ${failed.map(({ step }) => step.name).join(', ')} (${seconds} s)`,
  );
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
