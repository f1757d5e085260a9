import { createTelemetry, silentLogger } from '../../../../pipeline/platform/index.ts';
import { startEmbeddedPostgres } from '../../../../pipeline/books/embedded/index.ts';

/** A process that starts the server of a folder, says so and waits: `stop` on standard input lets go in order. */
const [dir = '', shared = ''] = process.argv.slice(2);
const server = await startEmbeddedPostgres({ dir, shared, telemetry: createTelemetry(silentLogger()) });
process.stdout.write(`${server.dsn}\n`);
process.stdin.once('data', () => void server.stop().then(() => process.exit(0)));
