import { createWorker, keepSettled, openService, sqlStore } from '../../pipeline/index.ts';
import { DAY, HOUR, type Interval, MINUTE } from '../../pipeline/domain/index.ts';
import type { Books } from '../../pipeline/books/index.ts';
import type { FrameLog, LogConsumerHandlers } from '../../pipeline/log/port.ts';
import { systemClock } from '../../pipeline/platform/index.ts';
import type { Service } from '../../pipeline/service.ts';
import { silentTelemetry } from '../support/postgres.ts';
import { openBenchBooks } from './core/books.ts';
import {
  atOf,
  deviceId,
  encodeFrameOf,
  type Fleet,
  planting,
  pointId,
  REGISTERS,
  registerName,
  valueOf,
} from './core/fleet.ts';
import { cpuOfTree, quantile, rssMiB } from './core/meter.ts';
import { packedDay } from './core/packed.ts';
import { type Bench, loadNow, resultOf } from './form.ts';

/** A district: so many institutions in one registry, a device of ten registers each. */
const PER_SITE = 100;
const INTERVAL = 15 * MINUTE;
const DAYS = 365;
const BEGIN = Date.UTC(2025, 0, 1);
const ZONE_MS = 8 * HOUR;
const [READERS, LIVE_PER_SECOND, RUN_MS] = [20, 667, 15_000];
/** A reader looks at an answer before it asks again. */
const THINKING_MS = 500;
const [HOURLY_MS, YEARLY_MS] = [5, 150];

/**
 * `query [INSTITUTIONS]`: a province's year (60,000 institutions of ten registers, one of 24; here a hundredth by default), packed straight by the codec, and derived days as they follow from it.
 * A register's month by hour and an institution's year by day, alone, then by 20 readers with 667 readings/s live.
 */
export const query: Bench = async (run) => {
  const [institutions = 600] = run.args.map(Number);
  const fleet: Fleet = {
    seed: run.seed,
    devices: institutions,
    intervalMs: INTERVAL,
    begin: BEGIN,
    steps: (DAYS * DAY) / INTERVAL,
    partitions: 1,
  };
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
    const ask = asking(service, fleet);
    const failures: string[] = [];
    const alone = { hourly: await times(ask.hourly, 60, 0), yearly: await times(ask.yearly, 20, 0) };
    const floor = await floorMs(books, fleet);
    const live = await underLoad(books, service, fleet, ask);
    const [cpuStart] = [opened.cpu()];
    for (const [what, limit, one, many] of [
      ["a register's month by hour", HOURLY_MS, alone.hourly, live.hourly],
      ["an institution's year by day, 24 registers", YEARLY_MS, alone.yearly, live.yearly],
    ] as const) {
      run.say(
        `${what}: alone p50 ${ms(one, 0.5)}, p99 ${ms(one, 0.99)}; under ${READERS} readers and ${LIVE_PER_SECOND} readings/s p50 ${ms(many, 0.5)}, p99 ${ms(many, 0.99)} (${many.length} asked); ${limit} ms wanted; ${loadNow()}`,
      );
      if (quantile(many, 0.99) > limit) failures.push(`${what}: p99 ${ms(many, 0.99)}, ${limit} ms wanted`);
    }
    const differing = await wrongAnswers(service, fleet);
    await service.stop();
    const all = [...live.hourly, ...live.yearly];
    return resultOf(
      {
        bench: 'query',
        rate: all.length / (RUN_MS / 1_000),
        unit: 'answers/s',
        floor: 1_000 / floor,
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
  readonly yearly: (n: number) => Promise<unknown>;
}

function asking(service: Service, { devices }: Fleet): Asking {
  const site = (device: number): string => `bench-${Math.floor(device / PER_SITE)}`;
  return {
    hourly: (n) => {
      const device = (n * 7_919) % devices;
      const subject = { kind: 'register' as const, device: deviceId(device), register: registerName(n % REGISTERS) };
      return service.usage({ site: site(device), subject, interval: MONTH, by: 'hour' });
    },
    yearly: () =>
      service.usage({ site: site(0), subject: { kind: 'institution', id: 'i0' }, interval: YEAR, by: 'day' }),
  };
}

async function times(ask: (n: number) => Promise<unknown>, count: number, from: number): Promise<readonly number[]> {
  for (let n = 0; n < 5; n++) await ask(from + n);
  const found: number[] = [];
  for (let n = 0; n < count; n++) {
    const started = performance.now();
    await ask(from + n);
    found.push(performance.now() - started);
  }
  return found;
}

/** A register's month of packed rows by the least question that gives them. */
async function floorMs(books: Books, fleet: Fleet): Promise<number> {
  const day = Math.floor(MONTH.from / DAY);
  const found = await times(
    (n) =>
      books.pool.query(
        'select day, payload from bracket where device_key = $1 and part = 0 and day >= $2 and day <= $3',
        [1 + ((n * 7_919) % fleet.devices), day, day + 30],
      ),
    60,
    0,
  );
  return quantile(found, 0.5);
}

async function underLoad(
  books: Books,
  service: Service,
  fleet: Fleet,
  ask: Asking,
): Promise<{ readonly hourly: readonly number[]; readonly yearly: readonly number[]; readonly lost: number }> {
  const stop = new AbortController();
  const live = liveLog(fleet, stop.signal);
  const worker = createWorker({
    store: sqlStore(books),
    log: live.log,
    clock: systemClock,
    telemetry: silentTelemetry(),
  });
  const running = worker.run(stop.signal);
  const settling = keepSettled(service, { clock: systemClock, telemetry: silentTelemetry() }, stop.signal);
  const found = { hourly: [] as number[], yearly: [] as number[] };
  const until = performance.now() + RUN_MS;
  const reader = async (which: number): Promise<void> => {
    for (let n = which; performance.now() < until; n += READERS) {
      const kind = n % 4 === 0 ? 'yearly' : 'hourly';
      const started = performance.now();
      await ask[kind](n);
      found[kind].push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, THINKING_MS * (0.5 + ((n * 37) % 100) / 100)));
    }
  };
  await Promise.all(Array.from({ length: READERS }, (_, n) => reader(n)));
  stop.abort();
  await Promise.all([running, settling]);
  const { rows } = await books.pool.query<{ folded: number }>('select sum(folded)::int8 as folded from log_offset');
  return { ...found, lost: live.sent() - (rows[0]?.folded ?? 0) };
}

