import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Centre, createCentre } from '../../../collectors/delivery/centre.ts';
import { makeCertificates, type TestCertificates } from '../../support/certificates.ts';

let folder: string;
let certificates: TestCertificates;
let server: Server;
let answer: (response: ServerResponse) => void;
/** Paths that were asked for. */
let asked: (string | undefined)[];

const frames = [{ seq: 0, device: 'd', value: Buffer.from('{}') }];
const centreAt = (path: string): Centre =>
  createCentre({
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    key: 'k',
    ca: certificates.ca,
    src: '0000000a',
    now: Date.now,
  });
async function deliveredTo(path = ''): Promise<unknown> {
  const centre = centreAt(path);
  try {
    return await centre.deliver(frames);
  } finally {
    centre.close();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'centre-'));
  certificates = makeCertificates(folder);
  const { certificate: cert, privateKey: key } = certificates;
  server = createServer({ cert, key }, (request: IncomingMessage, response: ServerResponse) => {
    asked.push(request.url);
    request.resume().on('end', () => answer(response));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterAll(async () => {
  await new Promise((closed) => server.close(closed));
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  asked = [];
});

describe('what answers in place of the centre', () => {
  it.each([
    ['a proxy without a way to the centre', 502, '<html><h1>502 Bad Gateway</h1></html>', /502/],
    ['a proxy that knows another path', 404, '<html>nginx</html>', /404/],
    ['a sign-in page', 302, '', /302.*https:\/\/portal\.example\/login/],
  ])('is told from the centre itself: %s', async (_, status, html, message) => {
    answer = (response) =>
      response
        .writeHead(status, {
          'Content-Type': 'text/html',
          ...(status === 302 && { Location: 'https://portal.example/login' }),
        })
        .end(html);
    await expect(deliveredTo()).rejects.toMatchObject({
      code: 'CENTRE_REFUSED',
      message: expect.stringMatching(message),
      cure: expect.stringMatching(/proxy/),
    });
  });

  it('the centre itself is quoted, with its cure', async () => {
    const problem = { code: 'LOG_UNAVAILABLE', detail: 'the log takes nothing', cure: 'look at Kafka' };
    answer = (response) => response.writeHead(503).end(JSON.stringify(problem));
    await expect(deliveredTo()).rejects.toMatchObject({
      message: 'the centre did not take what was sent: LOG_UNAVAILABLE the log takes nothing',
      cure: 'look at Kafka',
    });
  });
});

describe('an address with a path', () => {
  it.each(['', '/', '/energy', '/energy/'])('is where the centre is asked: %j', async (path) => {
    answer = (response) => response.end(JSON.stringify({ at: 1, durable: {}, malformed: [], foreign: [] }));
    await deliveredTo(path);
    expect(asked).toEqual([`${path.replace(/\/$/, '')}/intake/v1/frames`]);
  });
});
