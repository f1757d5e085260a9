import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { collecting } from '../../support/opcua/collecting.ts';

test('a collector whose server takes the connection and says nothing ends when it is told to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'civicmeter-ending-'));
  const mute = createServer((socket) => void socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  // it listens on TCP
  const { port } = mute.address() as AddressInfo;
  const running = collecting({ endpoint: `opc.tcp://127.0.0.1:${port}`, timeoutMs: 4_000 }, folder);
  const [socket] = await once(mute, 'connection');
  const from = Date.now();
  await running.stop();
  expect(Date.now() - from).toBeLessThan(1_000);
  socket.destroy();
  mute.close();
  // an opening that nobody waits for any more may still write its certificates
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
}, 30_000);
