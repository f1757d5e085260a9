import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { askRunning } from '../../../../api/cli/wiring/beside.ts';

const open = new Set<() => void>();
afterEach(() => {
  for (const close of open) close();
  open.clear();
});

async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  open.add(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  return `http://127.0.0.1:${at.port}`;
}

const shape = z.strictObject({ dirty: z.int() });

test('an answer of the running program is taken in its shape, and its refusal as it gave it', async () => {
  const address = await answering(({ url }, reply) => {
    if (url === '/fine') return reply.end('{"dirty":3}');
    return reply.writeHead(404).end('{"code":"SITE_UNKNOWN","detail":"there is no site \\"x\\"","cure":"use y"}');
  });
  expect(await askRunning(address, '/fine', shape)).toEqual({ dirty: 3 });
  await expect(askRunning(address, '/no', shape)).rejects.toMatchObject({
    kind: 'RequestError',
    code: 'SITE_UNKNOWN',
    cure: 'use y',
  });
});

test.each([
  ['a page', 200, '<html>router</html>'],
  ['nothing', 204, ''],
  ['a page of refusal', 404, '<html>not found</html>'],
  ['another document', 200, '{"lag":0}'],
  ['a refusal of another kind', 502, '["bad gateway"]'],
])('another program on that port, which answers with %s, is no defect of ours', async (_name, status, body) => {
  const address = await answering((_request, reply) => reply.writeHead(status).end(body));
  await expect(askRunning(address, '/', shape)).rejects.toMatchObject({ code: 'START_SILENT', place: address });
});

test('a program that ends in the middle of its answer is silent', async () => {
  const address = await answering((_request, reply) => {
    reply.writeHead(200, { 'content-length': '100' });
    reply.write('{"dirty":', () => reply.destroy());
  });
  await expect(askRunning(address, '/', shape)).rejects.toMatchObject({ code: 'START_SILENT', place: address });
});
