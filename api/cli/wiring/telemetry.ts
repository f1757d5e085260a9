import { createCloser, createLogger, createTelemetry, type Closer, type Telemetry } from '#platform';
import type { Cli } from '../context.ts';
import { filesOf } from './data-folder.ts';

/** A logger to the folder's log file, and whatever closes last. */
export function openTelemetry(cli: Cli): { readonly telemetry: Telemetry; readonly closer: Closer } {
  const log = createLogger({ file: filesOf(cli.data).log, level: cli.debug ? 'debug' : 'info' });
  const telemetry = createTelemetry(log);
  const closer = createCloser((name, error) => log.warn({ err: error, step: name }, 'Closing a part failed'));
  closer.add('log file', () => new Promise<void>((resolve) => log.flush(() => resolve())));
  return { telemetry, closer };
}
