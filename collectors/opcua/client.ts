import {
  AttributeIds,
  ClientMonitoredItemGroup,
  type ClientSession,
  type ClientSubscription,
  DataType,
  type DataValue,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  TimestampsToReturn,
} from 'node-opcua-client';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { deviceError } from '#domain';
import type { OpcUaConnection } from '../contract.ts';
import type { Sample } from './sample.ts';
import type { MonitoredNode, OpenSession, RefusedNode, Session } from './session.ts';

/** Values that the server keeps of a node between two publishes. */
const QUEUE_SIZE = 10;
/** Nodes per request: below the limits that servers commonly have. */
const CHUNK = 500;
/** Publishing goes on as a keep-alive at least every four intervals; the server forgets the subscription after 40 (Part 4, 5.14.2: at least 3 times as many). */
const KEEP_ALIVE_COUNT = 4;
const LIFETIME_COUNT = 40;
/** A line on which nothing at all comes for so long is dead. The library's figure for idleness, not for one answer: well above a keep-alive. */
const IDLE_MS = 2 * 60_000;

/**
 * Sessions through node-opcua-client. `certificates` is the folder with own key and certificate and the trusted and rejected
 * certificates of others; an unknown one lands in `rejected` and is never accepted by itself. The library's own
 * reconnection is off: it would keep node ids whose namespace index may have changed, and hide the gap.
 */
export const opcUaClient =
  (connection: OpcUaConnection, certificates: string): OpenSession =>
  async () => {
    const manager = new OPCUACertificateManager({
      rootFolder: certificates,
      automaticallyAcceptUnknownCertificate: false,
      disableFileWatchers: true,
    });
    await manager.initialize();
    const client = OPCUAClient.create({
      applicationName: 'CivicMeter',
      clientName: `CivicMeter ${connection.id}`,
      clientCertificateManager: manager,
      endpointMustExist: false,
      keepSessionAlive: true,
      connectionStrategy: { maxRetry: 0 },
      transportTimeout: IDLE_MS,
      defaultTransactionTimeout: connection.timeoutMs,
      ...securityOf(connection.security),
    });
    const disconnect = async (): Promise<void> => {
      await within(connection.timeoutMs, client.disconnect()).catch(() => undefined);
      await manager.dispose();
    };
    const lost = new AbortController();
    const lose = (what: string) => (): void => lost.abort(lostError(connection, what));
    client.on('connection_lost', lose('the connection broke'));
    client.on('close', lose('the connection was closed'));
    client.on('abort', lose('the connection was refused'));
    try {
      await within(2 * connection.timeoutMs, client.connect(connection.endpoint));
      const session = await within(connection.timeoutMs, client.createSession());
      session.on('session_closed', lose('the server closed the session'));
      session.on('keepalive_failure', lose('the server no longer answers'));
      return sessionOf(connection, session, lost, disconnect);
    } catch (error) {
      await disconnect();
      throw connectError(connection, certificates, error);
    }
  };

function sessionOf(
  connection: OpcUaConnection,
  session: ClientSession,
  lost: AbortController,
  disconnect: () => Promise<void>,
): Session {
  let subscription: ClientSubscription | undefined;
  return {
    lost: lost.signal,
    namespaces: () => within(connection.timeoutMs, session.readNamespaceArray()),
    read: async (nodeIds) => {
      const samples: Sample[] = [];
      for (let i = 0; i < nodeIds.length; i += CHUNK) {
        const nodes = nodeIds.slice(i, i + CHUNK).map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value }));
        samples.push(...(await within(connection.timeoutMs, session.read(nodes))).map(sampleOf));
      }
      return samples;
    },
    subscribe: async (items, changed) => {
      subscription = await within(connection.timeoutMs, session.createSubscription2(subscriptionOf(items)));
      subscription.on('terminated', () => lost.abort(lostError(connection, 'the server ended the subscription')));
      const refused: RefusedNode[] = [];
      for (let i = 0; i < items.length; i += CHUNK) {
        refused.push(...(await monitor(connection, subscription, items.slice(i, i + CHUNK), i, changed)));
      }
      return refused;
    },
    close: async () => {
      // a lost session has nobody to say good-bye to
      if (!lost.signal.aborted) await within(connection.timeoutMs, session.close(true)).catch(() => undefined);
      subscription?.removeAllListeners();
      await disconnect();
    },
  };
}

