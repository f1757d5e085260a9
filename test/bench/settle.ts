import type { Books } from '../../pipeline/books/index.ts';
import { settle as settleMarks } from '../../pipeline/rollup/settle.ts';
import { openBenchBooks } from './core/books.ts';
import { planting, REGISTERS } from './core/fleet.ts';
import { ownCpu, rssMiB } from './core/meter.ts';
import { type Bench, loadNow, resultOf } from './form.ts';
import { BEGIN, DAYS, PER_SITE, plantYear, yearOf } from './query/year.ts';

const DEVICES = 100;
/** A site may be large and its past long: what is settled of it at once is bounded. */
const MOST_MIB = 1_024;
const DERIVED = { mounting_day: 'mounting', usage_day: 'point', allocation_day: 'party, point' } as const;

/**
 * `settle [DEVICES]`: a year of so many devices of ten registers, a hundred to a site, all of it marked from its beginning, as after a backlog of a year or a
 * changed registry. What comes out is held against what the generator plants; the clock stops when all of it is committed.
 */
export const settle: Bench = async (run) => {
  const [devices = DEVICES] = run.args.map(Number);
  const fleet = yearOf(run.seed, devices);
  const opened = await openBenchBooks(fleet, planting(PER_SITE, 1));
  try {
    const { books } = opened;
    await plantYear(books, fleet);
    const floorSeconds = await setAside(books);
    await books.pool.query(
      'insert into dirty (site, device, register, from_at) select d.site, d.id, r.name, $1 from device d join register r on r.device_key = d.key',
      [BEGIN],
    );
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
    return resultOf(
      {
        bench: 'settle',
        rate: registerDays / seconds,
        unit: 'register-days/s',
        floor: registerDays / floorSeconds,
        cpuSecondsPerMillion: ((used.settler + used.server) / registerDays) * 1e6,
        rssMiB: peak,
        ...(await compared(books)),
        failures: peak > MOST_MIB ? [`${peak.toFixed(0)} MiB, ${MOST_MIB} MiB at most wanted`] : [],
      },
      run,
    );
  } finally {
    await opened.close();
  }
};

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
