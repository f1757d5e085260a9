import { silentLogger, type Telemetry } from '../../pipeline/platform/index.ts';
import type { Coverage } from './coverage.ts';

const LOG = silentLogger();

/** Telemetry that keeps nothing but which rare branches it was told of. */
export const watchedTelemetry = (coverage: Coverage): Telemetry => ({
  emit: (event, _spec, fields) => {
    coverage.hitIfNamed(`event ${event}`);
    if (fields?.['reason'] !== undefined) coverage.hitIfNamed(`event ${event} ${fields['reason']}`);
  },
  gauge: () => undefined,
  log: LOG,
  metrics: async () => '',
  counts: async () => ({}),
});
