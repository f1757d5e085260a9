import {
  AttributeIds,
  BrowseDirection,
  ClientMonitoredItemGroup,
  type ClientSession,
  type ClientSubscription,
  DataType,
  type DataValue,
  HistoryData,
  HistoryReadRequest,
  NodeClass,
  ReadRawModifiedDetails,
  type ReferenceDescription,
  TimestampsToReturn,
} from 'node-opcua-client';
import type { OpcUaConnection } from '../contract.ts';
import type { Sample } from './sample.ts';
import type { FoundNode, HistoryPiece, HistoryRequest, MonitoredNode, RefusedNode, Session } from './session.ts';
import { within } from './within.ts';

/** Values that the server keeps of a node between two publishes, at least. */
const QUEUE_SIZE = 10;
/** Nodes per request: below the limits that servers commonly have. */
const CHUNK = 500;
/** Values in one message, about 200 kB: tens of thousands a second need few turns. */
const MOST_PER_PUBLISH = 5_000;
/** Publishing goes on as a keep-alive at least every four intervals; the server forgets the subscription after 40 (Part 4, 5.14.2: at least 3 times as many). */
const KEEP_ALIVE_COUNT = 4;
const LIFETIME_COUNT = 40;

/** The program ends: how long an answer may still take. */
const HURRY_MS = 2_000;

/** The outcome of a request, or a rejection where its answer does not come in time. */
type Answer = <T>(request: Promise<T>) => Promise<T>;
type LostError = (connection: OpcUaConnection, what: string) => Error;

/** The library's session as ours. `end` closes the connection behind it. */
export function sessionOf(
  connection: OpcUaConnection,
  session: ClientSession,
  lost: AbortController,
  lostError: LostError,
  end: (late: AbortSignal) => Promise<void>,
): Session {
  let subscription: ClientSubscription | undefined;
  const { timeoutMs } = connection;
  const late = new AbortController();
  let hurrying: NodeJS.Timeout | undefined;
  const answer: Answer = (promise) => within(timeoutMs, promise, late.signal);
  return {
    lost: lost.signal,
    namespaces: () => answer(readNamespaces(session)),
    read: async (nodeIds) => {
      const samples: Sample[] = [];
      for (let i = 0; i < nodeIds.length; i += CHUNK) {
        const nodes = nodeIds.slice(i, i + CHUNK).map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value }));
        for (const value of await answer(session.read(nodes))) samples.push(sampleOf(value));
      }
      return samples;
    },
    subscribe: async (items, changed) => {
      subscription = await answer(session.createSubscription2(subscriptionOf(items)));
      subscription.on('terminated', () => lost.abort(lostError(connection, 'the server ended the subscription')));
      const refused: RefusedNode[] = [];
      for (const group of groupsOf(items)) refused.push(...(await monitor(answer, subscription, group, changed)));
      return refused;
    },
    history: (request) => readHistory(answer, session, request),
    browse: (nodeId) => browseNode(answer, session, nodeId),
    hurry: () => {
      hurrying ??= setTimeout(() => late.abort(lostError(connection, 'no answer while the program ends')), HURRY_MS);
    },
    close: async () => {
      // a lost session has nobody to say good-bye to
      if (!lost.signal.aborted) await answer(session.close(true)).catch(() => undefined);
      subscription?.removeAllListeners();
      await end(late.signal);
      clearTimeout(hurrying);
    },
  };
}

/** Server.NamespaceArray (Part 6, annex A). The library's own call answers what it was told first. */
async function readNamespaces(session: ClientSession): Promise<readonly string[]> {
  const { value } = await session.read({ nodeId: 'i=2255', attributeId: AttributeIds.Value });
  const uris: unknown = value.value;
  return Array.isArray(uris) ? uris.map(String) : [];
}

const subscriptionOf = (items: readonly MonitoredNode[]): Parameters<ClientSession['createSubscription2']>[0] => ({
  requestedPublishingInterval: Math.min(...items.map((item) => item.samplingMs)),
  requestedMaxKeepAliveCount: KEEP_ALIVE_COUNT,
  requestedLifetimeCount: LIFETIME_COUNT,
  maxNotificationsPerPublish: MOST_PER_PUBLISH,
  publishingEnabled: true,
  priority: 1,
});

interface Placed extends MonitoredNode {
  readonly position: number;
}

/** Nodes with one sampling interval, in parts of a size that servers take. */
function groupsOf(items: readonly MonitoredNode[]): readonly (readonly Placed[])[] {
  const placed = items.map((item, position): Placed => ({ ...item, position }));
  return [...Map.groupBy(placed, ({ samplingMs }) => samplingMs).values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / CHUNK) }, (_, i) => group.slice(i * CHUNK, (i + 1) * CHUNK)),
  );
}

