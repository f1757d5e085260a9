import type { Books } from '../../pipeline/books/index.ts';
import { DAY, HOUR } from '../../pipeline/domain/index.ts';
import { siteKeeper } from '../../pipeline/ledger/site-keeper.ts';
import { settle as settleMarks } from '../../pipeline/rollup/settle.ts';
import { openBenchBooks } from './core/books.ts';
import { planting, REGISTERS } from './core/fleet.ts';
import { ownCpu, quantile, rssMiB } from './core/meter.ts';
import { type Bench, loadNow, resultOf } from './form.ts';
import { BEGIN, DAYS, PER_SITE, plantYear, yearOf } from './query/year.ts';

const DEVICES = 100;
/** A site may be large and its past long: what is settled of it at once is bounded. */
const MOST_MIB = 1_024;
/** Totals of what is read live are computed about once a second: half of the time is left to others. */
const ROUND_MS = 500;
const [ROUNDS, OUTAGES] = [7, 300];
const DERIVED = {
  mounting_day: 'mounting',
  usage_day: 'point',
  allocation_day: 'party, point',
  party_day: 'party, carrier',
} as const;

/**
 * `settle [DEVICES]`: a year of so many devices of ten registers, a hundred to a site, all of it marked from its beginning, as after a backlog of a year or a
 * changed registry. What comes out is held against what the generator plants; the clock stops when all of it is committed. Then rounds as they follow one another while all
 * of it is read live, so that the last day of each meter has another amount each time, with that year and some outages of each behind them.
 */
export const settle: Bench = async (run) => {
  const [devices = DEVICES] = run.args.map(Number);
  const fleet = yearOf(run.seed, devices);
  const opened = await openBenchBooks(fleet, planting(PER_SITE, 1));
  try {
    const { books } = opened;
    await plantYear(books, fleet);
    const floorSeconds = await setAside(books);
    await mark(books, BEGIN);
    const [cpu, serverCpu, started] = [ownCpu(), opened.cpu(), performance.now()];
    let [peak, groups] = [0, 0];
    await settleMarks({
      books,
      progress: () => {
        groups += 1;
        peak = Math.max(peak, rssMiB());
      },
    });
    const seconds = (performance.now() - started) / 1_000;
    const used = { settler: ownCpu() - cpu, server: opened.cpu() - serverCpu };
    const registerDays = devices * REGISTERS * DAYS;
    run.say(
      `${registerDays} register-days of ${devices} devices in ${groups} transactions, ${seconds.toFixed(1)} s; CPU s of settler ${used.settler.toFixed(1)}, server ${used.server.toFixed(1)}; ${peak.toFixed(0)} MiB at most; ${loadNow()}`,
    );
    const roundMs = await liveRound(books);
    run.say(
      `a round of all ${devices * REGISTERS} registers, read live, with a year and ${OUTAGES} outages of each behind them: ${roundMs.toFixed(0)} ms in the middle of ${ROUNDS}; ${ROUND_MS} ms wanted`,
    );
    return resultOf(
      {
        bench: 'settle',
        rate: registerDays / seconds,
        unit: 'register-days/s',
        floor: registerDays / floorSeconds,
        cpuSecondsPerMillion: ((used.settler + used.server) / registerDays) * 1e6,
        rssMiB: peak,
        ...(await compared(books)),
        failures: [
          ...(peak > MOST_MIB ? [`${peak.toFixed(0)} MiB, ${MOST_MIB} MiB at most wanted`] : []),
          ...(roundMs > ROUND_MS ? [`a live round took ${roundMs.toFixed(0)} ms, ${ROUND_MS} ms wanted`] : []),
        ],
      },
      run,
    );
  } finally {
    await opened.close();
  }
};

async function mark({ pool }: Books, from: number): Promise<void> {
  await pool.query(
    'insert into dirty (site, device, register, from_at) select d.site, d.id, r.name, $1 from device d join register r on r.device_key = d.key',
    [from],
  );
}

/** Milliseconds of the round in the middle. */
async function liveRound(books: Books): Promise<number> {
  await books.pool.query(
    `insert into finding (site, mounting, kind, from_at, to_at, device, register, from_value, to_value)
     select site, id, 'gap', $1::int8 + n * $2::int8, $1::int8 + n * $2::int8 + $3::int8, device, register, 0, 0 from mounting, generate_series(1, $4::int4) n`,
    [BEGIN, DAY, 3 * HOUR, OUTAGES],
  );
  await books.pool.query('vacuum analyze');
  const { siteOf } = siteKeeper(books.db);
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // what stood there before the reading that the round is about
    await books.pool.query(`update mounting_day d set amount = amount - 1, measured = measured - 1
      from (select max(day) as day from mounting_day) last where d.day = last.day`);
    await mark(books, BEGIN + DAYS * DAY - HOUR);
    const started = performance.now();
    await settleMarks({ books, siteOf });
    took.push(performance.now() - started);
  }
  return quantile(took, 0.5);
}

/** Keeps what was planted to compare with, and empties the tables. Answers how long it takes to write the same rows plainly. */
async function setAside({ pool }: Books): Promise<number> {
  let seconds = 0;
  for (const table of Object.keys(DERIVED)) {
    await pool.query(`create table planted_${table} as select * from ${table}`);
    await pool.query(`truncate ${table}`);
    const started = performance.now();
    await pool.query(`insert into ${table} select * from planted_${table}`);
    seconds += (performance.now() - started) / 1_000;
    await pool.query(`truncate ${table}`);
  }
  await pool.query('truncate finding, evidence');
  return seconds;
}

/** Days that are missing, that were not planted, and that have another amount. */
async function compared({ pool }: Books) {
  const found = { lost: 0, invented: 0, doubled: 0, differing: 0 };
  for (const [table, keys] of Object.entries(DERIVED)) {
    const { rows } = await pool.query<{ lost: number; invented: number; differing: number }>(`
      select count(*) filter (where s.day is null)::int4 as lost, count(*) filter (where p.day is null)::int4 as invented,
        count(*) filter (where s.amount <> p.amount)::int4 as differing
      from planted_${table} p full join ${table} s using (site, ${keys}, day)`);
    found.lost += rows[0]?.lost ?? 0;
    found.invented += rows[0]?.invented ?? 0;
    found.differing += rows[0]?.differing ?? 0;
  }
  return found;
}
