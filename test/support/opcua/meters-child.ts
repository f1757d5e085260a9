import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { DataType, type NodeState, startTestServer } from '../../collectors/opcua/server.ts';
import { freePort } from '../free-port.ts';

/**
 * Servers that sign and encrypt, with meters of the model opcua-ecm-e2 whose values change, in a process of its own: how many
 * servers, how many meters on each, a folder. Writes their certificates (DER) there and tells their endpoints. Ends by being killed.
 */
const [servers = 1, meters = 1] = process.argv.slice(2, 4).map(Number);
const root = process.argv[4] ?? '';
const seconds = (): number => Math.floor(Date.now() / 1_000);
const endpoints = await Promise.all(
  Array.from({ length: servers }, async (_, server) => {
    const nodes = new Map<string, NodeState>();
    const change = (): void => {
      for (let meter = 0; meter < meters; meter++) {
        const at = { type: DataType.Float, sourceAt: seconds() * 1_000 };
        nodes.set(`m${meter}.AcActiveEnergyTotalImportLp`, { ...at, value: seconds() % 1_000_000 });
        nodes.set(`m${meter}.AcActiveEnergyTotalExportLp`, { ...at, value: 0 });
        nodes.set(`m${meter}.AcActivePowerTotal`, { ...at, value: 3_600 });
      }
    };
    change();
    setInterval(change, 500);
    const folder = join(root, String(server));
    mkdirSync(folder, { recursive: true });
    const started = await startTestServer({ port: await freePort(), folder, nodes, secure: true });
    const pem = readFileSync(join(folder, 'own/certs/test_server.pem'));
    writeFileSync(join(root, `server-${server}.der`), new X509Certificate(pem).raw);
    return started.endpoint;
  }),
);
process.send?.(endpoints);
