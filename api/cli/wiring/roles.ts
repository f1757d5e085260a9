import { createServer } from '../../http/index.ts';
import { ensureWebBuilt } from '../../web/build.ts';
import { createWorker, keepHistorian, keepHouse, keepSettled, openService, sqlStore } from '../../../pipeline/index.ts';
import { openKafkaLog } from '../../../pipeline/log/kafka/log.ts';
import type { FrameLog } from '../../../pipeline/log/port.ts';
import type { Closer, Telemetry } from '#platform';
import type { Cli } from '../context.ts';
import { createBackground } from './background.ts';
import { openFoundation } from './foundation.ts';
import { historianOf } from './historian.ts';
import { type IntakePlace, startIntake } from './intake.ts';
import { warmRules } from './warm.ts';

const HISTORIAN_GROUP = 'civicmeter.historian';

export interface KafkaPlace {
  readonly brokers: readonly string[];
  readonly partitions: number;
}

/** From Kafka into the books. */
export async function runStream(cli: Cli, kafka: KafkaPlace, maxHotRows: number): Promise<void> {
  const { clock, signal } = cli.io;
  const { telemetry, books, closer } = await openFoundation(cli, { create: true });
  const background = createBackground(signal, closer);
  try {
    const log = await openKafka(cli, kafka, telemetry, closer);
    const worker = createWorker({ store: sqlStore(books), log, clock, telemetry, maxHotRows });
    const service = openService({ books, log, clock, telemetry, logKind: 'kafka', lastCommitAt: worker.lastCommitAt });
    const kept = historianOf(cli, books);
    if (kept) {
      // a group of its own: it reads what the ledger reads
      const own = await openKafka(cli, kafka, telemetry, closer, HISTORIAN_GROUP);
      background.run('historian', (ending) => keepHistorian({ ...kept, log: own, clock, telemetry }, ending));
    }
    closer.add('service', service.stop);
    background.run('worker', worker.run);
    background.run('totals', (ending) => keepSettled(service, { clock, telemetry }, ending));
    // Kafka keeps its own time of retention
    background.run('housekeeping', (ending) => keepHouse({ books, keepMs: Infinity, clock, telemetry }, ending));
    ready(cli, `stream: ${kafka.brokers.join(',')}`);
    await background.untilEnd();
  } finally {
    await closer.closeAll();
  }
}

/** Page and API over the books that others fill. */
export async function runServe(
  cli: Cli,
  {
    kafka,
    port,
    intake,
  }: { readonly kafka: KafkaPlace; readonly port: number; readonly intake?: IntakePlace | undefined },
): Promise<void> {
  const { clock, signal } = cli.io;
  const { telemetry, books, closer } = await openFoundation(cli, { create: true });
  const background = createBackground(signal, closer);
  try {
    const log = await openKafka(cli, kafka, telemetry, closer);
    const historian = historianOf(cli, books)?.historian;
    const service = openService({ books, log, clock, telemetry, logKind: 'kafka', historian });
    closer.add('service', service.stop);
    const server = await createServer({
      service,
      telemetry,
      clock,
      lines: () => [],
      spoolDepth: () => undefined,
      webRoot: await ensureWebBuilt(),
      port,
    });
    closer.add('API', server.close);
    background.run('rules', () => warmRules(service, telemetry));
    const gateways = intake && (await startIntake(intake, { books, log, clock, telemetry, closer }));
    ready(cli, `serve: ${server.address}${gateways === undefined ? '' : `, intake ${gateways}`}`);
    await background.untilEnd();
  } finally {
    await closer.closeAll();
  }
}

async function openKafka(
  cli: Cli,
  kafka: KafkaPlace,
  telemetry: Telemetry,
  closer: Closer,
  groupId?: string,
): Promise<FrameLog> {
  const log = await openKafkaLog({
    brokers: [...kafka.brokers],
    partitionCount: kafka.partitions,
    clock: cli.io.clock,
    telemetry,
    groupId,
  });
  closer.add('Kafka', log.close);
  return log;
}

const ready = (cli: Cli, what: string): void =>
  cli.io.err(`${what}\n${cli.language === 'zh' ? 'Ctrl-C 停止' : 'Ctrl-C stops it'}\n`);
