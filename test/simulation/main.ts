import { parseArgs } from 'node:util';
import { z } from 'zod';
import { FAULT_KINDS } from './faults.ts';
import { firstSeed } from './seeds.ts';
import { faultOf, simulate } from './simulate.ts';

/** `npm run simulate -- [--seeds 10000] [--from N] [--days 3]`: exit code 1 where a seed fails; its number is named. */
process.env['TZ'] = 'Asia/Kathmandu';
const { values } = parseArgs({
  options: { seeds: { type: 'string' }, from: { type: 'string' }, days: { type: 'string' } },
});
const { seeds, from, days } = z
  .strictObject({
    seeds: z.coerce.number().int().positive().default(200),
    from: z.coerce.number().int().nonnegative().default(firstSeed()),
    days: z.coerce.number().int().positive().default(3),
  })
  .parse(values);

const started = performance.now();
const failed: number[] = [];
const fired = new Map<string, number>();
let records = 0;
for (let i = 0; i < seeds; i++) {
  const outcome = await simulate(from + i, days);
  const fault = faultOf(outcome);
  records += outcome.records;
  for (const [kind, count] of Object.entries(outcome.fired)) fired.set(kind, (fired.get(kind) ?? 0) + count);
  if (fault === undefined) continue;
  failed.push(outcome.seed);
  process.stderr.write(`seed ${outcome.seed}: ${fault}; add it to test/simulation/kept-seeds.json\n`);
}
process.stdout.write(
  `${JSON.stringify({
    seeds,
    from,
    days,
    records,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    fired: Object.fromEntries(fired),
    neverFired: FAULT_KINDS.filter((kind) => (fired.get(kind) ?? 0) === 0),
    failed,
    verdict: failed.length === 0 ? 'ok' : 'failed',
  })}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
