import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Books } from '../../pipeline/books/index.ts';
import { dumpBooks } from '../../pipeline/index.ts';
import { type BenchBooks, openBenchBooks, sizesOf } from './core/books.ts';
import { type BrokerLog, fill, startBenchBroker, TOPIC } from './core/broker.ts';
import { dayOf, type Fleet, inBatches, noMischief, readingsOf, registerHoursOf, REGISTERS } from './core/fleet.ts';
import { parseFloor, writeFloor } from './core/floors.ts';
import { verifyBooks } from './core/verify.ts';
import type { Said } from './core/worker-child.ts';
import { startWorker } from './core/workers.ts';
import { type Bench, type BenchRun, loadNow, resultOf } from './form.ts';

const PARTITIONS = 8;
const DEVICES = 350;

/**
 * `drain [DEVICES] [MINUTES] [WORKERS]`: a day of backlog, frames of ten readings at one every so many minutes, from a real broker into PostgreSQL; beside it Kafka
 * Streams exactly-once on the same broker and topic, where its folder is at hand. WORKERS `1,2,4`: so many processes, one after the other, into
 * books of their own, which must be the same.
 */
export const drain: Bench = async (run) => {
  const [devices = DEVICES, interval = 1] = run.args.slice(0, 2).map(Number);
  const workers = (run.args[2] ?? '1').split(',').map(Number);
  const fleet = dayOf(run.seed, devices, interval, PARTITIONS);
  const readings = readingsOf(fleet);
  const told = { ...noMischief(), withoutPoison: true };
  const topic = await startBenchBroker(PARTITIONS);
  try {
    const sent = await fill(topic.log, fleet, told);
    run.say(
      `${sent} frames of ${devices} devices in ${PARTITIONS} partitions, one every ${interval} min; ${JSON.stringify(told)}; ${loadNow()}`,
    );
    const runs: Drained[] = [];
    for (const count of workers) runs.push(await drained(run, topic, fleet, told, count));
    const [first] = runs;
    if (!first) throw new Error('no workers');
    const peer = await streams(topic, readings + told.twice * REGISTERS + told.unknown * (REGISTERS + 1));
    const failures = runs.filter((r) => r.hash !== first.hash).map((r) => `${r.workers} workers gave other books`);
    if (peer) {
      const rate = readings / first.bookedSeconds / peer.rate;
      const cpu = peer.cpuSecondsPerMillion / first.bookedCpu;
      run.say(
        `${peer.peer}: ${peer.rate} readings/s, ${peer.cpuSecondsPerMillion} CPU s per million: ${rate.toFixed(1)} times its rate, 1/${cpu.toFixed(1)} of its CPU; ${loadNow()}`,
      );
      if (rate < 4) failures.push(`${rate.toFixed(1)} times the rate of Kafka Streams, 4 wanted`);
      if (cpu < 5) failures.push(`1/${cpu.toFixed(1)} of the CPU of Kafka Streams, 1/5 wanted`);
    } else run.say('Kafka Streams is not at hand: its folder ../shared/peers/kafka-streams is missing');
    const total = { lost: 0, invented: 0, doubled: 0, differing: 0 };
    for (const r of runs)
      for (const key of ['lost', 'invented', 'doubled', 'differing'] as const) total[key] += r.verdict[key];
    return resultOf(
      {
        bench: 'drain',
        rate: readings / first.seconds,
        unit: 'readings/s',
        floor: first.floor,
        cpuSecondsPerMillion: first.cpu,
        rssMiB: first.rssMiB,
        ...total,
        failures,
      },
      run,
    );
  } finally {
    await topic.close();
  }
};

interface Drained {
  readonly workers: number;
  readonly seconds: number;
  readonly bookedSeconds: number;
  /** CPU seconds per million readings of workers and server: until the books were complete, and with derived totals. */
  readonly bookedCpu: number;
  readonly cpu: number;
  readonly rssMiB: number;
  readonly floor: number;
  readonly hash: string;
  readonly verdict: Awaited<ReturnType<typeof verifyBooks>>;
}

async function drained(
  run: BenchRun,
  topic: BrokerLog,
  fleet: Fleet,
  told: ReturnType<typeof noMischief>,
  count: number,
): Promise<Drained> {
  const opened = await openBenchBooks(fleet);
  const spec = { dsn: opened.dsn, brokers: topic.broker.brokers, partitions: PARTITIONS, group: `bench-${count}` };
  const children = Array.from({ length: count }, () => startWorker(spec));
  const all = (what: Said['what']): Promise<readonly Said[]> => Promise.all(children.map((c) => c.says(what)));
  try {
    const [before, server] = [await sizesOf(opened.books), opened.cpu()];
    // one waits until it holds all; several share while they run, as they would
    if (count > 1) for (const child of children) child.tell('go');
    const assigned = await all('assigned');
    for (const child of children) child.tell('go');
    const began = count > 1 ? assigned : await all('first');
    if (count > 1) await allBooked(opened.books, topic);
    else await all('caught-up');
    for (const child of children) child.tell('stop');
    const stopped = await all('stopped');
    const bookedServer = opened.cpu() - server;
    children[0]?.tell('settle');
    const settled = await children[0]?.says('settled');
    const settledServer = opened.cpu() - server;
    if (!settled) throw new Error('no worker');
    return await measured(run, opened, fleet, told, { before, began, stopped, settled, bookedServer, settledServer });
  } finally {
    for (const child of children) await child.end();
    await opened.close();
  }
}

