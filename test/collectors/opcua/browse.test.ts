import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { OpcUaConnection } from '../../../collectors/contract.ts';
import { loadModels, resolveRegister } from '../../../collectors/devices/index.ts';
import { browseServer, devicesAmong } from '../../../collectors/opcua/browse.ts';
import { firstSite } from '../../../collectors/opcua/first-site.ts';
import type { FoundNode, Session } from '../../../collectors/opcua/session.ts';
import { checkSite, formatProblem } from '../../../collectors/site/index.ts';
import { cli } from '../../support/cli.ts';
import { DataType, startTestServer, URI } from './server.ts';
import { freePort } from '../../support/free-port.ts';

const models = loadModels();
const CONNECTION: OpcUaConnection = {
  kind: 'opcua',
  id: 'ua',
  endpoint: 'opc.tcp://10.0.0.7:4840',
  security: 'sign-and-encrypt',
  timeoutMs: 1_000,
};
const folder = mkdtempSync(join(tmpdir(), 'civicmeter-browse-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server whose address space is a tree: node id, its children. */
const tree = (children: Readonly<Record<string, readonly FoundNode[]>>): Pick<Session, 'namespaces' | 'browse'> => ({
  namespaces: () => Promise.resolve(['http://opcfoundation.org/UA/', 'urn:server', URI]),
  browse: (nodeId) => Promise.resolve(children[nodeId] ?? []),
});
const object = (nodeId: string, name: string): FoundNode => ({ nodeId, name, kind: 'object' });
const variable = (nodeId: string, name: string): FoundNode => ({ nodeId, name, kind: 'variable' });
const ECM = ['AcActiveEnergyTotalImportHp', 'AcActiveEnergyTotalExportHp', 'AcActivePowerTotal'];
const words = (key: string): string => key;
const problemsOf = (text: string): readonly string[] => {
  const checked = checkSite(text, { file: 'site.yaml', models, resolveRegister });
  return 'problems' in checked ? checked.problems.map((problem) => formatProblem(problem, 'en')) : [];
};

test('variables that bear the names of a model are devices; the rest are listed, and the file passes the check', async () => {
  const session = tree({
    'i=85': [object('i=2253', 'Server'), object('ns=2;s=Hall', 'Hall 1 / 配电室'), variable('ns=2;i=7', 'Counter')],
    'ns=2;s=Hall': [
      ...ECM.map((name) => variable(`ns=2;s=Hall.A.${name}`, name)),
      ...ECM.slice(0, 2).map((name) => variable(`ns=2;s=Hall.B.${name}`, name)),
      variable(`ns=2;s=Hall.C.${ECM[0]}`, ECM[0] ?? ''),
    ],
  });
  const browsed = await browseServer(session);
  const devices = devicesAmong(browsed.variables, models);
  expect(devices).toMatchObject([
    { model: 'opcua-ecm-e3', namespace: URI, nodePrefix: 'Hall.A.', missing: [] },
    { model: 'opcua-ecm-e3', namespace: URI, nodePrefix: 'Hall.B.', missing: ['p1'] },
  ]);
  const text = firstSite(CONNECTION, browsed, devices, words);
  expect(problemsOf(text)).toEqual([]);
  expect(text).toContain('ns=2;i=7');
  expect(text).toContain(`ns=2;s=Hall.C.${ECM[0]}`);
  expect(text).not.toContain('i=2253');
});

test('a walk ends: at the bounds, and where nodes refer to each other in a circle', async () => {
  const circle = tree({
    'i=85': [object('ns=2;s=a', 'a')],
    'ns=2;s=a': [object('ns=2;s=b', 'b')],
    'ns=2;s=b': [object('ns=2;s=a', 'a')],
  });
  expect(await browseServer(circle)).toEqual({ variables: [], cut: false });
  const endless: Pick<Session, 'namespaces' | 'browse'> = {
    namespaces: () => Promise.resolve([]),
    browse: (nodeId) =>
      Promise.resolve([0, 1, 2].map((n) => variable(`${nodeId.replace('i=85', 'ns=1;s=')}.${n}`, 'x'))),
  };
  const { variables, cut } = await browseServer(endless, { bounds: { nodes: 500, depth: 50 } });
  expect([variables.length < 500, cut]).toEqual([true, true]);
  expect((await browseServer(endless, { bounds: { nodes: 1e6, depth: 3 } })).cut).toBe(true);
});

test('whatever the names in the server, the file is one that the check accepts', () => {
  const name = fc.string({ unit: 'binary', minLength: 0, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name), { maxLength: 6 }), (named) => {
      const variables = named.flatMap(([prefix, folderName], i) => [
        ...ECM.map((path) => ({
          nodeId: `ns=2;s=${prefix}${i}.${path}`,
          path: [folderName, path],
          namespace: URI,
          text: `${prefix}${i}.${path}`,
        })),
        { nodeId: `ns=2;s=${prefix}`, path: [folderName, prefix] },
      ]);
      const devices = devicesAmong(variables, models);
      expect(problemsOf(firstSite(CONNECTION, { variables, cut: false }, devices, words))).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test('civicmeter browse writes a file from a real server that civicmeter check accepts', async () => {
  const nodes = new Map(ECM.map((path) => [`Hall.${path}`, { value: 1, type: DataType.Double }] as const));
  const server = await startTestServer({ port: await freePort(), nodes });
  try {
    const { code, out, err } = await cli(['browse', server.endpoint, '--security', 'none', '--data', folder]);
    expect([code, err]).toEqual([0, '']);
    const file = join(folder, 'site.yaml');
    writeFileSync(file, out);
    expect(out).toContain('nodePrefix: Hall.');
    expect(await cli(['check', file])).toMatchObject({ code: 0 });
  } finally {
    await server.close();
  }
});
