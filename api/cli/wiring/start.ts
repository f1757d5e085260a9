import { type Interval, MINUTE, type SiteFacts, zoneOf } from '#domain';
import type { EventSpec } from '#platform';
import { createServer } from '../../http/index.ts';
import { ensureWebBuilt } from '../../web/build.ts';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import type { CheckedSite } from '../../../collectors/site/index.ts';
import {
  createWorker,
  keepHistorian,
  keepHouse,
  keepSettled,
  openService,
  sqlStore,
  type Worker,
} from '../../../pipeline/index.ts';
import type { Historian } from '../../../pipeline/historian/port.ts';
import type { FrameLog } from '../../../pipeline/log/port.ts';
import type { ApplyAnswer, Progress, Service } from '../../../pipeline/service.ts';
import type { Simulator } from '../../../fixtures/simulator/index.ts';
import type { Cli } from '../context.ts';
import { createBackground } from './background.ts';
import { type Collecting, createCollecting } from './collecting.ts';
import { claimFolder, type Claimed } from './data-folder.ts';
import { booksPlace, type Foundation, openFoundation } from './foundation.ts';
import { type IntakePlace, startIntake } from './intake.ts';
import { untilRead } from './settling.ts';
import { warmRules } from './warm.ts';
import { historianOf } from './historian.ts';
import { backfill, historyStart, lastKnown } from './history.ts';
import { createImporter } from './importing.ts';
import { LOG_KEEP_MS, openEmbedded } from './service.ts';

export interface StartOptions {
  readonly site: CheckedSite;
  /** Taken where the books have no facts of the site. */
  readonly facts?: (() => SiteFacts) | undefined;
  readonly port: number;
  /** Of simulated past. */
  readonly months: number;
  /** Serves the site's devices and its past; absent: real meters. */
  readonly simulator?: (() => Promise<Simulator>) | undefined;
  readonly report: Progress;
  /** Whether this process reads the meters; not so where gateways do. */
  readonly collect: boolean;
  /** Where gateways are listened for; absent: nowhere. */
  readonly intake?: IntakePlace | undefined;
  /** Words for people as the start goes on. */
  readonly told: (step: StartStep) => void;
}

export type StartStep =
  | { readonly step: 'books' }
  | { readonly step: 'listening'; readonly address: string }
  | { readonly step: 'applied'; readonly outcome: ApplyAnswer }
  | { readonly step: 'history'; readonly span: Interval; readonly frames: number }
  | { readonly step: 'intake'; readonly address: string }
  | { readonly step: 'live'; readonly address: string };

const STARTED: EventSpec = { level: 'info', message: 'The program is live' };
const STOPPED: EventSpec = { level: 'info', message: 'The program ends' };

/**
 * The whole program in one process: books, spool, worker, collectors, API and page. Resolves after the signal aborted and
 * everything has closed, last opened first; rejects where a part cannot go on.
 */
export async function runStart(cli: Cli, options: StartOptions): Promise<void> {
  const { signal } = cli.io;
  const claimed = claimFolder(cli.data, 'start', booksPlace(cli));
  try {
    const foundation = await openFoundation(cli, { create: true });
    try {
      options.told({ step: 'books' });
      await runParts(cli, options, foundation, claimed);
    } finally {
      await foundation.closer.closeAll();
    }
  } catch (error) {
    // ended by hand before it was live: that is no failure
    if (!(signal.aborted && error === signal.reason)) throw error;
  } finally {
    claimed.release();
  }
}

