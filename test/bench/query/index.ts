import { openService } from '../../../pipeline/index.ts';
import { DAY } from '../../../pipeline/domain/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { type BenchBooks, openBenchBooks } from '../core/books.ts';
import { type Fleet, planting, REGISTERS } from '../core/fleet.ts';
import { cpuOfTree, quantile, rssMiB } from '../core/meter.ts';
import { type Bench, loadNow, resultOf } from '../form.ts';
import { type Asking, asking, wrongAnswers } from './asking.ts';
import { startLive } from './live.ts';
import { BEGIN, DAYS, PER_SITE, plantYear, sizeOf, yearOf } from './year.ts';

/** Of the first seconds nothing is counted: whoever reads or writes has run for long, and so has what it compiles. */
const [READERS, RUN_MS, WARM_MS] = [20, 15_000, 10_000];
/** A reader looks at an answer before it asks again. */
const THINKING_MS = 500;
const [HOURLY_MS, YEARLY_MS] = [5, 150];

/**
 * `query [INSTITUTIONS]`: a province's year (60,000 institutions of ten registers, one of 24; here a hundredth by default), packed straight by the codec, and derived days as they follow from it.
 * A register's month by hour and an institution's year by day, alone, then by 20 readers with 667 readings/s live.
 */
export const query: Bench = async (run) => {
  const [institutions = 600] = run.args.map(Number);
  const fleet = yearOf(run.seed, institutions);
  const opened = await openBenchBooks(fleet, planting(PER_SITE, 1));
  try {
    const { books } = opened;
    await plantYear(books, fleet);
    run.say(`${await sizeOf(books, fleet)}; ${loadNow()}`);
    const service = openService({
      books,
      clock: { ...systemClock, now: () => BEGIN + DAYS * DAY },
      telemetry: silentTelemetry(),
    });
    const ask = asking(service, books, fleet);
    const failures: string[] = [];
    const firsts = await took(ask.first, institutions / PER_SITE);
    run.say(
      `the first question to a site, whose ${PER_SITE * REGISTERS} registers are read with it: p50 ${ms(firsts, 0.5)}, p99 ${ms(firsts, 0.99)}; then they are kept`,
    );
    const alone = { hourly: await warm(ask.hourly, 60), yearly: await warm(ask.yearly, 20) };
    const least = await warm(ask.least, 60);
    const live = await underLoad(opened, fleet, ask);
    const [cpuStart] = [opened.cpu()];
    for (const [what, limit, one, many] of [
      ["a register's month by hour", HOURLY_MS, alone.hourly, live.hourly],
      ["an institution's year by day, 24 registers", YEARLY_MS, alone.yearly, live.yearly],
    ] as const) {
      run.say(
        `${what}: alone p50 ${ms(one, 0.5)}, p99 ${ms(one, 0.99)}; under ${READERS} readers and 667 readings/s p50 ${ms(many, 0.5)}, p99 ${ms(many, 0.99)} (${many.length} asked); ${limit} ms wanted; ${loadNow()}`,
      );
      if (quantile(many, 0.99) > limit) failures.push(`${what}: p99 ${ms(many, 0.99)}, ${limit} ms wanted`);
    }
    run.say(
      `beside it the least question for such a month's rows: alone p50 ${ms(least, 0.5)}, p99 ${ms(least, 0.99)}; under the same readers p50 ${ms(live.least, 0.5)}, p99 ${ms(live.least, 0.99)}`,
    );
    const differing = await wrongAnswers(service, fleet);
    await service.stop();
    const all = [...live.hourly, ...live.yearly];
    return resultOf(
      {
        bench: 'query',
        rate: all.length / (RUN_MS / 1_000),
        unit: 'answers/s',
        floor: 1_000 / quantile(least, 0.5),
        cpuSecondsPerMillion: ((cpuOfTree(process.pid) + cpuStart) / all.length) * 1e6,
        rssMiB: rssMiB(),
        lost: 0,
        invented: 0,
        doubled: 0,
        differing: differing + live.lost,
        failures,
      },
      run,
    );
  } finally {
    await opened.close();
  }
};

const ms = (values: readonly number[], share: number): string => `${quantile(values, share).toFixed(1)} ms`;

async function took(ask: (n: number) => Promise<unknown>, count: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let n = 0; n < count; n++) {
    const started = performance.now();
    await ask(n);
    found.push(performance.now() - started);
  }
  return found;
}

async function warm(ask: (n: number) => Promise<unknown>, count: number): Promise<readonly number[]> {
  await took(ask, 40);
  return took(ask, count);
}

type Kind = Exclude<keyof Asking, 'first'>;

/** Of each kind how long its answers took, and the readings that came and are not in the books. A quarter as many readers more ask the least question. */
async function underLoad(
  { books, dsn }: BenchBooks,
  fleet: Fleet,
  ask: Asking,
): Promise<Readonly<Record<Kind, readonly number[]>> & { readonly lost: number }> {
  const live = startLive(dsn, fleet);
  const found: Record<Kind, number[]> = { hourly: [], yearly: [], least: [] };
  const from = performance.now() + WARM_MS;
  const until = from + RUN_MS;
  const reader = async (which: number, kindOf: (n: number) => Kind): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, (THINKING_MS * which) / READERS));
    for (let n = which; performance.now() < until; n += READERS) {
      const kind = kindOf(n);
      const started = performance.now();
      await ask[kind](n);
      if (started >= from) found[kind].push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, THINKING_MS * (0.5 + ((n * 37) % 100) / 100)));
    }
  };
  const people = Array.from({ length: READERS }, (_, which) =>
    reader(which, (n) => (n % 4 === 0 ? 'yearly' : 'hourly')),
  );
  const beside = Array.from({ length: READERS / 4 }, (_, which) => reader(which, () => 'least'));
  await Promise.all([...people, ...beside]);
  const sent = await live.stop();
  const { rows } = await books.pool.query<{ folded: number }>('select sum(folded)::int8 as folded from log_offset');
  return { ...found, lost: sent - (rows[0]?.folded ?? 0) };
}
