import { availableParallelism } from 'node:os';
import { argumentsOf, numberOf, refuse } from '../support/arguments.ts';
import { type Counts, neverHit, totalOf } from './coverage.ts';
import { outcomesOf } from './pool.ts';
import { firstSeed } from './seeds.ts';
import { faultOf, type Outcome } from './simulate.ts';

/** `npm run simulate -- [SEEDS] [--from N] [--days D] [--threads T]`: see README.md. */
process.env['TZ'] = 'Asia/Kathmandu';
/** From so many seeds on, each branch must have been met. */
const LONG_RUN = 1_000;
const PROGRESS_EVERY = 500;

const { values, positionals } = argumentsOf('npm run simulate -- [SEEDS] [--from N] [--days D] [--threads T]', {
  from: { type: 'string' },
  days: { type: 'string' },
  threads: { type: 'string' },
});
if (positionals.length > 1) refuse(`one number of seeds, not ${positionals.join(' ')}`);
const seeds = numberOf('SEEDS', positionals[0] ?? '200', 1);
const from = numberOf('--from', values.from ?? String(firstSeed()), 0);
const days = values.days === undefined ? undefined : numberOf('--days', values.days, 1);
const threads = numberOf('--threads', values.threads ?? String(availableParallelism()), 1);

const started = performance.now();
const outcomes: Outcome[] = [];
const tasks = Array.from({ length: seeds }, (_, i) => ({ seed: from + i, days }));
for await (const outcome of outcomesOf(tasks, Math.min(threads, seeds))) {
  outcomes.push(outcome);
  if (outcomes.length % PROGRESS_EVERY === 0) process.stderr.write(`${outcomes.length} of ${seeds} seeds\n`);
  const fault = faultOf(outcome);
  if (fault !== undefined)
    process.stderr.write(`seed ${outcome.seed} (days ${outcome.days}): ${fault}; keep it in kept-seeds.json\n`);
}
const branches = totalOf(outcomes.map((outcome) => outcome.branches));
const never = neverHit(branches);
const failed = outcomes.filter((outcome) => faultOf(outcome) !== undefined).map(({ seed }) => seed);
const isOk = failed.length === 0 && (never.length === 0 || seeds < LONG_RUN);
process.stdout.write(`${tableOf(branches)}\n`);
process.stdout.write(
  `${JSON.stringify({
    seeds,
    from,
    days: outcomes.reduce((sum, outcome) => sum + outcome.days, 0),
    records: outcomes.reduce((sum, outcome) => sum + outcome.records, 0),
    threads,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    branches: Object.keys(branches).length,
    never,
    failed,
    verdict: isOk ? 'ok' : 'failed',
  })}\n`,
);
process.exitCode = isOk ? 0 : 1;

/** How often each rare branch was met, the rarest first. */
function tableOf(counts: Counts): string {
  return Object.entries(counts)
    .toSorted(([, a], [, b]) => a - b)
    .map(([name, count]) => `${count === 0 ? 'NEVER' : count}`.padStart(10) + `  ${name}`)
    .join('\n');
}
