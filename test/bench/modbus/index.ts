import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ended, messageOf, spawnOnCore } from '../cores.ts';
import { type Bench, type BenchRun, type Correctness, loadNow, resultOf, sumOf } from '../form.ts';
import { CACHE } from '../folder.ts';
import { eachFrame } from '../frames.ts';
import { cpuPerMillion, described, rateOf, totals, type Usage } from '../usage.ts';
import { startWordServer, type WordServer } from './server.ts';
import type { ChildTask } from './task.ts';
import { createJudge } from './judge.ts';

const [CLIENT_CORE, SERVER_CORE] = [0, 1];

interface Mode {
  readonly name: string;
  /** 100 devices: 100 ms are 1,000 requests/s; at 1 ms each line asks as soon as it may. */
  readonly intervalMs: number;
  readonly seconds: number;
}
const PACED: Mode = { name: 'paced at 1,000 requests/s', intervalMs: 100, seconds: 15 };
const SATURATED: Mode = { name: 'saturated', intervalMs: 1, seconds: 10 };
const WARM_UP_SECONDS = 4;

/**
 * 100 devices of 120 registers, each on its own line, read by the collectors of the program into its spool. One core has
 * the client with all its threads, the other the server. Every answer that the server gave must be in the spool, once and right.
 */
export const modbus: Bench = async (run) => {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'modbus-'));
  try {
    run.say(`seed ${run.seed}, ${loadNow()}`);
    const floors = { paced: await floorOf(PACED, folder, run), saturated: await floorOf(SATURATED, folder, run) };
    const paced = await collect(PACED, folder, run);
    const saturated = await collect(SATURATED, folder, run);
    run.say(
      `paced, over the floor: ${(cpuPerMillion(paced.usage) / cpuPerMillion(floors.paced)).toFixed(2)} times its CPU`,
    );
    return resultOf(
      {
        bench: 'modbus',
        rate: rateOf(saturated.usage),
        unit: 'registers/s',
        floor: rateOf(floors.saturated),
        cpuSecondsPerMillion: cpuPerMillion(paced.usage),
        rssMiB: Math.max(paced.usage.rssMiB, saturated.usage.rssMiB),
        ...sumOf(paced.findings, saturated.findings),
      },
      run,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
};

async function floorOf(mode: Mode, folder: string, { seed, say }: BenchRun): Promise<Usage> {
  const server = await startWordServer(CACHE, SERVER_CORE, seed);
  try {
    const child = startChild('floor-child.ts', taskOf(mode, server, folder));
    const { usage } = await messageOf<{ usage: Usage }>(child);
    await ended(child);
    say(described(`floor, ${mode.name}`, usage));
    return usage;
  } finally {
    await server.close();
  }
}

interface Collected {
  readonly usage: Usage;
  readonly findings: Correctness;
}

async function collect(mode: Mode, folder: string, { seed, say }: BenchRun): Promise<Collected> {
  const server = await startWordServer(CACHE, SERVER_CORE, seed);
  try {
    const task = taskOf(mode, server, folder);
    const child = startChild('collector-child.ts', task);
    const { usage } = await messageOf<{ usage: Usage }>(child);
    const answers = await server.hold();
    child.send(answers.reduce((sum, n) => sum + n, 0));
    const { events } = await messageOf<{ events: Readonly<Record<string, number>> }>(child);
    await ended(child);
    say(`${described(`collector, ${mode.name}`, usage)}, ${loadNow()}`);
    for (const [event, count] of Object.entries(totals(events))) say(`  ${event}: ${count}`);
    const judge = createJudge(seed, answers);
    await eachFrame(task.file, judge.take);
    return { usage, findings: judge.verdict() };
  } finally {
    await server.close();
  }
}

const taskOf = ({ intervalMs, seconds }: Mode, { ports }: WordServer, folder: string): ChildTask => {
  return {
    ports,
    intervalMs,
    warmUpSeconds: WARM_UP_SECONDS,
    seconds,
    file: join(folder, `${intervalMs}.db`),
    log: join(folder, `${intervalMs}.log`),
  };
};

const startChild = (file: string, task: ChildTask): ReturnType<typeof spawnOnCore> =>
  spawnOnCore(
    CLIENT_CORE,
    process.execPath,
    [join(import.meta.dirname, file), JSON.stringify(task)],
    ['ignore', 'inherit', 'inherit', 'ipc'],
  );
