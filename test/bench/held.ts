import type { Books } from '../../pipeline/books/index.ts';
import { DAY, MINUTE } from '../../pipeline/domain/index.ts';
import { loadAdmitting } from '../../pipeline/ledger/admitting.ts';
import { atOf, type Fleet, noMischief, readingsOf, REGISTERS } from './core/fleet.ts';
import { type LagWatch, type Waits, watchLag } from './core/lag.ts';
import { packedDay } from './core/packed.ts';
import type { Order } from './core/producer-child.ts';
import { type Rig, withRig } from './core/rig.ts';
import { verifyBooks } from './core/verify.ts';
import { type BenchResult, type BenchRun, loadNow, resultOf } from './form.ts';

const PARTITIONS = 8;
const INTERVAL = 15 * MINUTE;
/** Frames a second, more than any broker here takes. */
const AT_ONCE = 200_000;
const [BACK_WITHIN_S, P99_WITHIN_S, BYTES_PER_REGISTER] = [30, 10, 300];

/**
 * `kafka registers [REGISTERS] [SECONDS]`: so many registers at one reading a quarter-hour (the nation: 15,800,000). The books hold the day up to its last hour, and what the worker before has kept of the registry, as at
 * a worker's restart: first one starts while frames come at their usual rate, then another gets the next frame of every other device at once, so that it must have read the whole hot day back; then frames come at their usual rate again.
 */
export async function heldRegisters(run: BenchRun): Promise<BenchResult> {
  const [registers = 158_000, seconds = 20] = run.args.slice(1).map(Number);
  const devices = Math.floor(registers / REGISTERS);
  const begin = Math.floor(Date.now() / DAY - 1) * DAY;
  const fleet: Fleet = {
    seed: run.seed,
    devices,
    intervalMs: INTERVAL,
    begin,
    steps: DAY / INTERVAL - 3,
    partitions: PARTITIONS,
  };
  return withRig(fleet, async (rig) => {
    const { topic, opened, producer } = rig;
    await plantDay(opened.books, { ...fleet, steps: fleet.steps - 1 });
    const registrySeconds = [await registryRead(opened.books), await registryRead(opened.books)];
    const [round, perSecond] = [fleet.steps - 1, devices / (INTERVAL / 1_000)];
    const sent = Math.min(devices, Math.round(perSecond * seconds));
    const usual = (step: number): Order => ({ fleet, from: step * devices, to: step * devices + sent, perSecond });
    const starting = rig.startWorker();
    starting.tell('go');
    const cold = await waitsOf(rig, usual(round));
    starting.tell('stop');
    await starting.says('stopped');
    await producer.send({
      ...usual(round),
      from: round * devices + sent,
      to: fleet.steps * devices,
      perSecond: AT_ONCE,
    });
    const worker = rig.startWorker();
    const idle = await worker.says('assigned');
    worker.tell('go');
    const first = await worker.says('first');
    const serverFirst = opened.cpu();
    const back = await worker.says('caught-up');
    const lag = watchLag(opened.books, topic.log);
    await untilBooked(lag);
    const secondsBack = (Date.now() - first.at) / 1_000;
    await lag.stop();
    const serverCpu = opened.cpu() - serverFirst;
    const bytes = ((back.rssMiB - idle.rssMiB) * 2 ** 20) / registers;
    const verdict = await verifyBooks(opened.books, fleet, noMischief(), false, run.say, 'brackets');
    const warm = await waitsOf(rig, usual(fleet.steps));
    worker.tell('stop');
    const stopped = await worker.says('stopped');
    run.say(
      `${registers} registers of ${devices} devices, the day up to ${new Date(atOf(fleet, round)).toISOString().slice(11, 16)}; ${loadNow()}`,
    );
    run.say(
      `a worker just started, ${Math.round(perSecond)} frames/s for ${seconds} s: from produce to books p50 ${cold.p50.toFixed(2)} s, p99 ${cold.p99.toFixed(2)} s; one that holds all: p50 ${warm.p50.toFixed(2)} s, p99 ${warm.p99.toFixed(2)} s`,
    );
    run.say(
      `hot day back, with the next frame of every device in the books, ${secondsBack.toFixed(1)} s after the first record; ${bytes.toFixed(0)} bytes of memory a register (registry included); read and joined after ${((back.at - first.at) / 1_000).toFixed(1)} s; CPU s of worker ${(back.cpu - first.cpu).toFixed(1)}, server ${serverCpu.toFixed(1)}`,
    );
    run.say(
      `RSS, MiB: ${idle.rssMiB.toFixed(0)} before, ${back.rssMiB.toFixed(0)} then, ${stopped.rssMiB.toFixed(0)} at the end, ${stopped.peakMiB.toFixed(0)} at most; the registry was read for the first time in ${registrySeconds[0]?.toFixed(1)} s, as it is kept in ${registrySeconds[1]?.toFixed(1)} s`,
    );
    const failures = [
      ...(secondsBack > BACK_WITHIN_S
        ? [`the hot day took ${secondsBack.toFixed(1)} s, ${BACK_WITHIN_S} s at most wanted`]
        : []),
      ...(bytes > BYTES_PER_REGISTER
        ? [`${bytes.toFixed(0)} bytes a register, ${BYTES_PER_REGISTER} at most wanted`]
        : []),
      ...[cold, warm]
        .filter(({ p99 }) => p99 > P99_WITHIN_S)
        .map(({ p99 }) => `p99 ${p99.toFixed(1)} s, ${P99_WITHIN_S} s at most wanted`),
    ];
    return resultOf(
      {
        bench: 'kafka',
        rate: ((devices - sent) * REGISTERS) / secondsBack,
        unit: 'readings/s',
        floor: 0,
        cpuSecondsPerMillion: ((stopped.cpu - first.cpu) / readingsOf({ ...fleet, steps: 1 })) * 1e6,
        rssMiB: stopped.rssMiB,
        ...verdict,
        failures,
      },
      run,
    );
  });
}

/** How long frames of this order wait until they are in the books, seconds. */
async function waitsOf({ topic, opened, producer }: Rig, order: Order): Promise<Waits> {
  const lag = watchLag(opened.books, topic.log);
  await producer.send(order);
  await lag.looked();
  await untilBooked(lag);
  return lag.stop();
}

/** Seconds. */
async function registryRead({ db }: Books): Promise<number> {
  const started = performance.now();
  await loadAdmitting(db);
  return (performance.now() - started) / 1_000;
}

async function untilBooked(lag: LagWatch): Promise<void> {
  while (lag.now() > 0) await new Promise((resolve) => setTimeout(resolve, 50));
}

const CHUNK = 2_000;

/** Packed rows of the fleet's day straight from the codec, as a worker would have left them. */
async function plantDay(books: Books, fleet: Fleet): Promise<void> {
  const day = Math.floor(fleet.begin / DAY);
  await books.ensurePartitions([day]);
  const { rows } = await books.pool.query<{ key: number; device: number }>(
    `select key, substr(id, 5)::int4 as device from device order by key`,
  );
  for (let at = 0; at < rows.length; at += CHUNK) {
    const part = rows.slice(at, at + CHUNK);
    await books.pool.query(
      `insert into bracket (device_key, day, part, version, payload) select k, $2, 0, 1, p from unnest($1::int4[], $3::bytea[]) as u(k, p)`,
      [part.map((r) => r.key), day, part.map((r) => Buffer.from(packedDay(fleet, r.device, day)))],
    );
  }
  await books.pool.query('analyze bracket');
}
