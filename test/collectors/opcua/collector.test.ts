import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { make_warningLog } from 'node-opcua-debug';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FrameDraft } from '#domain';
import type { ConnectedDevice, OpcUaConnection } from '../../../collectors/contract.ts';
import { createOpcUaCollector, listCertificates, trustCertificate } from '../../../collectors/opcua/index.ts';
import { recordingContext, type RecordingContext, until } from '../../support/collector-context.ts';
import { DataType, type NodeState, startTestServer, StatusCodes, type TestServer, URI } from './server.ts';
import { freePort } from '../../support/free-port.ts';
import { METER } from '../../support/opcua/collecting.ts';

const MODELS = new Map([[METER.id, METER]]);
const T = Date.now();

let folder = '';
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'civicmeter-opcua-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  // an opening that nobody waits for any more may still write its certificates
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
});

const nodesOf = (...meters: readonly string[]): Map<string, NodeState> =>
  new Map(
    meters.flatMap((meter): [string, NodeState][] => [
      [`${meter}.Energy`, { value: 1_000, type: DataType.Double, sourceAt: T }],
      [`${meter}.Volume`, { value: [1, 5], type: DataType.UInt64, sourceAt: T }],
      [`${meter}.Power`, { value: 41.5, type: DataType.Float, sourceAt: T }],
    ]),
  );

async function serve(
  nodes: Map<string, NodeState>,
  more: Partial<Parameters<typeof startTestServer>[0]> = {},
): Promise<TestServer> {
  const server = await startTestServer({ port: more.port ?? (await freePort()), nodes, ...more });
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await server.close();
    open = false;
  };
  closing.push(close);
  return { ...server, close };
}

const device = (id: string, more: Partial<ConnectedDevice> = {}): ConnectedDevice => ({
  id,
  connection: 'ua',
  model: METER.id,
  intervalMs: 200,
  namespace: URI,
  nodePrefix: `${id}.`,
  ...more,
});

interface Running {
  readonly context: RecordingContext;
  readonly health: () => ReturnType<ReturnType<typeof createOpcUaCollector>['health']>;
  readonly stop: () => Promise<void>;
}

function collect(
  server: { readonly endpoint: string },
  devices: readonly ConnectedDevice[],
  more: Partial<OpcUaConnection> = {},
): Running {
  const context = recordingContext();
  const connection: OpcUaConnection = {
    kind: 'opcua',
    id: 'ua',
    endpoint: server.endpoint,
    security: 'none',
    timeoutMs: 2_000,
    ...more,
  };
  const options = { certificates: join(folder, 'pki'), backoff: { minMs: 50, maxMs: 200 } };
  const collector = createOpcUaCollector(connection, devices, MODELS, context, options);
  const abort = new AbortController();
  const run = collector.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await run;
  };
  closing.push(stop);
  return { context, health: collector.health, stop };
}

const set = (server: TestServer, id: string, change: Partial<NodeState>): void => {
  const node = server.nodes.get(id);
  if (node) server.nodes.set(id, { ...node, ...change });
};
const values = (frames: readonly FrameDraft[], register: string): readonly unknown[] =>
  frames.flatMap((f) => f.r.filter(([name]) => name === register).map(([, ...rest]) => rest));

test('values become one frame with the server’s source time; 64-bit integers are whole, gauges are marked', async () => {
  const server = await serve(nodesOf('m1'));
  const { context } = collect(server, [device('m1')]);
  await until('the first frame', () => context.frames.length > 0);
  expect(context.frames[0]).toEqual({
    site: 'site-1',
    device: 'm1',
    at: T,
    r: [
      ['e1', 1_000],
      ['v1', 2 ** 32 + 5],
      ['p1', 41_500, 'g'],
    ],
  });
});

test('a value that does not change is read again and again but sent once; a new one is sent with its time', async () => {
  const server = await serve(nodesOf('m1'));
  const { context, health } = collect(server, [device('m1')]);
  await until('the first frame', () => context.frames.length > 0);
  const answered = health().units[0]?.lastAnswerAt ?? 0;
  await until('later reads', () => (health().units[0]?.lastAnswerAt ?? 0) > answered + 500);
  expect(context.frames).toHaveLength(1);
  set(server, 'm1.Energy', { value: 1_001, sourceAt: T + 900 });
  await until('the second frame', () => context.frames.length > 1);
  expect(context.frames[1]).toEqual({ site: 'site-1', device: 'm1', at: T + 900, r: [['e1', 1_001]] });
});

test('a quiet line is no broken line: it outlasts its own time-out between two reads', async () => {
  const server = await serve(nodesOf('m1'));
  const { context, health } = collect(server, [device('m1', { intervalMs: 600_000 })], { timeoutMs: 500 });
  await until('the first frame', () => context.frames.length > 0);
  const from = Date.now();
  await until('three time-outs of silence', () => Date.now() > from + 1_600);
  expect(context.events.filter((e) => e.event === 'opcuaServerLost')).toEqual([]);
  expect(health()).toMatchObject({ state: 'open', reopened: 0 });
});

