import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Clock } from '#platform';
import { opcUaClient } from '../../../collectors/opcua/client.ts';
import { createOpcUaCollector } from '../../../collectors/opcua/index.ts';
import type { Session } from '../../../collectors/opcua/session.ts';
import { recordingContext } from '../../support/collector-context.ts';
import { freePort } from '../../support/free-port.ts';
import { METER, NAMESPACE } from '../../support/opcua/collecting.ts';
import { startTestServer } from './server.ts';

const T = Date.UTC(2026, 2, 2);
const MINUTE = 60_000;
const CONNECTION = { kind: 'opcua', id: 'ua', endpoint: 'opc.tcp://x', security: 'none', timeoutMs: 1_000 } as const;

test.each([[[]], [['urn:there:at:once']]])(
  'a device whose namespace the server has only after a while, beside %j, is then read',
  async (atOnce) => {
    let now = T;
    const ending = new AbortController();
    // time that only waiting moves
    const clock: Clock = {
      now: () => now,
      sleep: async (ms, signal) => {
        now += Math.max(1, ms);
        await new Promise((resolve) => setImmediate(resolve));
        if (now > T + 60 * MINUTE) ending.abort(new Error('an hour has passed'));
        signal?.throwIfAborted();
      },
    };
    const open = async (): Promise<Session> => ({
      namespaces: async () => ['', ...atOnce, ...(now > T + 10 * MINUTE ? [NAMESPACE] : [])],
      read: async (nodeIds) =>
        nodeIds.map(() => ({ status: 0, statusName: 'Good', value: 5, type: 'Double', sourceAt: now })),
      subscribe: async () => [],
      history: async () => ({ status: 0, statusName: 'Good', samples: [] }),
      browse: async () => [],
      lost: new AbortController().signal,
      hurry: () => undefined,
      close: async () => undefined,
    });
    const context = recordingContext({ clock });
    const devices = [NAMESPACE, ...atOnce].map((namespace, i) => {
      return { id: `m${i}`, connection: 'ua', model: METER.id, intervalMs: MINUTE, namespace, nodePrefix: '' };
    });
    const models = new Map([[METER.id, METER]]);
    const collector = createOpcUaCollector(CONNECTION, devices, models, context, { certificates: '', open });
    await collector.run(ending.signal);
    const first = context.frames.find(({ device }) => device === 'm0')?.at ?? Infinity;
    expect(first - T).toBeLessThan(15 * MINUTE);
  },
);

test('a session tells the namespaces that its server has now', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'civicmeter-namespaces-'));
  const server = await startTestServer({ port: await freePort(), nodes: new Map() });
  const connection = { ...CONNECTION, endpoint: server.endpoint, timeoutMs: 5_000 };
  const session = await opcUaClient(connection, { certificates: folder, env: {}, now: Date.now })();
  try {
    expect(await session.namespaces()).not.toContain(NAMESPACE);
    server.registerNamespace(NAMESPACE);
    expect(await session.namespaces()).toContain(NAMESPACE);
  } finally {
    await session.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
});
