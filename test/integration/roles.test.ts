import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readGatewayStatus } from '../../api/cli/wiring/gateway-status.ts';
import { makeCertificates } from '../support/certificates.ts';
import { cli, temporaryData } from '../support/cli.ts';
import { gatewaySite } from '../support/gateway-site.ts';
import { type KafkaBroker, skipKafka, startKafka } from '../support/kafka.ts';
import { type FieldServer, startFieldServer } from '../support/modbus-server.ts';
import { freshDatabase, stopPostgres } from '../support/postgres.ts';
import { type RunningProgram, runProgram, until } from '../support/program.ts';

/** The roles as processes of their own: two gateways (one straight into Kafka, one through the intake), stream, serve. */
describe.skipIf(skipKafka())('the roles over Kafka', () => {
  const PARTITIONS = 3;
  const running: RunningProgram[] = [];
  let root: string;
  let broker: KafkaBroker;
  let books: Awaited<ReturnType<typeof freshDatabase>>;
  let meters: FieldServer;
  let stream: RunningProgram;
  let serve: RunningProgram;
  const at = (name: string): string => join(root, name);
  const kafka = (): string[] => ['--kafka', broker.brokers.join(','), '--partitions', String(PARTITIONS)];

  const begin = async (args: readonly string[], ready: RegExp): Promise<RunningProgram> => {
    const program = await runProgram(args, ready);
    running.push(program);
    return program;
  };
  const beginStream = (): Promise<RunningProgram> =>
    begin(['stream', '--data', at('stream'), '--books', books.dsn, ...kafka()], /^stream: /m);

  interface Status {
    readonly partitions: readonly { readonly missing: number; readonly lag: number; readonly folded: number }[];
    readonly quarantineOpen: Readonly<Record<string, number>>;
    readonly notRead: readonly string[];
    readonly gateways: readonly { readonly site: string }[];
  }
  const status = async (): Promise<Status> => {
    const address = /^serve: (http\S+?),? /m.exec(serve.said())?.[1];
    return (await (await fetch(`${address}/api/v1/status`)).json()) as Status;
  };
  const folded = async (): Promise<number> => (await status()).partitions.reduce((sum, one) => sum + one.folded, 0);
  const waiting = (name: string): number | undefined => readGatewayStatus(at(name))?.waiting.frames;

  beforeAll(async () => {
    root = temporaryData('roles');
    for (const name of ['direct', 'remote', 'stream', 'serve']) mkdirSync(at(name));
    [broker, books, meters] = await Promise.all([
      startKafka(),
      freshDatabase(),
      startFieldServer(undefined, (unit, _fc, address) => (address === 10 ? 0 : unit)),
    ]);
    for (const site of ['near', 'far']) {
      writeFileSync(at(`${site}.yaml`), gatewaySite([meters.port], 4, '1 s', site));
      const claim = ['--by', 'wang', '--reason', 'test'];
      const applied = await cli(['apply', at(`${site}.yaml`), '--books', books.dsn, '--data', at('serve'), ...claim]);
      if (applied.code !== 0) throw new Error(applied.err);
    }
    const where = ['--books', books.dsn, '--data', at('serve')];
    const made = await cli(['keys', 'create', '--site', 'far', '--out', at('far.key'), '--by', 'wang', ...where]);
    if (made.code !== 0) throw new Error(made.err);
  }, 300_000);

  afterAll(async () => {
    for (const program of running) await program.end('SIGKILL');
    await meters?.close();
    await books?.close();
    await stopPostgres();
    await broker?.remove();
    rmSync(root, { recursive: true, force: true });
  }, 120_000);

  test('bring the readings of both gateways into the books, over all partitions, with nothing missing', async () => {
    stream = await beginStream();
    const { certFile, keyFile, caFile } = makeCertificates(root);
    const place = ['--intake', '127.0.0.1:0', '--tls-cert', certFile, '--tls-key', keyFile];
    const where = ['--data', at('serve'), '--books', books.dsn, '--port', '0'];
    serve = await begin(['serve', ...where, ...place, ...kafka()], /^serve: /m);
    const intake = /intake (https:\S+)/.exec(serve.said())?.[1] ?? '';
    await begin(['collect', '--data', at('direct'), '--site', at('near.yaml'), ...kafka()], /^collect: near/m);
    const over = ['--centre', intake, '--key-file', at('far.key'), '--ca', caFile];
    await begin(['collect', '--data', at('remote'), '--site', at('far.yaml'), ...over], /^collect: far/m);
    await until('readings in the books', async () => (await folded()) > 200, 120_000);
    expect(await status()).toMatchObject({ quarantineOpen: {}, gateways: [{ site: 'far' }], notRead: [] });
  }, 300_000);

  test('go on where a stream was killed and the broker restarted; the gateways keep what it does not take', async () => {
    await stream.end('SIGKILL');
    await broker.kill();
    await until('frames wait at both gateways', () => (waiting('direct') ?? 0) > 8 && (waiting('remote') ?? 0) > 8);
    await broker.restart();
    stream = await beginStream();
    const before = await folded().catch(() => 0);
    await until('readings go on', async () => (await folded().catch(() => 0)) > before + 200, 120_000);
    await meters.close();
    await until('both spools are empty', () => waiting('direct') === 0 && waiting('remote') === 0, 120_000);
    await until('the books are level', async () => (await status()).partitions.every(({ lag }) => lag === 0), 120_000);
    expect((await status()).partitions.map(({ missing }) => missing)).toEqual(Array<number>(PARTITIONS).fill(0));
    expect((await status()).quarantineOpen).toEqual({});
    for (const program of running.filter(({ child }) => child.exitCode === null && child.signalCode === null)) {
      expect(await program.end('SIGTERM')).toBe(0);
    }
  }, 400_000);
});