/** Until the books stand where the log ends. */
async function allBooked(books: Books, { log }: BrokerLog): Promise<void> {
  const high = [...(await log.bounds()).values()].reduce((sum, b) => sum + b.high, 0);
  for (;;) {
    const { rows } = await books.pool.query<{ next: number }>('select sum(next_offset)::int8 as next from log_offset');
    if (rows[0]?.next === high) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Course {
  readonly before: Awaited<ReturnType<typeof sizesOf>>;
  readonly began: readonly Said[];
  readonly stopped: readonly Said[];
  readonly settled: Said;
  readonly bookedServer: number;
  readonly settledServer: number;
}

async function measured(
  { say }: BenchRun,
  { books }: BenchBooks,
  fleet: Fleet,
  told: ReturnType<typeof noMischief>,
  { before, began, stopped, settled, bookedServer, settledServer }: Course,
): Promise<Drained> {
  const readings = readingsOf(fleet);
  const start = Math.min(...began.map((s) => s.at));
  const bookedSeconds = (Math.max(...stopped.map((s) => s.at)) - start) / 1_000;
  const seconds = (settled.at - start) / 1_000;
  const worker = stopped.reduce((sum, s, i) => sum + s.cpu - (began[i]?.cpu ?? 0), 0);
  const settling = settled.cpu - (stopped[0]?.cpu ?? 0);
  const perMillion = (cpu: number): number => (cpu / readings) * 1e6;
  const after = await sizesOf(books);
  const floor =
    parseFloor(inBatches({ ...fleet, steps: fleet.steps / 24 }, noMischief())) * 24 + (await writeFloor(books));
  const verdict = await verifyBooks(books, fleet, told, true, say);
  const { hash } = await dumpBooks(books.db);
  const batches = stopped.reduce((sum, s) => sum + s.batches, 0);
  const records = stopped.reduce((sum, s) => sum + s.records, 0);
  say(
    `${stopped.length} workers: books ${perSecond(readings / bookedSeconds)}/s after ${bookedSeconds.toFixed(2)} s, with derived totals ${perSecond(readings / seconds)}/s after ${seconds.toFixed(2)} s; ${loadNow()}`,
  );
  say(
    `  CPU s per million: workers ${perMillion(worker).toFixed(3)}, server ${perMillion(bookedServer).toFixed(3)}; with derived totals ${perMillion(worker + settling).toFixed(3)} and ${perMillion(settledServer).toFixed(3)}; ${Math.round(records / batches)} records a batch; books ${hash.slice(0, 12)}`,
  );
  say(
    `  ${(after.bracketBytes / registerHoursOf(fleet)).toFixed(1)} bytes on disk a register-hour, ${((after.wal - before.wal) / readings).toFixed(2)} bytes of WAL a reading, HOT ${after.hotUpdates} of ${after.updates} updates`,
  );
  return {
    workers: stopped.length,
    seconds,
    bookedSeconds,
    bookedCpu: perMillion(worker + bookedServer),
    cpu: perMillion(worker + settling + settledServer),
    rssMiB: Math.max(...stopped.map((s) => s.rssMiB)),
    floor: readings / floor,
    hash,
    verdict,
  };
}

const perSecond = (rate: number): string => Math.round(rate).toLocaleString('en');

interface Peer {
  readonly peer: string;
  readonly rate: number;
  readonly cpuSecondsPerMillion: number;
}

const PEER = fileURLToPath(new URL('../../../shared/peers/kafka-streams/run', import.meta.url));
const PEER_HOME = fileURLToPath(new URL('../../node_modules/.cache/peer-kafka-streams', import.meta.url));

/** What Kafka Streams makes of the same topic, exactly-once, with as many threads as the machine has cores (two). */
async function streams({ broker }: BrokerLog, readings: number): Promise<Peer | undefined> {
  const { existsSync } = await import('node:fs');
  if (!existsSync(PEER)) return undefined;
  const child = spawn(PEER, [broker.brokers.join(','), TOPIC, String(readings), 'exactly_once_v2', '2'], {
    env: { ...process.env, PEER_HOME },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const onExit = (): boolean => child.kill('SIGKILL');
  process.once('exit', onExit);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  process.off('exit', onExit);
  const line = Buffer.concat(chunks).toString().trim().split('\n').at(-1) ?? '';
  if (code !== 0 || !line.startsWith('{')) throw new Error(`Kafka Streams ended with ${code}: ${line}`);
  return JSON.parse(line) as Peer; // a line of its own making
}