test('different source times of one device are different frames', async () => {
  const nodes = nodesOf('m1');
  const server = await serve(nodes);
  set(server, 'm1.Power', { sourceAt: T - 5_000 });
  set(server, 'm1.Volume', { sourceAt: T - 100_000 });
  const { context } = collect(server, [device('m1')]);
  await until('all frames', () => context.frames.length >= 3);
  expect(context.frames.map((f) => [f.at, f.r.map(([name]) => name)])).toEqual([
    [T - 100_000, ['v1']],
    [T - 5_000, ['p1']],
    [T, ['e1']],
  ]);
  expect(context.frames[0]?.got).toBeGreaterThanOrEqual(T);
  expect(context.frames[2]?.got).toBeUndefined();
});

test('uncertain is taken and marked; bad is refused with an event, and the others stand', async () => {
  const server = await serve(nodesOf('m1'));
  set(server, 'm1.Energy', { status: StatusCodes.UncertainLastUsableValue });
  set(server, 'm1.Volume', { status: StatusCodes.BadNoCommunication });
  const { context } = collect(server, [device('m1')]);
  await until('the first frame', () => context.frames.length > 0);
  expect(context.frames[0]?.r).toEqual([
    ['e1', 1_000, 'u'],
    ['p1', 41_500, 'g'],
  ]);
  const refused = context.events.filter((e) => e.event === 'opcuaValueRefused');
  expect(refused[0]?.fields).toMatchObject({ device: 'm1', register: 'v1', reason: 'BadNoCommunication' });
  expect(refused.filter((e) => e.level === 'warn')).toHaveLength(1);
});

test('a number that no face can show is refused, never bent', async () => {
  const server = await serve(nodesOf('m1'));
  set(server, 'm1.Energy', { value: Number.NaN });
  set(server, 'm1.Volume', { value: [0xffff_ffff, 0xffff_ffff] });
  const { context } = collect(server, [device('m1')]);
  await until('the first frame', () => context.frames.length > 0);
  expect(context.frames[0]?.r).toEqual([['p1', 41_500, 'g']]);
  const reasons = context.events.filter((e) => e.event === 'opcuaValueRefused').map((e) => e.fields['reason']);
  expect(new Set(reasons)).toEqual(new Set(['not-finite', 'not-safe-integer']));
});

test('a server that is killed and started again, with its namespaces in another order, goes on by itself; the time between is a gap', async () => {
  const port = await freePort();
  const nodes = nodesOf('m1');
  const first = await serve(nodes, { port });
  const { context, health } = collect(first, [device('m1')]);
  await until('the first frame', () => context.frames.length > 0);
  await first.close();
  await until('the loss is noticed', () => health().units[0]?.state === 'silent');
  expect(health().state).not.toBe('open');
  const before = context.frames.length;
  const second = await serve(nodes, { port, before: ['urn:another:namespace'] });
  set(second, 'm1.Energy', { value: 2_000, sourceAt: T + 60_000 });
  await until('values again', () => values(context.frames, 'e1').length > 1, 20_000);
  expect(values(context.frames.slice(before), 'e1')).toEqual([[2_000]]);
  expect(context.frames.filter((f) => f.at > T && f.at < T + 60_000)).toEqual([]);
  expect(health()).toMatchObject({ state: 'open', reopened: 1, units: [{ state: 'answering' }] });
  expect(context.events.map((e) => e.event)).toEqual(
    expect.arrayContaining(['opcuaServerLost', 'deviceLost', 'deviceRecovered']),
  );
});

async function serveInChild(port: number): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'server-child.ts'), String(port), join(folder, 'server')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let ready = false;
  child.stdout?.on('data', (chunk: Buffer) => {
    ready ||= chunk.toString().includes('ready');
  });
  closing.push(async () => {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    if (child.kill('SIGKILL')) await exited;
  });
  await until('the server in its own process', () => ready, 20_000);
  return child;
}

test('after kill -9 and a restart, and after a freeze, values resume by themselves and no value is of the time between', async () => {
  const port = await freePort();
  const killed = await serveInChild(port);
  const endpoint = `opc.tcp://127.0.0.1:${port}/test`;
  const { context, health } = collect({ endpoint }, [device('m1', { intervalMs: 500 })], { timeoutMs: 1_000 });
  const answering = (): boolean => health().units[0]?.state === 'answering';
  await until('the first frame', () => context.frames.length > 0);
  killed.kill('SIGKILL');
  await until('the loss of the killed server is noticed', () => !answering());
  const death = Date.now();
  await until('a while without a server', () => Date.now() > death + 2_500);
  const rebirth = Date.now();
  const frozen = await serveInChild(port);
  await until('values after the restart', answering, 20_000);
  frozen.kill('SIGSTOP');
  await until('the freeze is noticed', () => !answering());
  const asleep = Date.now();
  frozen.kill('SIGCONT');
  await until('values after the freeze', answering, 20_000);
  const after = context.frames.length;
  await until('more values', () => context.frames.length > after + 2);
  const times = context.frames.map((f) => f.at);
  expect(times.filter((at) => at > death && at < rebirth - 1_000)).toEqual([]);
  expect(times.some((at) => at > asleep)).toBe(true);
  // the meter of this test counts seconds of its source time: any value under another time would show
  const energies = context.frames.flatMap((f) =>
    f.r.filter(([name]) => name === 'e1').map(([, v]) => v * 1_000 - f.at),
  );
  expect(new Set(energies)).toEqual(new Set([0]));
});

