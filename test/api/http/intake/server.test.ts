import { mkdtempSync, rmSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FRAMES_CONTENT_TYPE, INTAKE_FRAMES_PATH, INTAKE_REPORT_PATH, storeError } from '#domain';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import { createIntakeServer, type IntakeServer } from '../../../../api/http/index.ts';
import { createCentre } from '../../../../collectors/delivery/centre.ts';
import type { Intake } from '../../../../pipeline/index.ts';
import { makeCertificates, type TestCertificates } from '../../../support/certificates.ts';

const KEY = `cmk_0000000a_${'A'.repeat(43)}`;
let folder: string;
let certificates: TestCertificates;
let server: IntakeServer;
/** Lines as the intake got them. */
let taken: string[];
let take: Intake['take'];
let identified: (key: string) => Promise<void>;
let release: () => void = () => undefined;

const answer = { at: 1_000, durable: {}, malformed: [], foreign: [] };
const intake: Intake = {
  identify: async (key) => {
    await identified(key);
    const [, id] = /^cmk_(\w{8})_A{43}$/.exec(key) ?? [];
    return id === undefined ? undefined : { id, site: 'demo' };
  },
  take: (holder, lines) => take(holder, lines),
  report: async () => ({ at: 1_000, unknownHere: ['d/x'], notRead: [] }),
  close: async () => undefined,
};
const place = () => ({
  intake,
  clock: systemClock,
  telemetry: createTelemetry(silentLogger()),
  host: '127.0.0.1',
  port: 0,
  certificate: certificates.certificate,
  privateKey: certificates.privateKey,
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'intake-'));
  certificates = makeCertificates(folder);
  server = await createIntakeServer(place());
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  taken = [];
  identified = async () => undefined;
  take = async (_holder, lines) => {
    taken.push(...lines.map((line) => Buffer.from(line).toString()));
    return answer;
  };
});

