import { silentLogger, type Telemetry } from '../../pipeline/platform/index.ts';

const LOG = silentLogger();

/** Telemetry that keeps nothing: thousands of runs make it. */
export const nullTelemetry = (): Telemetry => ({
  emit: () => undefined,
  gauge: () => undefined,
  log: LOG,
  metrics: async () => '',
  counts: async () => ({}),
});
