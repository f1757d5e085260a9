import { setTimeout as sleep } from 'node:timers/promises';
import {
  AttributeIds,
  ClientMonitoredItemGroup,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  TimestampsToReturn,
} from 'node-opcua-client';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { meter } from '../usage.ts';
import { nameOf, REGISTERS, URI } from './site.ts';
import type { ClientTask } from './task.ts';

/** The least that hears the same: the library's client with the same subscriptions, which counts what it is told. */
const CHUNK = 500;
const { endpoint, devices, security, certificates, warmUpSeconds, seconds }: ClientTask = JSON.parse(
  process.argv[2] ?? '',
);
let heard = 0;

const manager = new OPCUACertificateManager({
  rootFolder: certificates,
  automaticallyAcceptUnknownCertificate: true,
  disableFileWatchers: true,
});
await manager.initialize();
const nodeIds = Array.from(
  { length: devices * REGISTERS },
  (_, i) => `s=${Math.floor(i / REGISTERS)}.${nameOf(i % REGISTERS)}`,
);

const client = OPCUAClient.create({
  clientCertificateManager: manager,
  transportTimeout: 60_000,
  endpointMustExist: false,
  ...(security === 'none'
    ? { securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None }
    : { securityMode: MessageSecurityMode.SignAndEncrypt, securityPolicy: SecurityPolicy.Basic256Sha256 }),
});
await client.connect(endpoint);
const session = await client.createSession();
const index = (await session.readNamespaceArray()).indexOf(URI);
const subscription = await session.createSubscription2({
  requestedPublishingInterval: 500,
  requestedMaxKeepAliveCount: 4,
  requestedLifetimeCount: 40,
  maxNotificationsPerPublish: 5_000,
  publishingEnabled: true,
});
for (let from = 0; from < nodeIds.length; from += CHUNK) {
  const group = ClientMonitoredItemGroup.create(
    subscription,
    nodeIds.slice(from, from + CHUNK).map((id) => ({ nodeId: `ns=${index};${id}`, attributeId: AttributeIds.Value })),
    { samplingInterval: 500, queueSize: 10, discardOldest: true },
    TimestampsToReturn.Both,
  );
  group.on('changed', () => (heard += 1));
  await new Promise((resolve) => group.on('initialized', () => resolve(undefined)));
}

await sleep(warmUpSeconds * 1_000);
const usage = meter(() => heard);
await sleep(seconds * 1_000);
process.send?.({ usage: usage() });
await session.close(true);
await client.disconnect();
process.exit();
