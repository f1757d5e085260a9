/** What the processes on the client's core are told, as JSON in their first argument. */
export interface ChildTask {
  readonly ports: readonly number[];
  readonly intervalMs: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Of the spool. */
  readonly file: string;
  readonly log: string;
}
