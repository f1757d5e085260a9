import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DataType,
  type DataValueOptions,
  DataValue,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  type StatusCode,
  StatusCodes,
  VariantArrayType,
} from 'node-opcua';

export const URI = 'urn:civicmeter:test';
export { DataType, SecurityPolicy, StatusCodes };

export interface NodeState {
  value: unknown;
  type: DataType;
  status?: StatusCode;
  /** Epoch ms; now, where absent. */
  sourceAt?: number;
}

export interface TestServer {
  readonly endpoint: string;
  readonly port: number;
  readonly certificates: string;
  /** By node id without namespace; change it and the next sample shows it. */
  readonly nodes: Map<string, NodeState>;
  readonly openNow: () => number;
  readonly registerNamespace: (uri: string) => void;
  readonly close: () => Promise<void>;
}

export interface ServerCertificate {
  readonly ip?: readonly string[];
  readonly applicationUri?: string;
  readonly startDate?: Date;
  readonly days?: number;
}

const APPLICATION = 'urn:civicmeter:test:server';

/** A real OPC UA server whose variables are what the test says. `before`: other namespaces, registered first. */
export async function startTestServer(options: {
  readonly port: number;
  readonly nodes: Map<string, NodeState>;
  readonly before?: readonly string[];
  readonly secure?: boolean;
  /** What its certificate says; by default it is right for this server. */
  readonly certificate?: ServerCertificate;
  /** The only policy that it offers where it is secure. */
  readonly policy?: SecurityPolicy;
  /** For its certificates; by default a temporary one, removed at the end. */
  readonly folder?: string;
}): Promise<TestServer> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'civicmeter-opcua-server-')));
  const manager = new OPCUACertificateManager({
    rootFolder: folder,
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  });
  await manager.initialize();
  const certificateFile = join(folder, 'own/certs/test_server.pem');
  const {
    ip = ['127.0.0.1'],
    applicationUri = APPLICATION,
    startDate = new Date(),
    days = 30,
  } = options.certificate ?? {};
  await manager.createSelfSignedCertificate({
    applicationUri,
    subject: '/CN=test server',
    dns: ['test-server', hostname()],
    ip: [...ip],
    startDate,
    validity: days,
    outputFile: certificateFile,
  });
  const server = new OPCUAServer({
    port: options.port,
    certificateFile,
    serverInfo: { applicationUri: APPLICATION },
    hostname: '127.0.0.1',
    resourcePath: '/test',
    serverCertificateManager: manager,
    securityModes: options.secure ? [MessageSecurityMode.SignAndEncrypt] : [MessageSecurityMode.None],
    securityPolicies: options.secure ? [options.policy ?? SecurityPolicy.Basic256Sha256] : [SecurityPolicy.None],
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  if (!space) throw new Error('the server has no address space');
  for (const uri of options.before ?? []) space.registerNamespace(uri);
  const namespace = space.registerNamespace(URI);
  for (const [id, node] of options.nodes) {
    namespace.addVariable({
      organizedBy: space.rootFolder.objects,
      browseName: id,
      nodeId: `s=${id}`,
      dataType: node.type,
      minimumSamplingInterval: 50,
      value: { timestamped_get: () => dataValue(options.nodes.get(id) ?? node) },
    });
  }
  await server.start();
  return {
    endpoint: `opc.tcp://127.0.0.1:${options.port}/test`,
    port: options.port,
    certificates: folder,
    nodes: options.nodes,
    openNow: () => server.currentChannelCount,
    registerNamespace: (uri) => void space.registerNamespace(uri),
    close: async () => {
      await server.shutdown(0);
      await manager.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function dataValue(node: NodeState): DataValue {
  const statusCode = node.status ?? StatusCodes.Good;
  const stamps = { sourceTimestamp: new Date(node.sourceAt ?? Date.now()), serverTimestamp: new Date() };
  const options: DataValueOptions = {
    statusCode,
    ...stamps,
    value: { dataType: node.type, arrayType: VariantArrayType.Scalar, value: node.value },
  };
  return new DataValue(options);
}