async function runParts(cli: Cli, options: StartOptions, foundation: Foundation, claimed: Claimed): Promise<void> {
  const { clock } = cli.io;
  const { telemetry, books, closer } = foundation;
  const background = createBackground(cli.io.signal, closer);
  const kept = historianOf(cli, books);
  const { spool, log, worker, service } = await openCore(cli, foundation, kept?.historian);
  background.endWith(spool.lost);

  // the port first: one that is taken must be known before anything is written
  let collecting: Collecting | undefined;
  const server = await createServer({
    service,
    telemetry,
    clock,
    lines: () => collecting?.lines() ?? [],
    spoolDepth: () => depthOf(spool),
    importReadings: createImporter({ service, spool }),
    webRoot: await ensureWebBuilt(),
    port: options.port,
  });
  closer.add('API', server.close);
  claimed.announce(server.address);
  options.told({ step: 'listening', address: server.address });

  const site = options.site.registry.site;
  const outcome = await service.applyRegistry(options.site.registry, { take: 'additions', commit: true });
  options.told({ step: 'applied', outcome });
  if (options.facts && (await service.rules.facts(site.id)) === undefined)
    await service.rules.applyFacts(options.facts(), { commit: true, by: 'start', reason: 'facts of the example' });
  background.run('worker', worker.run);
  if (kept) background.run('historian', (ending) => keepHistorian({ ...kept, log, clock, telemetry }, ending));
  background.run('rules', () => warmRules(service, telemetry));
  background.run('totals', (ending) => keepSettled(service, { clock, telemetry }, ending));
  background.run('housekeeping', (ending) => keepHouse({ books, log, keepMs: LOG_KEEP_MS, clock, telemetry }, ending));

  const simulator = await options.simulator?.();
  if (simulator) closer.add('simulator', simulator.stop);
  const plan = simulator ? onSimulator(options.site, simulator) : options.site.plan;
  if (options.collect)
    collecting = await createCollecting({
      plan,
      models: options.site.models,
      data: cli.data,
      deliver: spool.append,
      clock,
      telemetry,
    });
  if (simulator) await fillPast(cli, { service, simulator, spool, site, signal: background.ending, options });
  if (collecting) background.run('collectors', collecting.run);
  if (options.intake) {
    const address = await startIntake(options.intake, { books, log, clock, telemetry, closer });
    options.told({ step: 'intake', address });
  }
  // collectors and requests of gateways end only after the spool has answered them
  closer.add('waiting for the disk', spool.holdNoMore);
  telemetry.emit('programStarted', STARTED, { address: server.address, site: site.id });
  options.told({ step: 'live', address: server.address });
  await background.untilEnd();
  telemetry.emit('programStopped', STOPPED, { reason: String(background.ending.reason) });
}

interface Core {
  readonly spool: SpoolFile;
  readonly log: FrameLog;
  readonly worker: Worker;
  readonly service: Service;
}

/** Spool, log, worker and service over the books; nothing runs yet. */
async function openCore(
  cli: Cli,
  { telemetry, books, closer }: Foundation,
  historian: Historian | undefined,
): Promise<Core> {
  const { clock } = cli.io;
  const { spool, log } = await openEmbedded(cli, { telemetry, books });
  closer.add('spool', spool.close);
  const worker = createWorker({ store: sqlStore(books), log, clock, telemetry });
  const service = openService({
    books,
    log,
    clock,
    telemetry,
    logKind: 'embedded',
    historian,
    logBytes: () => spool.depth().bytes,
    lastCommitAt: worker.lastCommitAt,
  });
  closer.add('service', service.stop);
  return { spool, log, worker, service };
}

interface PastOptions {
  readonly service: Service;
  readonly simulator: Simulator;
  readonly spool: SpoolFile;
  readonly site: CheckedSite['registry']['site'];
  readonly signal: AbortSignal;
  readonly options: StartOptions;
}

const depthOf = (spool: SpoolFile): { readonly frames: number; readonly bytes: number } => {
  const { frames, bytes } = spool.depth();
  return { frames, bytes };
};

/** The past, then what passed meanwhile; from where the books end. */
async function fillPast(cli: Cli, { service, simulator, spool, site, signal, options }: PastOptions): Promise<void> {
  const { clock } = cli.io;
  const labels = PAST_LABELS[cli.language];
  const first = historyStart(clock.now(), options.months, zoneOf(site.zone));
  let from = first;
  let frames = 0;
  do {
    await untilRead(service, clock, signal, (done, total) => options.report(done, total, labels.booked));
    const resume = await lastKnown(service, site.id);
    const earliest = Math.min(...options.site.plan.devices.map(({ id }) => resume.get(id) ?? first));
    const span = { from: Math.max(first, earliest), to: clock.now() };
    const report = (done: number, total: number): void => options.report(done, total, labels.written);
    frames += await backfill({ world: simulator.world(), spool, ...span, resume, signal, report });
    from = span.to;
    // the next round is what passed during this one
  } while (clock.now() - from > 2 * MINUTE);
  await untilRead(service, clock, signal, (done, total) => options.report(done, total, labels.booked));
  await service.settle((done, total) => options.report(done, total, labels.totals), signal);
  signal.throwIfAborted();
  options.told({ step: 'history', span: { from: first, to: from }, frames });
}

const PAST_LABELS = {
  zh: { written: '回填历史', booked: '记入账簿', totals: '计算汇总' },
  en: { written: 'back-filling the history', booked: 'booking it', totals: 'computing the totals' },
} as const;

/** The site's connections as the simulator really serves them. */
function onSimulator({ plan }: CheckedSite, { ports, endpoints }: Simulator): CheckedSite['plan'] {
  return {
    ...plan,
    connections: plan.connections.map((connection) => {
      const [port, endpoint] = [ports[connection.id], endpoints[connection.id]];
      if (port === undefined || endpoint === undefined) return connection;
      return connection.kind === 'opcua'
        ? { ...connection, endpoint }
        : connection.kind === 'modbus-tcp'
          ? { ...connection, port }
          : connection;
    }),
  };
}
