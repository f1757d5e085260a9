import type { Sample } from './sample.ts';

/** An open session with a server. The library stands behind it in client.ts; HistoryRead will be one more method here. */
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
  /** Aborts when the session is of no use any more; the reason is an Error. */
  readonly lost: AbortSignal;
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

/** Opens a session. Rejects with a DeviceError: OPCUA_CONNECT_FAILED, OPCUA_CERTIFICATE_UNTRUSTED. */
export type OpenSession = () => Promise<Session>;
