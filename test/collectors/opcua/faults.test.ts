import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listCertificates, trustCertificate } from '../../../collectors/opcua/index.ts';
import { until } from '../../support/collector-context.ts';
import { type Collecting, collecting, NAMESPACE, NODES } from '../../support/opcua/collecting.ts';
import { type MadeCertificate, makeCertificate } from '../../support/opcua/pki.ts';
import { bringForeign, type ForeignServer, skipServer, startForeign } from '../../support/opcua/servers.ts';
import { DataType, type ServerCertificate, startTestServer } from './server.ts';
import { freePort } from '../../support/free-port.ts';

const WAIT_MS = 60_000;
const HOUR = 3_600_000;
let folder = '';
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'civicmeter-opcua-faults-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const begin = (...args: Parameters<typeof collecting>): Collecting => {
  const running = collecting(...args);
  closing.push(running.stop);
  return running;
};

describe.skipIf(skipServer('asyncua'))('a server that freezes, or whose clock jumps', () => {
  let own: MadeCertificate;
  beforeAll(async () => {
    await bringForeign('asyncua');
    own = await makeCertificate(join(folder, 'server'));
  });
  const serve = async (port: number): Promise<ForeignServer> => {
    const server = await startForeign('asyncua', {
      port,
      namespace: NAMESPACE,
      applicationUri: 'urn:test:server',
      certificate: own.certificate,
      key: own.key,
      nodes: NODES,
      policies: ['None'],
      filled: { from: Date.now(), count: 1, step: 0 },
    });
    closing.push(server.kill);
    return server;
  };

  test('frozen: it is noticed within a read and its time-out, and values resume by themselves', async () => {
    const server = await serve(await freePort());
    const { values, saw, health } = begin({ endpoint: server.endpoint, timeoutMs: 2_000 }, join(folder, 'none'));
    await until('the first value', () => values('e1').length > 0, WAIT_MS);
    server.process.kill('SIGSTOP');
    await until('the loss', () => saw('opcuaServerLost', { reason: 'OPCUA_NO_ANSWER' }), WAIT_MS);
    expect(health().units[0]?.state).toBe('silent');
    server.process.kill('SIGCONT');
    const at = Date.now();
    await server.value('m1.Energy', '7', at);
    await until('the value after it', () => values('e1').some(([time]) => time === at), WAIT_MS);
    expect(health()).toMatchObject({ state: 'open', units: [{ state: 'answering' }] });
  });

  test('a clock that jumps an hour ahead and back is noticed each time, and values go on under the times that they bear', async () => {
    const server = await serve(await freePort());
    const { values, saw } = begin({ endpoint: server.endpoint }, join(folder, 'none'));
    await until('the first value', () => values('e1').length > 0, WAIT_MS);
    const ahead = Date.now() + HOUR;
    await server.offset(HOUR);
    await server.value('m1.Energy', '8', ahead);
    await until('the step ahead', () => saw('opcuaServerClock', { reason: 'stepped-forward' }), WAIT_MS);
    await until('the source that is ahead', () => saw('opcuaSourceClock', { reason: 'ahead' }), WAIT_MS);
    await until('the value of the future', () => values('e1').some(([time]) => time === ahead), WAIT_MS);
    const back = Date.now();
    await server.offset(0);
    await server.value('m1.Energy', '9', back);
    await until('the step back', () => saw('opcuaServerClock', { reason: 'stepped-back' }), WAIT_MS);
    await until('the value of now', () => values('e1').some(([time]) => time === back), WAIT_MS);
    expect(new Map(values('e1').map(([time, value]) => [value, time]))).toEqual(
      new Map([
        [0, expect.any(Number)],
        [8, ahead],
        [9, back],
      ]),
    );
  });
});

const CASES: readonly (readonly [string, string, ServerCertificate])[] = [
  ['expired', 'OPCUA_CERTIFICATE_EXPIRED', { startDate: new Date(Date.now() - 10 * 24 * HOUR), days: 2 }],
  ['not yet valid', 'OPCUA_CERTIFICATE_EXPIRED', { startDate: new Date(Date.now() + 24 * HOUR), days: 20 }],
  ['for another host', 'OPCUA_CERTIFICATE_OTHER_HOST', { ip: ['10.1.2.3'] }],
  ['of another application', 'OPCUA_CERTIFICATE_OTHER_APPLICATION', { applicationUri: 'urn:somebody:else' }],
];

test.each(CASES)('a server certificate that is %s is refused, trusted or not', async (_what, code, certificate) => {
  const nodes = new Map([['m1.Energy', { value: 1, type: DataType.Double }]]);
  const server = await startTestServer({ port: await freePort(), nodes, secure: true, certificate });
  closing.push(server.close);
  const pki = await mkdtemp(join(folder, 'pki-'));
  const { refusals, context } = begin({ endpoint: server.endpoint, security: 'sign-and-encrypt' }, pki);
  await until('a refusal', () => refusals().length > 0, WAIT_MS);
  const [rejected] = (await listCertificates(pki)).rejected;
  await trustCertificate(pki, rejected?.thumbprint ?? '');
  const before = refusals().length;
  await until('further refusals', () => refusals().length > before + 1, WAIT_MS);
  expect(new Set(refusals())).toEqual(new Set([code]));
  expect(context.frames).toEqual([]);
});

test('a certificate for another host is taken where the connection names that host', async () => {
  const nodes = new Map([['m1.Energy', { value: 1, type: DataType.Double }]]);
  const certificate = { ip: ['10.1.2.3'] };
  const server = await startTestServer({ port: await freePort(), nodes, secure: true, certificate });
  closing.push(server.close);
  const pki = await mkdtemp(join(folder, 'pki-'));
  const more = { endpoint: server.endpoint, security: 'sign-and-encrypt', certificateHost: '10.1.2.3' } as const;
  const { refusals, context } = begin(more, pki);
  await until('a refusal', () => refusals().includes('OPCUA_CERTIFICATE_UNKNOWN'), WAIT_MS);
  await trustCertificate(pki, (await listCertificates(pki)).rejected[0]?.thumbprint ?? '');
  await until('a session', () => context.events.some((e) => e.event === 'opcuaServerConnected'), WAIT_MS);
  expect(new Set(refusals())).toEqual(new Set(['OPCUA_CERTIFICATE_UNKNOWN']));
});

test('a password that is not where the site file says is told, and taken once it is there', async () => {
  const nodes = new Map([['m1.Energy', { value: 1, type: DataType.Double }]]);
  const server = await startTestServer({ port: await freePort(), nodes });
  closing.push(server.close);
  const file = join(folder, 'late-password');
  const user = { kind: 'password', name: 'meter', password: { from: 'file', name: file } } as const;
  const { refusals } = begin({ endpoint: server.endpoint, user }, join(folder, 'none'));
  await until('a refusal', () => refusals().length > 0, WAIT_MS);
  expect(refusals()[0]).toBe('OPCUA_PASSWORD_MISSING');
  await writeFile(file, 'now');
  expect(await readFile(file, 'utf8')).toBe('now');
  await until('another refusal', () => refusals().at(-1) !== 'OPCUA_PASSWORD_MISSING', WAIT_MS);
});