test('a collector that is told to end while its server is frozen ends within seconds, whatever the time-out', async () => {
  const port = await freePort();
  const server = await serveInChild(port);
  const endpoint = `opc.tcp://127.0.0.1:${port}/test`;
  const { context, stop } = collect({ endpoint }, [device('m1')], { timeoutMs: 8_000 });
  await until('the first frame', () => context.frames.length > 0, 20_000);
  server.kill('SIGSTOP');
  const from = Date.now();
  await stop();
  expect(Date.now() - from).toBeLessThan(6_000);
  expect(context.events.filter(({ event }) => event === 'frameLost')).toEqual([]);
});

test('a missing namespace or node stops its own device or register only', async () => {
  const nodes = nodesOf('m1', 'm2');
  nodes.delete('m2.Volume');
  const server = await serve(nodes);
  const devices = [device('m1'), device('m2'), device('m3', { namespace: 'urn:nowhere' })];
  const { context, health } = collect(server, devices);
  await until('frames of both', () => new Set(context.frames.map((f) => f.device)).size === 2);
  expect(
    values(
      context.frames.filter((f) => f.device === 'm2'),
      'e1',
    ),
  ).toEqual([[1_000]]);
  expect(
    values(
      context.frames.filter((f) => f.device === 'm2'),
      'v1',
    ),
  ).toEqual([]);
  expect(health().units.map((u) => u.state)).toEqual(['answering', 'answering', 'refusing']);
  const missing = context.events.find((e) => e.event === 'opcuaNamespaceMissing');
  expect(missing?.fields).toMatchObject({ device: 'm3', namespace: 'urn:nowhere' });
  expect(context.events.find((e) => e.event === 'opcuaItemRefused')?.fields).toMatchObject({ device: 'm2' });
});

test('a server that is not there is tried again with back-off, and stopping ends at once', async () => {
  const port = await freePort();
  const { context, stop } = collect({ endpoint: `opc.tcp://127.0.0.1:${port}/test` }, [device('m1')]);
  const tries = (): number => context.events.filter((e) => e.event === 'opcuaServerNotConnected').length;
  await until('three attempts', () => tries() >= 3);
  const levels = context.events.filter((e) => e.event === 'opcuaServerNotConnected').map((e) => e.level);
  expect(levels.slice(0, 3)).toEqual(['warn', 'debug', 'debug']);
  expect(context.events.find((e) => e.event === 'opcuaServerNotConnected')?.fields['reason']).toBe(
    'OPCUA_CONNECT_FAILED',
  );
  await stop();
  const after = tries();
  expect(after).toBeGreaterThanOrEqual(2);
});

test('the certificate of an unknown server is not accepted until somebody trusts it', async () => {
  const server = await serve(nodesOf('m1'), { secure: true });
  const { context } = collect(server, [device('m1')], { security: 'sign-and-encrypt', timeoutMs: 5_000 });
  const refused = (): boolean => context.events.some((e) => e.fields['reason'] === 'OPCUA_CERTIFICATE_UNKNOWN');
  await until('the refusal', refused, 20_000);
  expect(context.frames).toEqual([]);
  const pki = join(folder, 'pki');
  const { rejected } = await listCertificates(pki);
  expect(rejected).toMatchObject([{ server: server.endpoint, subject: 'CN=test server' }]);
  await trustCertificate(pki, rejected[0]?.thumbprint ?? '');
  await until('the first frame', () => context.frames.length > 0, 20_000);
  expect(values(context.frames, 'e1')).toEqual([[1_000]]);
});

test('what the library says goes to the log, not to standard output', async () => {
  const written = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    const { context } = collect({ endpoint: `opc.tcp://127.0.0.1:${await freePort()}/test` }, [device('m1')]);
    make_warningLog('test')('a word of the library');
    await until('an attempt', () => context.events.some((e) => e.event === 'opcuaServerNotConnected'));
    const spoken = context.events.filter((e) => e.event === 'opcuaLibrarySpoke').map((e) => e.fields['text']);
    expect(spoken).toEqual(expect.arrayContaining([expect.stringContaining('a word of the library')]));
    expect(written).not.toHaveBeenCalled();
  } finally {
    written.mockRestore();
  }
});

test('a model of another protocol is refused before anything is opened', () => {
  const devices = [device('m1', { model: 'nobody' })];
  expect(() => collect({ endpoint: 'opc.tcp://127.0.0.1:1/x' }, devices)).toThrow(/nobody/);
});
