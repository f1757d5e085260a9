import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { openBooks } from '../../pipeline/books/index.ts';
import { createWorker, keepSettled, openService, sqlStore } from '../../pipeline/index.ts';
import type { LedgerStore } from '../../pipeline/ledger/store.ts';
import { openKafkaLog } from '../../pipeline/log/kafka/log.ts';
import { createLogger, createTelemetry, systemClock } from '../../pipeline/platform/index.ts';
import type { WorkerSettings } from './worker.ts';

/** From Kafka into the books as the role `stream` does it; says as JSON lines what it claims and commits. Ends at SIGTERM. */
const settings: WorkerSettings = z
  .strictObject({
    dsn: z.string(),
    brokers: z.array(z.string()),
    topicPrefix: z.string(),
    partitions: z.int().positive(),
    sessionMs: z.int().positive(),
    checkpointMs: z.int().positive(),
  })
  .parse(JSON.parse(parseArgs({ options: { settings: { type: 'string', default: '' } } }).values.settings));

const say = (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
  void process.stdout.write(`${JSON.stringify({ event, at: Date.now(), ...fields })}\n`);

/** Open files, sockets and pipes; nothing where the system does not show them. */
function openHandles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
const clock = systemClock;
const telemetry = createTelemetry(createLogger());
const books = await openBooks({ dsn: settings.dsn, telemetry });
const log = await openKafkaLog({ ...settings, partitionCount: settings.partitions, clock, telemetry });
const sql = sqlStore(books);
const store: LedgerStore = {
  ...sql,
  claim: async (id, partition, ...rest) => {
    const position = await sql.claim(id, partition, ...rest);
    say('claimed', { partition, ...position });
    return position;
  },
  commit: async (batch, signal) => {
    const answer = await sql.commit(batch, signal);
    say(answer.outcome, { partition: batch.partition, from: batch.from, to: batch.to });
    return answer;
  },
};
const worker = createWorker({ store, log, clock, telemetry, checkpointMs: settings.checkpointMs });
const service = openService({ books, log, clock, telemetry, logKind: 'kafka', lastCommitAt: worker.lastCommitAt });
const memory = setInterval(() => {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  say('memory', { rss, heap: heapUsed, reserved: heapTotal, external, handles: openHandles() });
}, 500);
/** What is held after a full collection; before it, garbage of hours may lie there, as long as there is room. */
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  say('collected', { kept: heapUsed + external });
});
say('started');
try {
  await Promise.all([worker.run(ending.signal), keepSettled(service, { clock, telemetry }, ending.signal)]);
  say('ended');
} catch (error) {
  say('failed', { code: error instanceof Error && 'code' in error ? error.code : undefined, reason: String(error) });
  process.exitCode = 1;
} finally {
  clearInterval(memory);
  ending.abort();
  await service.stop();
  await log.close().catch(() => undefined);
  await books.close().catch(() => undefined);
}