const subscriptionOf = (items: readonly MonitoredNode[]): Parameters<ClientSession['createSubscription2']>[0] => ({
  requestedPublishingInterval: Math.min(...items.map((item) => item.samplingMs)),
  requestedMaxKeepAliveCount: KEEP_ALIVE_COUNT,
  requestedLifetimeCount: LIFETIME_COUNT,
  maxNotificationsPerPublish: 1_000,
  publishingEnabled: true,
  priority: 1,
});

/** Monitors a part of the nodes, which begins at position `from`. No deadband: every change of a counter counts. */
async function monitor(
  connection: OpcUaConnection,
  subscription: ClientSubscription,
  items: readonly MonitoredNode[],
  from: number,
  changed: (position: number, sample: Sample) => void,
): Promise<readonly RefusedNode[]> {
  const samplingInterval = Math.min(...items.map((item) => item.samplingMs));
  const group = ClientMonitoredItemGroup.create(
    subscription,
    items.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value })),
    { samplingInterval, queueSize: QUEUE_SIZE, discardOldest: true },
    TimestampsToReturn.Both,
  );
  group.on('changed', (_item, dataValue, index) => changed(from + index, sampleOf(dataValue)));
  await within(
    connection.timeoutMs,
    new Promise<void>((resolve, reject) => {
      group.on('initialized', resolve);
      group.on('err', (message) => reject(new Error(message)));
    }),
  );
  return group.monitoredItems.flatMap(({ statusCode }, i) =>
    statusCode.value >>> 30 === 0 ? [] : [{ position: from + i, reason: statusCode.name }],
  );
}

const securityOf = (
  security: OpcUaConnection['security'],
): { securityMode: MessageSecurityMode; securityPolicy: SecurityPolicy } =>
  security === 'none'
    ? { securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None }
    : {
        securityMode: security === 'sign' ? MessageSecurityMode.Sign : MessageSecurityMode.SignAndEncrypt,
        securityPolicy: SecurityPolicy.Basic256Sha256,
      };

function sampleOf(dataValue: DataValue): Sample {
  return {
    status: dataValue.statusCode.value >>> 0,
    statusName: dataValue.statusCode.name,
    value: dataValue.value.value,
    type: DataType[dataValue.value.dataType],
    sourceAt: timeOf(dataValue.sourceTimestamp),
    serverAt: timeOf(dataValue.serverTimestamp),
  };
}

/** The least DateTime, 1601-01-01, means that there is none (Part 6, 5.2.2.5). */
const timeOf = (date: Date | null | undefined): number | undefined =>
  date && date.getTime() > 0 ? date.getTime() : undefined;

/** The promise's outcome, or a rejection after `ms`. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const lostError = (connection: OpcUaConnection, what: string): Error =>
  deviceError('OPCUA_SESSION_LOST', `${connection.endpoint}: ${what}`, {
    place: connection.id,
    cure: 'it is opened again by itself; if this repeats, check the server and the network',
  });

function connectError(connection: OpcUaConnection, certificates: string, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/certificate/i.test(message) && connection.security !== 'none') {
    return deviceError('OPCUA_CERTIFICATE_REFUSED', `${connection.endpoint}: ${message}`, {
      place: connection.id,
      cure: `check the server's certificate in ${certificates}/rejected and move it to ${certificates}/trusted/certs; the server must trust ours, ${certificates}/own/certs, as well`,
      cause,
    });
  }
  return deviceError('OPCUA_CONNECT_FAILED', `${connection.endpoint}: ${message}`, {
    place: connection.id,
    cure: 'check that the server runs, its endpoint address and its security mode',
    cause,
  });
}
