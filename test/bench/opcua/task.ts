import type { OpcUaConnection } from '../../../collectors/contract.ts';

/** What the processes on the client's core are told, as JSON in their first argument. */
export interface ClientTask {
  readonly endpoint: string;
  readonly devices: number;
  readonly security: OpcUaConnection['security'];
  readonly certificates: string;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Of the spool. */
  readonly file: string;
  readonly log: string;
}
