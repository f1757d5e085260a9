import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOpcUaCollector } from '../../../collectors/opcua/index.ts';
import { DataType, type NodeState, startTestServer, URI } from '../../collectors/opcua/server.ts';
import { METER } from '../../support/opcua/collecting.ts';
import { collectorContract } from './collector-contract.ts';
import { freePort } from '../../support/free-port.ts';

/** Each sample bears the time at which it was taken. */
const NODES: readonly (readonly [string, NodeState])[] = [
  ['m1.Energy', { value: 1_000, type: DataType.Double }],
  ['m1.Volume', { value: [0, 77], type: DataType.UInt64 }],
  ['m1.Power', { value: 41.5, type: DataType.Float }],
];

collectorContract(
  'opcua',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'civicmeter-opcua-contract-'));
    const port = await freePort();
    const start = () => startTestServer({ port, nodes: new Map(NODES) });
    let server: Awaited<ReturnType<typeof start>> | undefined = await start();
    const { endpoint } = server;
    const down = async (): Promise<void> => {
      await server?.close();
      server = undefined;
    };
    return {
      collector: (context) =>
        createOpcUaCollector(
          { kind: 'opcua', id: 'ua', endpoint, security: 'none', timeoutMs: 3_000 },
          [{ id: 'm1', connection: 'ua', model: METER.id, intervalMs: 200, namespace: URI, nodePrefix: 'm1.' }],
          new Map([[METER.id, METER]]),
          context,
          { certificates: join(folder, 'pki'), backoff: { minMs: 20, maxMs: 100 } },
        ),
      whole: { e1: 1_000, v1: 77, p1: 41_500 },
      down,
      up: async () => {
        server = await start();
      },
      openConnections: () => server?.openNow() ?? 0,
      close: async () => {
        await down();
        // an opening that nobody waits for any more may still write its certificates
        await rm(folder, { recursive: true, force: true, maxRetries: 20 });
      },
    };
  },
  60_000,
);
