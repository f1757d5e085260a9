import { openService } from '../../../pipeline/index.ts';
import { DAY, HOUR, type Interval } from '../../../pipeline/domain/index.ts';
import type { Books } from '../../../pipeline/books/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import type { Service } from '../../../pipeline/service.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { type BenchBooks, openBenchBooks } from '../core/books.ts';
import { deviceId, type Fleet, planting, REGISTERS, registerName } from '../core/fleet.ts';
import { cpuOfTree, quantile, rssMiB } from '../core/meter.ts';
import { type Bench, loadNow, resultOf } from '../form.ts';
import { startLive } from './live.ts';
import { BEGIN, between, DAYS, OF_24, PER_SITE, plantYear, siteOf, yearOf, ZONE_MS } from './year.ts';

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
    const { rows } = await books.pool.query<{ bytes: number; brackets: number }>(
      `select pg_database_size(current_database()) as bytes, (select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'bracket'::regclass) as brackets`,
    );
    const registers = institutions * REGISTERS;
    run.say(
      `${institutions} institutions, ${registers} registers, ${DAYS} days: ${gigabytes(rows[0]?.bytes)} GB, of it packed rows ${gigabytes(rows[0]?.brackets)} GB, ${((rows[0]?.brackets ?? 0) / (registers * DAYS * 24)).toFixed(1)} bytes a register-hour; ${loadNow()}`,
    );
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

const gigabytes = (bytes: number | undefined): string => (Number(bytes ?? 0) / 1e9).toFixed(2);
const ms = (values: readonly number[], share: number): string => `${quantile(values, share).toFixed(1)} ms`;

/** Local days 1 to 364 of the year hold 24 hours. */
const MONTH: Interval = { from: BEGIN - ZONE_MS + 151 * DAY, to: BEGIN - ZONE_MS + 181 * DAY };
const YEAR: Interval = { from: BEGIN - ZONE_MS + DAY, to: BEGIN - ZONE_MS + 365 * DAY };

interface Asking {
  readonly hourly: (n: number) => Promise<unknown>;
  /** The same of the first register of a site. */
  readonly first: (site: number) => Promise<unknown>;
  readonly yearly: (n: number) => Promise<unknown>;
  /** A register's month of packed rows by the least question that gives them. */
  readonly least: (n: number) => Promise<unknown>;
}

function asking(service: Service, { pool }: Books, { devices }: Fleet): Asking {
  const firstDay = Math.floor(MONTH.from / DAY);
  const month = (device: number, register: number): Promise<unknown> => {
    const subject = { kind: 'register' as const, device: deviceId(device), register: registerName(register) };
    return service.usage({ site: siteOf(device), subject, interval: MONTH, by: 'hour' });
  };
  return {
    hourly: (n) => month((n * 7_919) % devices, n % REGISTERS),
    first: (site) => month(site * PER_SITE, 0),
    yearly: () =>
      service.usage({ site: siteOf(0), subject: { kind: 'institution', id: 'i0' }, interval: YEAR, by: 'day' }),
    least: (n) =>
      pool.query('select day, payload from bracket where device_key = $1 and part = 0 and day >= $2 and day <= $3', [
        1 + ((n * 7_919) % devices),
        firstDay,
        firstDay + 30,
      ]),
  };
}

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

/** Rows whose amounts are not what the meters show. */
async function wrongAnswers(service: Service, fleet: Fleet): Promise<number> {
  const month = await service.usage({
    site: 'bench-0',
    subject: { kind: 'register', device: deviceId(3), register: 'e4' },
    interval: MONTH,
    by: 'hour',
  });
  let wrong = month.rows.length === 720 ? 0 : 1;
  month.rows.forEach((row, i) => {
    // every device has the values of the first
    const hour = { from: MONTH.from + i * HOUR, to: MONTH.from + (i + 1) * HOUR };
    if (row.amount !== between(fleet, 0, 4, hour)) wrong += 1;
  });
  const year = await service.usage({
    site: 'bench-0',
    subject: { kind: 'institution', id: 'i0' },
    interval: YEAR,
    by: 'day',
  });
  year.rows.forEach((row, i) => {
    const day = { from: YEAR.from + i * DAY, to: YEAR.from + (i + 1) * DAY };
    const wanted = OF_24.reduce((sum, { register }) => sum + between(fleet, 0, register, day), 0);
    if (row.amount !== wanted) wrong += 1;
  });
  return wrong + (year.rows.length === 364 ? 0 : 1);
}
