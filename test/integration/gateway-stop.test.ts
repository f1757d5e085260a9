import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesOf } from '../../api/cli/wiring/data-folder.ts';
import { readGatewayStatus } from '../../api/cli/wiring/gateway-status.ts';
import { INTAKE_REPORT_PATH } from '#domain';
import { makeCertificates, type TestCertificates } from '../support/certificates.ts';
import { cli, temporaryData } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { gatewaySite } from '../support/gateway-site.ts';
import { type FieldServer, startFieldServer } from '../support/modbus-server.ts';
import { type RunningProgram, runProgram, until } from '../support/program.ts';
import { mountDisk, skipDisk, unmountDisk } from '../support/small-disk.ts';

/** A service manager waits so long for the end, and then kills (deploy/civicmeter-collect.service: 30 s). */
const PATIENCE_MS = 20_000;
const DISK = 'size=40m,mode=755';
let root: string;
let meters: FieldServer;
let certificates: TestCertificates;
/** Takes every request, and answers none. */
let mute: Server;
let asked = 0;
let gateway: RunningProgram | undefined;
const at = (name: string): string => join(root, name);

beforeAll(async () => {
  root = temporaryData('gateway-stop');
  certificates = makeCertificates(root);
  meters = await startFieldServer(undefined, (unit, _fc, address) => (address === 10 ? 0 : unit));
  writeFileSync(at('site.yaml'), gatewaySite([meters.port], 2, '1 s'));
  writeFileSync(at('gateway.key'), `cmk_0000000a_${'A'.repeat(43)}\n`);
  mute = createServer({ cert: certificates.certificate, key: certificates.privateKey }, () => (asked += 1));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await gateway?.end('SIGKILL');
  mute.close().closeAllConnections();
  await meters?.close();
  rmSync(root, { recursive: true, force: true });
});

const startGateway = async (data: string, port: number): Promise<void> => {
  const where = ['--centre', `https://127.0.0.1:${port}`, '--key-file', at('gateway.key'), '--ca', certificates.caFile];
  gateway = await runProgram(['collect', '--data', data, '--site', at('site.yaml'), ...where], /^collect: plant/m);
};

/** Asks for the end, as a service manager does; how long it took. */
const ended = async (): Promise<{ readonly code: number | null | undefined; readonly ms: number }> => {
  const from = Date.now();
  const killer = setTimeout(() => gateway?.child.kill('SIGKILL'), PATIENCE_MS);
  const code = await gateway?.end('SIGTERM');
  clearTimeout(killer);
  return { code, ms: Date.now() - from };
};

test('a gateway ends in time while the centre is silent', { timeout: 60_000 }, async () => {
  // it listens on TCP
  await startGateway(at('silent'), (mute.address() as AddressInfo).port);
  await until('a request that is not answered', () => asked > 0);
  expect(await ended()).toMatchObject({ code: 0 });
  expect(readGatewayStatus(at('silent'))?.waiting.frames).toBeGreaterThan(0);
});

test('a gateway ends in time while the brokers are silent', { timeout: 60_000 }, async () => {
  const broker = createTcpServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  const connected = once(broker, 'connection');
  // it listens on TCP
  const { port } = broker.address() as AddressInfo;
  const args = ['collect', '--data', at('brokers'), '--site', at('site.yaml'), '--kafka', `127.0.0.1:${port}`];
  gateway = await runProgram(args, /^collect: plant/m);
  await connected;
  expect(await ended()).toMatchObject({ code: 0 });
  broker.close();
});

test(
  'a gateway whose spool has lost its thread ends with an error, for a new start to go on',
  { timeout: 60_000 },
  async () => {
    const threads: Worker[] = [];
    const hear = (thread: Worker): void => void threads.push(thread);
    process.on('worker', hear);
    const ending = new AbortController();
    const args = [
      'collect',
      '--data',
      at('thread'),
      '--site',
      at('site.yaml'),
      '--kafka',
      `127.0.0.1:${await freePort()}`,
    ];
    const running = cli(args, { signal: ending.signal });
    try {
      await until('frames in the spool', () => (readGatewayStatus(at('thread'))?.waiting.frames ?? 0) > 0);
      for (const thread of threads) await thread.terminate();
      const late = AbortSignal.timeout(PATIENCE_MS);
      late.addEventListener('abort', () => ending.abort(late.reason));
      const { code, err } = await running;
      expect({ code, err }).toEqual({ code: 4, err: expect.stringContaining('SPOOL_THREAD_ENDED') });
    } finally {
      ending.abort(new Error('the test is over'));
      process.off('worker', hear);
      await running;
    }
  },
);

test('a gateway whose reports the centre refuses says so once, and in its status', { timeout: 60_000 }, async () => {
  let reports = 0;
  const picky = createServer({ cert: certificates.certificate, key: certificates.privateKey }, (request, response) => {
    const isReport = request.url === INTAKE_REPORT_PATH;
    if (isReport) reports += 1;
    request.resume().on('end', () => {
      response.statusCode = isReport ? 403 : 200;
      const answer = { at: Date.now(), durable: {}, malformed: [], foreign: [] };
      response.end(JSON.stringify(isReport ? { code: 'INTAKE_FOREIGN', detail: 'of another site' } : answer));
    });
  });
  await new Promise<void>((resolve) => picky.listen(0, '127.0.0.1', resolve));
  const data = at('refused');
  // it listens on TCP
  await startGateway(data, (picky.address() as AddressInfo).port);
  await until('a third report', () => reports > 2);
  await until('the refusal', () => readGatewayStatus(data)?.reportProblem?.message.includes('INTAKE_FOREIGN') ?? false);
  const shown = await cli(['status', '--data', data]);
  expect([shown.code, shown.out]).toEqual([1, expect.stringContaining('INTAKE_FOREIGN')]);
  expect(await ended()).toMatchObject({ code: 0 });
  expect(readFileSync(filesOf(data).log, 'utf8').split('reportRefused')).toHaveLength(2);
  picky.close().closeAllConnections();
});

test.skipIf(skipDisk(DISK))('a gateway ends in time while its disk is full', { timeout: 60_000 }, async () => {
  const disk = mountDisk(DISK) ?? '';
  try {
    const data = join(disk, 'data');
    await startGateway(data, await freePort());
    await until('frames in the spool', () => (readGatewayStatus(data)?.waiting.frames ?? 0) > 0);
    for (let i = 0; !readFileSync(filesOf(data).log, 'utf8').includes('spoolStalled') && i < 80; i += 1) {
      try {
        writeFileSync(join(disk, `ballast-${i}`), Buffer.alloc(512 * 1024));
      } catch {
        break;
      }
    }
    await until('a spool that takes nothing', () => readFileSync(filesOf(data).log, 'utf8').includes('spoolStalled'));
    expect(await ended()).toMatchObject({ code: 0 });
  } finally {
    await gateway?.end('SIGKILL');
    unmountDisk(disk);
  }
});
