import type { ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { trustCertificate, trustFault } from '../../../collectors/opcua/trust.ts';
import type { OpcUaConnection } from '../../../collectors/contract.ts';
import { ended, messageOf, spawnOnCore } from '../cores.ts';
import { type Bench, type BenchRun, type Correctness, loadNow, resultOf, sumOf } from '../form.ts';
import { eachFrame } from '../frames.ts';
import { CACHE } from '../folder.ts';
import { cpuPerMillion, described, rateOf, totals, type Usage } from '../usage.ts';
import { createJudge, type Expected } from './judge.ts';
import { type BenchServer, startBenchServer } from './server.ts';
import { REGISTERS, tickAt, TICK_MS } from './site.ts';
import type { ClientTask } from './task.ts';

const VALUES_PER_SECOND = 50_000;
const [CLIENT_CORE, SERVER_CORE] = [0, 1];
const [WARM_UP_SECONDS, SECONDS, FLOOR_SECONDS] = [8, 10, 6];
/** A value is in a frame at the latest when the interval after its own has been read. */
const LAST_READ_MS = 3 * TICK_MS;

type Security = OpcUaConnection['security'];

/**
 * As many nodes as values a second are wanted (the first argument; 50,000) on an independent server, each of which changes once a second, collected by the program into its spool at an interval of
 * a second, plain and signed and encrypted. One core has the client with all its threads, the other the server. Every value of
 * the measured time must be in the spool, once and right.
 */
export const opcua: Bench = async (run) => {
  const devices = Math.max(1, Math.round(Number(run.args[0] ?? VALUES_PER_SECOND) / REGISTERS));
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'opcua-'));
  const server = await startBenchServer(join(folder, 'server'), SERVER_CORE, run.seed, devices);
  try {
    run.say(`seed ${run.seed}, ${loadNow()}`);
    const floors: Usage[] = [];
    const modes: Mode[] = [];
    for (const security of ['none', 'sign-and-encrypt'] as const) {
      floors.push(await floorOf(taskOf(security, server, devices, folder), folder, run));
      modes.push(await collect(taskOf(security, server, devices, folder), server, run));
    }
    return resultOf(slowest(modes, floors), run);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
};

interface Mode {
  readonly usage: Usage;
  readonly correctness: Correctness;
  readonly failures: readonly string[];
}

function slowest(modes: readonly Mode[], floors: readonly Usage[]): Parameters<typeof resultOf>[0] {
  const usages = modes.map(({ usage }) => usage);
  return {
    bench: 'opcua',
    rate: Math.min(...usages.map(rateOf)),
    unit: 'values/s',
    floor: Math.min(...floors.map(rateOf)),
    cpuSecondsPerMillion: Math.max(...usages.map(cpuPerMillion)),
    rssMiB: Math.max(...usages.map(({ rssMiB }) => rssMiB)),
    ...modes.map(({ correctness }) => correctness).reduce(sumOf),
    failures: modes.flatMap(({ failures }) => failures),
  };
}

async function floorOf(task: ClientTask, folder: string, { say }: BenchRun): Promise<Usage> {
  const child = startChild('floor-child.ts', { ...task, certificates: join(folder, 'floor'), seconds: FLOOR_SECONDS });
  const { usage } = await messageOf<{ usage: Usage }>(child);
  await ended(child);
  say(described(`floor, ${task.security}`, usage));
  return usage;
}

async function collect(task: ClientTask, server: BenchServer, { seed, say }: BenchRun): Promise<Mode> {
  const { security, devices } = task;
  await trust(server, task.certificates);
  const child = startChild('collector-child.ts', task);
  const { usage, from, to } = await messageOf<{ usage: Usage; from: number; to: number }>(child);
  await sleep(LAST_READ_MS);
  child.send('stop');
  const { events } = await messageOf<{ events: Readonly<Record<string, number>> }>(child);
  await ended(child);
  say(`${described(`collector, ${security}`, usage)}, ${loadNow()}`);
  for (const [event, count] of Object.entries(totals(events))) say(`  ${event}: ${count}`);
  const expected = expectedOf(await server.ticks(), from, to);
  const judge = createJudge(seed, devices, expected);
  await eachFrame(task.file, judge.take);
  const correctness = judge.verdict();
  say(`  ${JSON.stringify(correctness)} of ${expected.due.length * devices * REGISTERS} values`);
  return { usage, correctness, failures: slownessOf(expected, from, to, security) };
}

/** Of the measured time every tick that the server has made must be there. */
function expectedOf(ticks: readonly number[], from: number, to: number): Expected {
  return { made: new Set(ticks), due: ticks.filter((tick) => tick > tickAt(from) && tick < tickAt(to)) };
}

/** A server that could not keep its own pace has not shown what the collector can. */
function slownessOf({ due }: Expected, from: number, to: number, security: Security): readonly string[] {
  const wanted = tickAt(to) - tickAt(from) - 1;
  if (due.length >= wanted) return [];
  return [`${security}: the server changed its values ${due.length} times instead of ${wanted}`];
}

/** As a person would, who has looked at the certificate. */
async function trust({ certificate, endpoint }: BenchServer, certificates: string): Promise<void> {
  await trustFault(certificates, certificate, { server: endpoint, now: Date.now(), place: 'bench' });
  await trustCertificate(certificates, new X509Certificate(certificate).fingerprint.replaceAll(':', ''));
}

const taskOf = (security: Security, server: BenchServer, devices: number, folder: string): ClientTask => ({
  endpoint: server.endpoint,
  devices,
  security,
  certificates: join(folder, `collector-${security}`),
  warmUpSeconds: WARM_UP_SECONDS,
  seconds: SECONDS,
  file: join(folder, `${security}.db`),
  log: join(folder, `${security}.log`),
});

const startChild = (file: string, task: ClientTask): ChildProcess =>
  spawnOnCore(
    CLIENT_CORE,
    process.execPath,
    [join(import.meta.dirname, file), JSON.stringify(task)],
    ['ignore', 'inherit', 'inherit', 'ipc'],
  );
