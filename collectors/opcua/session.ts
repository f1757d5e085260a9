import type { Sample } from './sample.ts';

/** An open session with a server. The library stands behind it in client.ts. */
export interface Session {
  /** Namespace URIs in the order of their index on this server, now. */
  readonly namespaces: () => Promise<readonly string[]>;
  /** Current values of the nodes, in their order. */
  readonly read: (nodeIds: readonly string[]) => Promise<readonly Sample[]>;
  /**
   * One subscription for all nodes; `changed` is called with the position of the node. Resolves with the positions that the
   * server refused to monitor.
   */
  readonly subscribe: (
    items: readonly MonitoredNode[],
    changed: (position: number, sample: Sample) => void,
  ) => Promise<readonly RefusedNode[]>;
  /** One answer of HistoryRead, as much as the server gives at once. Rejects where the session is of no use. */
  readonly history: (request: HistoryRequest) => Promise<HistoryPiece>;
  /** What a node organises or consists of, whole. */
  readonly browse: (nodeId: string) => Promise<readonly FoundNode[]>;
  /** Aborts when the session is of no use any more; the reason is an Error. */
  readonly lost: AbortSignal;
  /** The program ends: an answer that has not come is waited for a few seconds from now on. */
  readonly hurry: () => void;
  readonly close: () => Promise<void>;
}

export interface MonitoredNode {
  readonly nodeId: string;
  readonly samplingMs: number;
}

export interface RefusedNode {
  readonly position: number;
  readonly reason: string;
}

export interface HistoryRequest {
  readonly nodeId: string;
  /** Source times, epoch ms, both included. */
  readonly from: number;
  readonly to: number;
  /** Values asked for at once. */
  readonly limit: number;
  /** Of the piece before, where it had one. */
  readonly continuation?: Buffer | undefined;
}

export interface HistoryPiece {
  readonly status: number;
  readonly statusName: string;
  readonly samples: readonly Sample[];
  /** There is more, to be had with it. Without one there may be more as well. */
  readonly continuation?: Buffer | undefined;
}

export interface FoundNode {
  readonly nodeId: string;
  readonly name: string;
  readonly kind: 'object' | 'variable' | 'other';
}

/** Opens a session. Rejects with an error that says what to do (failure.ts, endpoint.ts, certificate.ts, trust.ts, identity.ts). */
export type OpenSession = () => Promise<Session>;
