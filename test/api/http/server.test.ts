import { once } from 'node:events';
import { request } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { storeError } from '#domain';
import { createServer } from '../../../api/http/index.ts';
import { appOf, appOfFile, contextOf } from './setup.ts';

const { get } = appOfFile();

describe('the server', () => {
  it.each(['evil.example', 'evil.example:8400', '192.168.1.5', 'localhost.evil.example'])(
    'does not answer to the name "%s"',
    async (host) => {
      const answer = await get('/api/v1/sites', { host });
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([421, 'HOST_REFUSED']);
    },
  );

  it.each(['localhost', '127.0.0.1:8400', '[::1]:8400', 'LOCALHOST:1'])('answers to %s', async (host) => {
    expect((await get('/health', { host })).statusCode).toBe(200);
  });

  it('allows no script but its own files and no other host', async () => {
    for (const url of ['/api/v1/sites', '/api/v1/none']) {
      const { headers } = await get(url);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).not.toMatch(/https?:|\*/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cache-control']).toBe('no-store');
    }
  });

  it('listens on loopback only, and says so', async () => {
    await expect(createServer({ ...contextOf(), host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
      kind: 'ConfigError',
      code: 'HOST_NOT_LOOPBACK',
    });
  });

  it('names the port that is taken and the cure', async () => {
    const other = createTcpServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const bound = other.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    await expect(createServer({ ...contextOf(), port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      place: `127.0.0.1:${port}`,
      cure: expect.stringContaining(`${port + 1}`),
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it('closes within seconds where a client stopped in the middle of a request', { timeout: 30_000 }, async () => {
    const other = await createServer({ ...contextOf(), port: 0 });
    const headers = { 'Content-Type': 'application/json', 'Content-Length': 2, Expect: '100-continue' };
    const sent = request(new URL('/api/v1/closes', other.address), { method: 'POST', agent: false, headers });
    sent.on('error', () => undefined).flushHeaders();
    await once(sent, 'continue');
    sent.write('{');
    const from = Date.now();
    const late = setTimeout(() => sent.destroy(), 20_000);
    await other.close();
    clearTimeout(late);
    sent.destroy();
    expect(Date.now() - from).toBeLessThan(15_000);
  });

  it('is not ready while the books do not answer', async () => {
    const { service } = contextOf();
    const down = await appOf({
      service: { ...service, status: () => Promise.reject(storeError('BOOKS_AWAY', 'gone')) },
    });
    const answer = await down.inject({ url: '/ready', headers: { host: 'localhost' } });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
    expect((await down.inject({ url: '/health', headers: { host: 'localhost' } })).statusCode).toBe(200);
    await down.close();
  });
});