interface Asked {
  readonly status: number;
  readonly code?: string | undefined;
  readonly retryAfter?: string | undefined;
}
const ask = (
  body: Buffer | string,
  headers: Record<string, string> = {},
  path = INTAKE_FRAMES_PATH,
  method = 'POST',
): Promise<Asked> =>
  new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, server.address),
      {
        method,
        ca: certificates.ca,
        agent: false,
        headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': FRAMES_CONTENT_TYPE, ...headers },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += String(chunk)));
        response.on('end', () => {
          const { code } = JSON.parse(text) as { code?: string };
          resolve({ status: response.statusCode ?? 0, code, retryAfter: response.headers['retry-after'] });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });

/** A request of two bytes, of which it has sent these. */
function cuttable(key: string, bytes: string, at: IntakeServer = server): ClientRequest {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': FRAMES_CONTENT_TYPE, 'Content-Length': 2 };
  const url = new URL(INTAKE_FRAMES_PATH, at.address);
  const sent = request(url, { method: 'POST', ca: certificates.ca, agent: false, headers });
  sent.on('error', () => undefined).write(bytes);
  return sent;
}

describe('the listener of the intake', () => {
  it('speaks TLS only, and serves nothing but gateways', async () => {
    await expect(fetch(server.address.replace('https', 'http'))).rejects.toThrow('fetch failed');
    for (const path of ['/', '/api/v1/status', '/health', '/metrics'])
      expect((await ask('', {}, path)).status, path).toBe(404);
  });

  it.each([
    ['lines of frames', 'one\n', FRAMES_CONTENT_TYPE],
    ['no JSON', '{', 'application/json'],
    ['other JSON', '{"src":"x"}', 'application/json'],
  ])('refuses %s in place of a report', async (_what, body, type) => {
    const answered = await ask(body, { 'Content-Type': type }, INTAKE_REPORT_PATH, 'PUT');
    expect(answered).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
  });

  it('gives the lines on as they came, plain or packed', async () => {
    expect(await ask('one\n\ntwo\n')).toMatchObject({ status: 200 });
    expect(await ask(gzipSync('three\nfour'), { 'Content-Encoding': 'gzip' })).toMatchObject({ status: 200 });
    expect(taken).toEqual(['one', '', 'two', 'three', 'four']);
  });

  it('refuses who has no valid key before the body is read, and a flood of such', async () => {
    const wrong = { Authorization: 'Bearer cmk_nothing' };
    expect(await ask('x', wrong)).toMatchObject({ status: 401, code: 'KEY_REFUSED' });
    const answers: Asked[] = [];
    for (let i = 0; i < 12; i++) answers.push(await ask('x', wrong));
    expect(answers.at(-1)).toMatchObject({ status: 429, code: 'INTAKE_BUSY', retryAfter: '2' });
    expect(taken).toEqual([]);
    expect((await ask('x')).status).toBe(200);
  });

  it('bounds a body as it travels, unpacked, and in lines', async () => {
    expect(await ask(Buffer.alloc(4 * 1024 * 1024 + 1))).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    const bomb = gzipSync(Buffer.alloc(17 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(64 * 1024);
    expect(await ask(bomb, { 'Content-Encoding': 'gzip' })).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect(await ask('\n'.repeat(5_001))).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect(await ask('x', { 'Content-Type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(await ask('no gzip', { 'Content-Encoding': 'gzip' })).toMatchObject({
      status: 400,
      code: 'REQUEST_INVALID',
    });
    expect(taken).toEqual([]);
  });

  it('lets a key have four requests under way, and takes its turns back when they end', async () => {
    const gate = new Promise<void>((resolve) => (release = resolve));
    take = async () => {
      await gate;
      return answer;
    };
    const waiting = Array.from({ length: 6 }, () => ask('x'));
    const first = await Promise.race(waiting);
    expect(first).toMatchObject({ status: 429, code: 'INTAKE_BUSY' });
    release();
    const statuses = (await Promise.all(waiting)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 429, 429]);
    expect((await ask('x')).status).toBe(200);
  });

  it.each([
    ['its key is looked up', 'b'],
    ['its body comes', 'c'],
    ['its frames are stored', 'd'],
  ])('takes a turn back when the line is cut while %s', async (_when, name) => {
    const key = KEY.replace('000a', `000${name}`);
    for (let i = 0; i < 5; i++) {
      const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      identified = async (asked) => {
        if (asked !== key || name === 'd') return;
        reached.resolve();
        if (name === 'b') await gate.promise;
      };
      take = async () => {
        reached.resolve();
        await gate.promise;
        return answer;
      };
      const sent = cuttable(key, name === 'c' ? 'x' : 'xx');
      await reached.promise;
      sent.destroy();
      // whoever comes after the cut is answered after it
      await ask('', {}, '/');
      gate.resolve();
    }
    identified = async () => undefined;
    take = async () => answer;
    await expect.poll(() => ask('xx', { Authorization: `Bearer ${key}` })).toMatchObject({ status: 200 });
  });

  it('keeps the turn of a line that was cut as long as its frames are stored', async () => {
    const key = KEY.replace('000a', '000e');
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let atWork = 0;
    take = async () => {
      if (++atWork === 4) reached.resolve();
      await gate.promise;
      return answer;
    };
    const sent = Array.from({ length: 4 }, () => cuttable(key, 'xx'));
    await reached.promise;
    for (const each of sent) each.destroy();
    await ask('', {}, '/');
    expect(await ask('x', { Authorization: `Bearer ${key}` })).toMatchObject({ status: 429, code: 'INTAKE_BUSY' });
    gate.resolve();
    await expect.poll(() => ask('x', { Authorization: `Bearer ${key}` })).toMatchObject({ status: 200 });
  });

  it('closes within seconds where a line died in the middle of a request', { timeout: 30_000 }, async () => {
    const other = await createIntakeServer(place());
    const reached = Promise.withResolvers<void>();
    identified = async () => reached.resolve();
    const sent = cuttable(KEY.replace('000a', '000f'), 'x', other);
    await reached.promise;
    const from = Date.now();
    await other.close();
    expect(Date.now() - from).toBeLessThan(15_000);
    sent.destroy();
    identified = async () => undefined;
  });

  it('says 503 while the log takes nothing', async () => {
    take = () => Promise.reject(storeError('LOG_APPEND_FAILED', 'no broker'));
    expect(await ask('x')).toMatchObject({ status: 503, code: 'LOG_APPEND_FAILED' });
  });

  it('is refused a certificate that does not serve', async () => {
    await expect(createIntakeServer({ ...place(), privateKey: 'no key' })).rejects.toMatchObject({
      code: 'INTAKE_CERTIFICATE_INVALID',
    });
  });
});

describe('the centre as a gateway sees it', () => {
  const centre = (more: Partial<Parameters<typeof createCentre>[0]> = {}) =>
    createCentre({ url: server.address, key: KEY, ca: certificates.ca, src: 'aaaaaaaa', now: Date.now, ...more });
  const frames = [3, 4, 9].map((seq) => ({ seq, device: 'd', value: Buffer.from(`{"seq":${seq}}`) }));

  it('has on disk what it says, and never more than was sent', async () => {
    take = async () => ({ ...answer, durable: { aaaaaaaa: [[0, 5]], bbbbbbbb: [[9, 10]] } });
    const one = centre();
    expect(await one.deliver(frames)).toEqual([[3, 5]]);
    take = async () => ({ ...answer, malformed: [2, 77] });
    expect(await one.deliver(frames)).toEqual([[9, 10]]);
    one.close();
  });

  it('tells how far its clock is ahead', async () => {
    const heard: number[] = [];
    const one = centre({ now: () => 500, onClock: (ahead) => heard.push(ahead) });
    await one.deliver(frames);
    one.close();
    expect(heard).toEqual([500]);
  });

  it('is told apart: no line, an unknown authority, a wrong key, a refusal', async () => {
    const codeOf = async (more: Partial<Parameters<typeof createCentre>[0]>): Promise<unknown> => {
      const one = centre(more);
      const failure: unknown = await one.deliver(frames).catch((error: unknown) => error);
      one.close();
      return failure;
    };
    expect(await codeOf({ url: 'https://127.0.0.1:1' })).toMatchObject({ code: 'CENTRE_SILENT', retryable: true });
    expect(await codeOf({ ca: undefined })).toMatchObject({ code: 'CENTRE_CERTIFICATE_REFUSED' });
    const other = server.address.replace('127.0.0.1', 'localhost');
    expect(await codeOf({ url: other })).toMatchObject({ code: 'CENTRE_CERTIFICATE_REFUSED' });
    expect(await codeOf({ key: 'cmk_no' })).toMatchObject({
      code: expect.stringMatching(/CENTRE_KEY_REFUSED|CENTRE_REFUSED/),
    });
    take = () => Promise.reject(storeError('LOG_APPEND_FAILED', 'no broker'));
    expect(await codeOf({})).toMatchObject({
      code: 'CENTRE_REFUSED',
      message: expect.stringContaining('LOG_APPEND_FAILED'),
    });
  });

  it('answers a report with the registers that it does not know', async () => {
    const one = centre();
    const report = {
      src: 'aaaaaaaa',
      site: 'demo',
      devices: {},
      waiting: { frames: 0, oldestAt: null },
      notStored: 0,
      clockSteps: [],
    };
    expect(await one.report(report)).toMatchObject({ unknownHere: ['d/x'] });
    expect(INTAKE_REPORT_PATH).toBe('/intake/v1/report');
    one.close();
  });
});
