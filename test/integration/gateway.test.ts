import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { filesOf } from '../../api/cli/wiring/data-folder.ts';
import { type GatewayStatus, readGatewayStatus } from '../../api/cli/wiring/gateway-status.ts';
import { type BadLine, badLine } from '../support/bad-line.ts';
import { makeCertificates, type TestCertificates } from '../support/certificates.ts';
import { cli, startProgram, type StartedProgram, temporaryData } from '../support/cli.ts';
import { gatewaySite } from '../support/gateway-site.ts';
import { type FieldServer, startFieldServer } from '../support/modbus-server.ts';
import { type RunningProgram, runProgram, until } from '../support/program.ts';

/** A gateway and the centre as two processes, over TLS, on a line that is cut and loses answers; both are killed. */
const DEVICES = 6;
let root: string;
let meters: FieldServer;
let line: BadLine;
let certificates: TestCertificates;
let centre: StartedProgram | undefined;
let gateway: RunningProgram | undefined;
let intakePort = 0;
const at = (name: string): string => join(root, name);

const startCentre = async (): Promise<void> => {
  const tls = ['--tls-cert', certificates.certFile, '--tls-key', certificates.keyFile];
  const place = ['--intake', `127.0.0.1:${intakePort}`, ...tls];
  centre = await startProgram(['--data', at('centre'), '--site', at('site.yaml'), '--no-collect', ...place]);
  intakePort = Number(/intake of gateways: https:\/\/127\.0\.0\.1:(\d+)/.exec(centre.said())?.[1]);
};

const gatewayArgs = (url: string): string[] => {
  const where = ['--centre', url, '--key-file', at('gateway.key'), '--ca', certificates.caFile];
  return ['collect', '--data', at('gateway'), '--site', at('site.yaml'), ...where];
};
const startGateway = async (): Promise<void> => {
  gateway = await runProgram(gatewayArgs(`https://127.0.0.1:${line.port}`), /^collect: plant/m);
};

interface CentreStatus {
  readonly partitions: readonly { readonly high: number; readonly missing: number; readonly lag: number }[];
  readonly gateways: readonly { readonly unknownHere: readonly string[]; readonly src: string }[];
  readonly notRead: readonly string[];
  readonly quarantineOpen: Readonly<Record<string, number>>;
}
const askCentre = async (): Promise<CentreStatus> =>
  (await (await fetch(`${centre?.address}/api/v1/status`)).json()) as CentreStatus;
const high = async (): Promise<number> => (await askCentre()).partitions[0]?.high ?? 0;
/** What both ends know and last logged, where a test fails: it may take a hundred runs to see it again. */
const tellIfFailed = (): void =>
  onTestFailed(async () => {
    const ends = { gateway: nowAtGateway(), centre: await askCentre().catch(String), line: line.bitten() };
    const logs = ['gateway', 'centre'].map((end) => readFileSync(filesOf(at(end)).log, 'utf8').slice(-6_000));
    process.stdout.write(`${JSON.stringify(ends, null, 1)}\n${logs.join('\n--- centre ---\n')}\n`);
  });
const nowAtGateway = (): GatewayStatus | undefined => readGatewayStatus(at('gateway'));

beforeAll(async () => {
  root = temporaryData('gateway');
  for (const name of ['centre', 'gateway']) mkdirSync(at(name), { mode: 0o755 });
  certificates = makeCertificates(root);
  meters = await startFieldServer(undefined, (unit, _fc, address) => (address === 10 ? 0 : unit));
  writeFileSync(at('site.yaml'), gatewaySite([meters.port], DEVICES, '1 s'));
  await startCentre();
  line = await badLine(intakePort);
  const made = await cli([
    'keys',
    'create',
    '--site',
    'plant',
    '--out',
    at('gateway.key'),
    '--by',
    'wang',
    '--data',
    at('centre'),
  ]);
  if (made.code !== 0) throw new Error(made.err);
}, 240_000);

afterAll(async () => {
  await gateway?.end('SIGKILL');
  await centre?.end('SIGTERM');
  await line?.close();
  await meters?.close();
  rmSync(root, { recursive: true, force: true });
}, 60_000);

