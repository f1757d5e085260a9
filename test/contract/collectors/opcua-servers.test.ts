import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listCertificates, ownCertificate, trustCertificate } from '../../../collectors/opcua/index.ts';
import { until } from '../../support/collector-context.ts';
import { type Collecting, collecting, NAMESPACE, NODES } from '../../support/opcua/collecting.ts';
import { type MadeCertificate, makeCertificate } from '../../support/opcua/pki.ts';
import { freePort } from '../../support/free-port.ts';
import {
  bringForeign,
  type ForeignOptions,
  type ForeignServer,
  SERVERS,
  skipServer,
  startForeign,
} from '../../support/opcua/servers.ts';

const T = Math.floor(Date.now() / 1_000) * 1_000 - 600_000;
const WAIT_MS = 60_000;
const SECRET = 'correct horse';

describe.each(SERVERS)('an independent server: %s', (name) => {
  describe.skipIf(skipServer(name))('by another maker', () => {
    let folder = '';
    let own: MadeCertificate;
    let user: MadeCertificate;
    let stranger: MadeCertificate;
    const closing: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      await bringForeign(name);
      folder = await mkdtemp(join(tmpdir(), 'civicmeter-opcua-foreign-'));
      own = await makeCertificate(join(folder, 'server'), { applicationUri: 'urn:test:server' });
      user = await makeCertificate(join(folder, 'user'), { applicationUri: 'urn:test:user' });
      stranger = await makeCertificate(join(folder, 'stranger'), { applicationUri: 'urn:test:stranger' });
    });
    afterEach(async () => {
      for (const close of closing.splice(0).toReversed()) await close();
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const serve = async (more: Partial<ForeignOptions> = {}): Promise<ForeignServer> => {
      const server = await startForeign(name, {
        port: more.port ?? (await freePort()),
        namespace: NAMESPACE,
        applicationUri: 'urn:test:server',
        certificate: own.certificate,
        key: own.key,
        nodes: NODES,
        policies: ['None'],
        ...more,
      });
      closing.push(server.kill);
      return server;
    };
    const begin = (...args: Parameters<typeof collecting>): Collecting => {
      const running = collecting(...args);
      closing.push(running.stop);
      return running;
    };
    /** A trust list that knows the server, as after `civicmeter certificates trust`. */
    const trusting = async (): Promise<string> => {
      const pki = await mkdtemp(join(folder, 'pki-'));
      await ownCertificate(pki, Date.now());
      await writeFile(join(pki, 'rejected', 'server.pem'), await readFile(own.certificate));
      await trustCertificate(pki, own.thumbprint);
      return pki;
    };

    test('gives the values that it holds, with their times; uncertain is marked, bad is absent', async () => {
      const server = await serve({ filled: { from: T, count: 1, step: 0 } });
      await server.value('m1.Energy', '123456', T + 1_000);
      await server.value('m1.Volume', '4294967301', T + 1_000);
      await server.value('m1.Power', '41.5', T + 2_000);
      const { values, saw } = begin({ endpoint: server.endpoint }, join(folder, 'none'));
      await until('the first values', () => values('p1').length > 0, WAIT_MS);
      expect([values('e1'), values('v1'), values('p1')]).toEqual([
        [[T + 1_000, 123_456]],
        [[T + 1_000, 4_294_967_301]],
        [[T + 2_000, 41_500, 'g']],
      ]);
      await server.value('m1.Energy', '123457', T + 3_000, 0x4090_0000);
      await server.value('m1.Volume', '4294967302', T + 3_000, 0x8031_0000);
      await until('the uncertain value', () => values('e1').length > 1, WAIT_MS);
      await until('the refusal of the bad value', () => saw('opcuaValueRefused', { register: 'v1' }), WAIT_MS);
      expect(values('e1').at(-1)).toEqual([T + 3_000, 123_457, 'u']);
      expect(values('v1')).toHaveLength(1);
    });

    test.each(['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'])(
      'signs and encrypts by %s where it offers that beside no security',
      async (policy) => {
        const server = await serve({ policies: ['None', policy], filled: { from: T, count: 3, step: 1_000 } });
        const { values, refusals } = begin(
          { endpoint: server.endpoint, security: 'sign-and-encrypt' },
          await trusting(),
        );
        await until('the first values', () => values('e1').length > 0, WAIT_MS);
        expect(values('e1')[0]).toEqual([T + 2_000, 2]);
        expect(refusals()).toEqual([]);
      },
    );

    test('is refused where nobody trusts its certificate yet, which then waits under its thumbprint', async () => {
      const server = await serve({ policies: ['None', 'Basic256Sha256'], filled: { from: T, count: 1, step: 0 } });
      const pki = await mkdtemp(join(folder, 'pki-'));
      const { refusals, context } = begin({ endpoint: server.endpoint, security: 'sign-and-encrypt' }, pki);
      await until('a refusal', () => refusals().length > 0, WAIT_MS);
      expect(refusals()[0]).toBe('OPCUA_CERTIFICATE_UNKNOWN');
      expect((await listCertificates(pki)).rejected).toMatchObject([
        { thumbprint: own.thumbprint, server: server.endpoint },
      ]);
      expect(context.frames).toEqual([]);
    });

    test.skipIf(name === 'asyncua')('does not trust our certificate: that is told, with its thumbprint', async () => {
      const server = await serve({ policies: ['None', 'Basic256Sha256'], trustedClient: stranger.certificate });
      const pki = await trusting();
      const { refusals, context } = begin({ endpoint: server.endpoint, security: 'sign-and-encrypt' }, pki);
      await until('a refusal', () => refusals().length > 0, WAIT_MS);
      expect(refusals()[0]).toBe('OPCUA_OWN_CERTIFICATE_REFUSED');
      expect(context.frames).toEqual([]);
    });

    test('without security is refused by a connection that wants it', async () => {
      const server = await serve();
      const { refusals } = begin({ endpoint: server.endpoint, security: 'sign-and-encrypt' }, await trusting());
      await until('a refusal', () => refusals().length > 0, WAIT_MS);
      expect(refusals()[0]).toBe('OPCUA_SECURITY_NOT_OFFERED');
    });

    test('refuses a wrong password and admits the right one, without a restart', async () => {
      const server = await serve({
        policies: ['None', 'Basic256Sha256'],
        anonymous: false,
        user: ['meter', SECRET],
        filled: { from: T, count: 1, step: 0 },
      });
      const file = join(folder, 'password');
      await writeFile(file, 'wrong\n');
      const { refusals, values } = begin(
        {
          endpoint: server.endpoint,
          security: 'sign-and-encrypt',
          user: { kind: 'password', name: 'meter', password: { from: 'file', name: file } },
        },
        await trusting(),
      );
      await until('a refusal', () => refusals().length > 0, WAIT_MS);
      expect(refusals()[0]).toBe('OPCUA_LOGIN_REFUSED');
      await writeFile(file, `${SECRET}\n`);
      await until('values', () => values('e1').length > 0, WAIT_MS);
    });

    test('admits nobody without a name where it wants one', async () => {
      const server = await serve({ policies: ['None', 'Basic256Sha256'], anonymous: false, user: ['meter', SECRET] });
      const { refusals } = begin({ endpoint: server.endpoint, security: 'sign-and-encrypt' }, await trusting());
      await until('a refusal', () => refusals().length > 0, WAIT_MS);
      expect(refusals()[0]).toBe('OPCUA_LOGIN_NOT_OFFERED');
    });

    test.each([
      ['admits the user whose certificate it knows', () => user, undefined],
      ['refuses a user whose certificate it does not know', () => stranger, 'OPCUA_USER_CERTIFICATE_REFUSED'],
    ] as const)('%s', async (_says, who, refusal) => {
      const server = await serve({
        policies: ['None', 'Basic256Sha256'],
        anonymous: false,
        userCertificate: user.der,
        filled: { from: T, count: 1, step: 0 },
      });
      const { certificate, key } = who();
      const { refusals, values } = begin(
        { endpoint: server.endpoint, security: 'sign-and-encrypt', user: { kind: 'certificate', certificate, key } },
        await trusting(),
      );
      await until('an outcome', () => refusals().length + values('e1').length > 0, WAIT_MS);
      expect(refusals()[0]).toBe(refusal);
    });

    test.each([
      ['after a break', false],
      ['after a break, where it cuts without a word that there is more', true],
      ['after the program itself was away', false],
    ] as const)(
      '%s, 204 values of its history come in pieces of 50, each once and under its own time',
      async (when, cut) => {
        const port = await freePort();
        const before = await serve({ port, filled: { from: T, count: 1, step: 0 } });
        const marks = await mkdtemp(join(folder, 'marks-'));
        const more = { intervalMs: 1_000, marks };
        const first = begin({ endpoint: before.endpoint }, join(folder, 'none'), more);
        await until('the first value', () => first.values('v1').length > 0, WAIT_MS);
        await before.kill();
        await until('the loss', () => first.health().state !== 'open', WAIT_MS);
        const away = when === 'after the program itself was away';
        if (away) await first.stop();
        await serve({ port, history: { piece: 50, cut }, filled: { from: T, count: 206, step: 1_000 } });
        const second = away ? begin({ endpoint: before.endpoint }, join(folder, 'none'), more) : first;
        await until('the gap is filled', () => second.saw('opcuaGapFilled'), WAIT_MS);
        const expected = Array.from({ length: 206 }, (_, n) => [T + n * 1_000, n]);
        const values = (register: string) =>
          (away ? [first, second] : [first]).flatMap((one) => one.values(register)).toSorted(([x], [y]) => x - y);
        expect(values('e1')).toEqual(expected);
        expect(values('v1')).toEqual(expected);
        expect(second.saw('opcuaGapStays')).toBe(false);
      },
    );

    test('without history the time of the break stays a gap, and somebody is told', async () => {
      const port = await freePort();
      const before = await serve({ port, filled: { from: T, count: 1, step: 0 } });
      const { values, health, saw } = begin({ endpoint: before.endpoint }, join(folder, 'none'), { intervalMs: 1_000 });
      await until('the first value', () => values('e1').length > 0, WAIT_MS);
      await before.kill();
      await until('the loss', () => health().state !== 'open', WAIT_MS);
      await serve({ port, filled: { from: T, count: 206, step: 1_000 } });
      await until('somebody is told', () => saw('opcuaGapStays'), WAIT_MS);
      expect(values('e1')).toEqual([
        [T, 0],
        [T + 205_000, 205],
      ]);
      expect(saw('opcuaGapFilled')).toBe(false);
      expect(saw('opcuaServerClock', { reason: 'restarted' })).toBe(true);
    });
  });
});
