import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filesOf } from '../../api/cli/wiring/data-folder.ts';
import { readGatewayStatus } from '../../api/cli/wiring/gateway-status.ts';
import { temporaryData } from '../support/cli.ts';
import { gatewaySite, opcUaSite } from '../support/gateway-site.ts';
import { type RunningProgram, runProgram, until } from '../support/program.ts';

const DEVICES = 100;
const LINES = 10;
const SERVERS = 2;
const MOST_MIB = 150;
const MOST_MIB_OPCUA = 250;

/** As the unit starts it: its flags and its environment. */
const UNIT = readFileSync('deploy/civicmeter-collect.service', 'utf8');
const FLAGS = (/bin\/node((?: --[\w-]+=\d+)+) /.exec(UNIT)?.[1] ?? '').trim();

describe.skipIf(process.platform !== 'linux')('the memory of a gateway as its unit starts it', () => {
  let root: string;
  let meters: ChildProcess | undefined;
  let gateway: RunningProgram | undefined;

  beforeEach(() => {
    root = temporaryData('memory');
    mkdirSync(join(root, 'data'));
    writeFileSync(join(root, 'key'), `cmk_00000000_${'A'.repeat(43)}\n`);
  });
  afterEach(async () => {
    await gateway?.end('SIGKILL');
    meters?.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  });

  /** Meters in a process of their own, and what it tells when they answer. */
  async function startMeters<T>(script: string, ...args: readonly (string | number)[]): Promise<T> {
    meters = fork(script, args.map(String), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [told] = (await once(meters, 'message')) as [T];
    return told;
  }

  const begin = async (what: string): Promise<number> => {
    const env = { MALLOC_ARENA_MAX: '2', NODE_COMPILE_CACHE: join(root, 'cache'), NODE_OPTIONS: FLAGS };
    // nobody listens there: the frames stay, as on a line that is down
    const where = ['--centre', 'https://127.0.0.1:1', '--key-file', join(root, 'key')];
    const args = ['collect', '--data', join(root, 'data'), '--site', join(root, 'site.yaml'), ...where];
    gateway = await runProgram(args, /^collect: plant/m, env);
    const before = readGatewayStatus(join(root, 'data'))?.waiting.frames ?? 0;
    await until(
      'rounds of all meters',
      () => (readGatewayStatus(join(root, 'data'))?.waiting.frames ?? 0) > before + 5 * DEVICES,
    );
    await wait(1_000);
    const status = readFileSync(`/proc/${gateway.child.pid}/status`, 'utf8');
    const mib = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
    process.stdout.write(`collect, ${DEVICES} devices on ${what}: at most ${mib.toFixed(0)} MiB\n`);
    expect(await gateway.end('SIGTERM')).toBe(0);
    return mib;
  };

  test(`stays within ${MOST_MIB} MiB with ${DEVICES} Modbus devices on ${LINES} lines, at its first start and at later ones`, async () => {
    const ports = await startMeters<number[]>('test/support/meters-child.ts', LINES);
    writeFileSync(join(root, 'site.yaml'), gatewaySite(ports, DEVICES, '2 s'));
    expect(await begin(`${LINES} lines`)).toBeLessThanOrEqual(MOST_MIB);
    expect(await begin(`${LINES} lines`)).toBeLessThanOrEqual(MOST_MIB);
  }, 240_000);

  test(`stays within ${MOST_MIB_OPCUA} MiB with ${DEVICES} meters on ${SERVERS} OPC UA servers, signed and encrypted`, async () => {
    const servers = join(root, 'servers');
    const child = 'test/support/opcua/meters-child.ts';
    const endpoints = await startMeters<string[]>(child, SERVERS, DEVICES / SERVERS, servers);
    const trusted = join(filesOf(join(root, 'data')).certificates, 'trusted/certs');
    mkdirSync(trusted, { recursive: true });
    endpoints.forEach((_, i) => copyFileSync(join(servers, `server-${i}.der`), join(trusted, `server-${i}.der`)));
    writeFileSync(join(root, 'site.yaml'), opcUaSite(endpoints, DEVICES, '2 s'));
    expect(await begin(`${SERVERS} OPC UA servers`)).toBeLessThanOrEqual(MOST_MIB_OPCUA);
  }, 120_000);
});