/** No deadband: every change of a counter counts. */
async function monitor(
  answer: Answer,
  subscription: ClientSubscription,
  items: readonly Placed[],
  changed: (position: number, sample: Sample) => void,
): Promise<readonly RefusedNode[]> {
  const samplingInterval = items[0]?.samplingMs ?? 0;
  const group = ClientMonitoredItemGroup.create(
    subscription,
    items.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value })),
    { samplingInterval, queueSize: QUEUE_SIZE, discardOldest: true },
    TimestampsToReturn.Both,
  );
  const positions = items.map(({ position }) => position);
  group.on('changed', (_item, dataValue, index) => changed(positions[index] ?? -1, sampleOf(dataValue)));
  await answer(
    new Promise<void>((resolve, reject) => {
      group.on('initialized', resolve);
      group.on('err', (message) => reject(new Error(message)));
    }),
  );
  return group.monitoredItems.flatMap(({ statusCode }, i) =>
    statusCode.value >>> 30 === 0 ? [] : [{ position: positions[i] ?? -1, reason: statusCode.name }],
  );
}

/** ReadRawModifiedDetails (Part 11, 6.5.3) of one node, one answer. */
async function readHistory(answer: Answer, session: ClientSession, request: HistoryRequest): Promise<HistoryPiece> {
  const { nodeId, from, to, limit, continuation } = request;
  const reading = session.historyRead(
    new HistoryReadRequest({
      historyReadDetails: new ReadRawModifiedDetails({
        isReadModified: false,
        startTime: new Date(from),
        endTime: new Date(to),
        numValuesPerNode: limit,
        returnBounds: false,
      }),
      timestampsToReturn: TimestampsToReturn.Both,
      releaseContinuationPoints: false,
      nodesToRead: [{ nodeId, ...(continuation ? { continuationPoint: continuation } : {}) }],
    }),
  );
  const response = await answer(reading).catch((error: unknown) => {
    const status = refusalOf(error);
    if (status === undefined) throw error;
    return status;
  });
  if (typeof response === 'string') return { status: BAD, statusName: response, samples: [] };
  const [result] = response.results ?? [];
  if (!result) return { status: BAD, statusName: 'Bad', samples: [] };
  const data = result.historyData instanceof HistoryData ? (result.historyData.dataValues ?? []) : [];
  const more = result.continuationPoint;
  return {
    status: result.statusCode.value >>> 0,
    statusName: result.statusCode.name,
    samples: data.map(sampleOf),
    continuation: more && more.length > 0 ? more : undefined,
  };
}

const BAD = 0x8000_0000;
/** A service that the server refuses as a whole says so by a status; what concerns the connection is no refusal. */
const refusalOf = (error: unknown): string | undefined => {
  const status = /\bBad[A-Z]\w+/.exec(error instanceof Error ? error.message : '')?.[0];
  return status && !/^Bad(Connection|SecureChannel|Session|Timeout|RequestTimeout|Communication)/.test(status)
    ? status
    : undefined;
};

/** A server that goes on for ever is told that this is enough. */
const MOST_CHILDREN = 20_000;

async function browseNode(answer: Answer, session: ClientSession, nodeId: string): Promise<readonly FoundNode[]> {
  const description = {
    nodeId,
    referenceTypeId: 'HierarchicalReferences',
    includeSubtypes: true,
    browseDirection: BrowseDirection.Forward,
    nodeClassMask: NodeClass.Object | NodeClass.Variable,
    resultMask: 63,
  };
  const found: FoundNode[] = [];
  let result = await answer(session.browse(description));
  for (;;) {
    found.push(...(result.references ?? []).map(foundOf));
    const more: Buffer | null = result.continuationPoint;
    if (!more || more.length === 0) return found;
    const enough = found.length >= MOST_CHILDREN;
    result = await answer(session.browseNext(more, enough));
    if (enough) return found;
  }
}

const foundOf = ({ nodeId, browseName, nodeClass }: ReferenceDescription): FoundNode => ({
  nodeId: nodeId.toString(),
  name: browseName.name ?? '',
  kind: nodeClass === NodeClass.Object ? 'object' : nodeClass === NodeClass.Variable ? 'variable' : 'other',
});

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
function timeOf(date: Date | null | undefined): number | undefined {
  const ms = date?.getTime() ?? 0;
  return ms > 0 ? ms : undefined;
}