test('frames go over TLS into the log of the centre, and both ends know what the other has', async () => {
  await startGateway();
  await until('frames at the centre', async () => (await high()) > 3 * DEVICES);
  await until('a report at the centre', async () => (await askCentre()).gateways.length === 1);
  expect(await askCentre()).toMatchObject({ notRead: [], gateways: [{ unknownHere: [] }], quarantineOpen: {} });
  await until('the status of the gateway', () => nowAtGateway()?.line.state === 'up');
  const shown = await cli(['status', '--json', '--data', at('gateway')]);
  expect(JSON.parse(shown.out)).toMatchObject({
    running: { role: 'collect' },
    gateway: { unknownThere: [], notRead: [] },
  });
}, 120_000);

test('the key stands nowhere in the books but as a hash, and a stranger gets nothing', async () => {
  const key = readFileSync(at('gateway.key'), 'utf8').trim();
  const listed = await cli(['keys', 'list', '--json', '--data', at('centre')]);
  expect(listed.out).not.toContain(key.slice(13));
  expect(JSON.parse(listed.out)).toMatchObject({ keys: [{ id: key.slice(4, 12), site: 'plant', revokedAt: null }] });
  await expect(fetch(`http://127.0.0.1:${intakePort}/api/v1/status`)).rejects.toThrow('fetch failed');
});

test('whatever is killed, cut or deaf, every frame arrives', { timeout: 600_000 }, async () => {
  tellIfFailed();
  const kills = 20;
  for (let round = 0; round < kills; round++) {
    line.set((['up', 'deaf', 'up', 'down'] as const)[round % 4] ?? 'up');
    // a killed process at an arbitrary moment of its work
    await wait(((round * 397) % 1_500) + 100);
    await gateway?.end('SIGKILL');
    if (round % 7 === 6) {
      await centre?.end('SIGKILL');
      await startCentre();
    }
    await startGateway();
  }
  line.set('deaf');
  await until('a lost answer', () => line.bitten().lost > 0);
  line.set('down');
  await wait(2_000);
  line.set('up');
  const before = await high();
  await until('frames go on', async () => (await high()) > before + 3 * DEVICES, 120_000);
  expect(line.bitten().cut).toBeGreaterThan(0);
  await meters.close();
  await until('the spool is empty', () => nowAtGateway()?.waiting.frames === 0, 120_000);
  expect(await gateway?.end('SIGTERM')).toBe(0);
  await until('the books are level', async () => (await askCentre()).partitions.every(({ lag }) => lag === 0));
  const { partitions, quarantineOpen } = await askCentre();
  expect(quarantineOpen).toEqual({});
  expect(partitions.map(({ missing }) => missing)).toEqual([0]);
  expect(await centre?.end('SIGTERM')).toBe(0);

  const spool = new DatabaseSync(filesOf(at('gateway')).spool, { readOnly: true });
  const { src, next } = spool.prepare('select src, next from spool').get() as { src: string; next: number };
  expect(spool.prepare('select count(*) as n from frame').get()).toEqual({ n: 0 });
  spool.close();
  const log = new DatabaseSync(filesOf(at('centre')).spool, { readOnly: true });
  const values = log.prepare('select value from frame order by seq').all() as { value: Uint8Array }[];
  log.close();
  const frames = values.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as { src: string; seq: number });
  const seqs = frames.filter((frame) => frame.src === src).map(({ seq }) => seq);
  expect(new Set(seqs).size).toBe(next);
  expect(Math.max(...seqs)).toBe(next - 1);
  // an answer that was lost, a centre that was killed: nothing stands there twice
  expect(seqs).toHaveLength(next);
});

test('a key that was revoked, a certificate for another host and no line are told apart, and nothing is lost meanwhile', async () => {
  meters = await startFieldServer(undefined, undefined, meters.port);
  await startCentre();
  const id = readFileSync(at('gateway.key'), 'utf8').slice(4, 12);
  expect(await cli(['keys', 'revoke', id, '--data', at('centre')])).toMatchObject({ code: 0 });
  await startGateway();
  await until('the refusal', () => nowAtGateway()?.line.problem?.code === 'CENTRE_KEY_REFUSED');
  await gateway?.end('SIGTERM');
  gateway = await runProgram(gatewayArgs(`https://localhost:${line.port}`), /^collect: plant/m);
  await until('the wrong host', () => nowAtGateway()?.line.problem?.code === 'CENTRE_CERTIFICATE_REFUSED');
  line.set('down');
  await gateway?.end('SIGTERM');
  await startGateway();
  await until('no line', () => nowAtGateway()?.line.problem?.code === 'CENTRE_SILENT');
  expect(nowAtGateway()?.waiting.frames).toBeGreaterThan(0);
  expect(await gateway?.end('SIGTERM')).toBe(0);
}, 240_000);