/** A log to which devices' next frames come in turn, some every tenth of a second. */
function liveLog(fleet: Fleet, signal: AbortSignal): { readonly log: FrameLog; readonly sent: () => number } {
  let frames = 0;
  const unused = (): never => {
    throw new Error('not part of this bench');
  };
  const feed = async (handlers: LogConsumerHandlers): Promise<void> => {
    await handlers.assigned([0]);
    const started = performance.now();
    while (!signal.aborted) {
      const due = Math.floor((((performance.now() - started) / 1_000) * LIVE_PER_SECOND) / REGISTERS);
      const batch = Array.from({ length: due - frames }, (_, i) => {
        const [step, device] = [fleet.steps + Math.floor((frames + i) / fleet.devices), (frames + i) % fleet.devices];
        const value = Buffer.from(
          encodeFrameOf(fleet, device, step)
            .toString()
            .replace(/"site":"[^"]*"/, `"site":"bench-${Math.floor(device / PER_SITE)}"`),
        );
        return { partition: 0, offset: frames + i, appendedAt: atOf(fleet, step), value };
      });
      frames = Math.max(frames, due);
      if (batch.length > 0) await handlers.records(0, batch);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  return {
    sent: () => frames * REGISTERS,
    log: {
      identity: async () => 'live',
      partitionCount: 1,
      producer: unused,
      consumer: async () => ({ run: feed, rejoin: unused, stop: async () => undefined }),
      bounds: async () => new Map([[0, { low: 0, high: frames }]]),
      scan: unused,
      trim: unused,
      close: async () => undefined,
    },
  };
}

const stepAt = (fleet: Fleet, at: number): number => (at - fleet.begin) / fleet.intervalMs;
const between = (fleet: Fleet, device: number, register: number, { from, to }: Interval): number =>
  valueOf(fleet.seed, device, register, stepAt(fleet, to)) - valueOf(fleet.seed, device, register, stepAt(fleet, from));

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

/** The registers of the institution that has 24: of its own device and of the next two. */
const OF_24 = Array.from({ length: 24 }, (_, i) => ({ device: Math.floor(i / REGISTERS), register: i % REGISTERS }));

async function plantYear(books: Books, fleet: Fleet): Promise<void> {
  const { pool } = books;
  const first = BEGIN / DAY;
  const days = Array.from({ length: DAYS }, (_, i) => first + i);
  await books.ensurePartitions([...days, first + DAYS, first + DAYS + 1]);
  await pool.query(
    `update allocation set rule = jsonb_set(rule, '{shares,0,institution}', '"i0"') where point = any($1)`,
    [OF_24.map(({ device, register }) => pointId(device, registerName(register)))],
  );
  await pool.query('create table template (day int4, payload bytea)');
  await pool.query('insert into template select * from unnest($1::int4[], $2::bytea[])', [
    days,
    days.map((day) => Buffer.from(packedDay(fleet, 0, day))),
  ]);
  await pool.query('insert into bracket select d.key, t.day, 0, 1, t.payload from device d, template t');
  const last = atOf(fleet, fleet.steps - 1);
  const local = Array.from({ length: DAYS + 1 }, (_, i) => first + i);
  const amounts = local.flatMap((day) =>
    Array.from({ length: REGISTERS }, (_, register) => {
      const [from, to] = [Math.max(BEGIN, day * DAY - ZONE_MS), Math.min(last, (day + 1) * DAY - ZONE_MS)];
      return { day, register: registerName(register), amount: between(fleet, 0, register, { from, to }) };
    }),
  );
  await pool.query('create table amount (day int4, register text, amount int8)');
  await pool.query('insert into amount select * from unnest($1::int4[], $2::text[], $3::int8[])', [
    amounts.map((a) => a.day),
    amounts.map((a) => a.register),
    amounts.map((a) => a.amount),
  ]);
  for (const statement of DERIVED) await pool.query(statement, statement.includes('$1') ? [BEGIN, last] : []);
  // the months are over: packed tight, as the housekeeping leaves them
  await books.tend(first + DAYS + 40);
  await pool.query('analyze bracket');
}

/** What the settler would have made of it. */
const DERIVED = [
  `insert into mounting_day select m.site, m.id, a.day, a.amount, a.amount, 0, 0 from mounting m join amount a on a.register = m.register`,
  `insert into usage_day select m.site, m.point, a.day, a.amount, a.amount, 0, 0, 0 from mounting m join amount a on a.register = m.register`,
  `insert into allocation_day (site, party, day, point, amount)
   select m.site, l.rule->'shares'->0->>'institution', a.day, m.point, a.amount
   from mounting m join allocation l on l.site = m.site and l.point = m.point join amount a on a.register = m.register`,
  `insert into evidence select site, id, $1::int8, 0, $2::int8, 0 from mounting`,
  `drop table template`,
  `drop table amount`,
  `vacuum analyze`,
];
