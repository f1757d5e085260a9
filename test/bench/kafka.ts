import { loadAdmitting } from '../../pipeline/ledger/admitting.ts';
import { sizesOf } from './core/books.ts';
import { type Fleet, inBatches, noMischief, readingsOf, registerHoursOf, REGISTERS } from './core/fleet.ts';
import { parseFloor, writeFloor } from './core/floors.ts';
import { watchLag } from './core/lag.ts';
import { withRig } from './core/rig.ts';
import { verifyBooks } from './core/verify.ts';
import { type Bench, loadNow, resultOf } from './form.ts';
import { heldRegisters } from './held.ts';

const PARTITIONS = 8;
/** 15.84 million registers of ten a device, a frame a minute. */
const NATION = 26_400;
/** In which the lag must be gone after the last frame. */
const PATIENCE_MS = 10_000;

/**
 * `kafka [SECONDS] [FRAMES_A_SECOND] [DEVICES]`: frames of ten readings produced beside it by another process, at the rate of every public institution of the country at one minute.
 * In the short form each device sends a frame a second, in the full form (`kafka 600 26400 1584000`) one a minute.
 * `kafka registers [REGISTERS] [SECONDS]`: see held.ts.
 */
export const kafka: Bench = async (run) => {
  if (run.args[0] === 'registers') return heldRegisters(run);
  const [seconds = 30, perSecond = NATION, devices = perSecond] = run.args.map(Number);
  const interval = Math.round((devices / perSecond) * 1_000);
  const begin = Math.floor(Date.now() / 60_000) * 60_000;
  const steps = Math.max(1, Math.round((seconds * perSecond) / devices));
  const fleet: Fleet = { seed: run.seed, devices, intervalMs: interval, begin, steps, partitions: PARTITIONS };
  return withRig(fleet, async ({ topic, opened, producer, startWorker }) => {
    // as the worker before has left it: registries are read at the first start only
    await loadAdmitting(opened.books.db);
    const worker = startWorker();
    await worker.says('assigned');
    worker.tell('go');
    const [before, server] = [await sizesOf(opened.books), opened.cpu()];
    const lag = watchLag(opened.books, topic.log);
    const delivered = await producer.send({ fleet, from: 0, to: devices * steps, perSecond });
    const ended = performance.now();
    while (performance.now() - ended < PATIENCE_MS && lag.now() > 0)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const [left, after] = [lag.now(), (performance.now() - ended) / 1_000];
    const latency = await lag.stop();
    worker.tell('stop');
    const stopped = await worker.says('stopped');
    const first = await worker.says('first');
    const used = { worker: stopped.cpu - first.cpu, server: opened.cpu() - server };
    const sizes = await sizesOf(opened.books);
    const readings = readingsOf(fleet);
    const told = noMischief();
    const parse =
      (parseFloor(inBatches({ ...fleet, devices: Math.min(devices, 2_000) }, noMischief())) * devices) /
      Math.min(devices, 2_000);
    const write = await writeFloor(opened.books);
    const verdict = await verifyBooks(opened.books, fleet, told, false, run.say);
    const perMillion = (cpu: number): string => ((cpu / readings) * 1e6).toFixed(3);
    run.say(
      `${perSecond} frames/s of ${devices} devices for ${delivered.seconds.toFixed(1)} s, the producer at most ${delivered.behind.toFixed(2)} s behind; ${loadNow()}`,
    );
    run.say(
      `lag at most ${lag.most()} records, ${left} after ${after.toFixed(1)} s; from produce to books p50 ${latency.p50.toFixed(2)} s, p99 ${latency.p99.toFixed(2)} s; ${Math.round(stopped.records / stopped.batches)} records a batch`,
    );
    run.say(
      `CPU s per million readings: worker ${perMillion(used.worker)}, server ${perMillion(used.server)}, producer ${perMillion(delivered.cpu)}`,
    );
    run.say(
      `${(sizes.bracketBytes / registerHoursOf(fleet)).toFixed(1)} bytes on disk a register-hour; ${((sizes.wal - before.wal) / readings).toFixed(1)} bytes of WAL a reading; HOT ${sizes.hotUpdates} of ${sizes.updates} updates`,
    );
    const rate = readings / delivered.seconds;
    const failures = [
      ...(left > 0 ? [`${left} records behind, ${PATIENCE_MS / 1_000} s after the last`] : []),
      ...(rate < perSecond * REGISTERS * 0.98
        ? [`the producer gave ${Math.round(rate)} of ${perSecond * REGISTERS} readings/s`]
        : []),
    ];
    return resultOf(
      {
        bench: 'kafka',
        rate,
        unit: 'readings/s',
        floor: readings / (parse + write),
        cpuSecondsPerMillion: ((used.worker + used.server) / readings) * 1e6,
        rssMiB: stopped.rssMiB,
        ...verdict,
        failures,
      },
      run,
    );
  });
};
