import { existsSync } from 'node:fs';
import { DAY } from '#domain';
import { COMMIT_GATHER_MS, openSpool } from '../../../collectors/spool/spool.ts';
import type { SpoolFile } from '../../../collectors/spool/port.ts';
import { openEmbeddedLog } from '../../../pipeline/log/embedded/log.ts';
import type { FrameLog } from '../../../pipeline/log/port.ts';
import { createWorker, openService, sqlStore, unreadFrom } from '../../../pipeline/index.ts';
import type { Service } from '../../../pipeline/service.ts';
import type { Cli } from '../context.ts';
import { createProgress } from '../output/progress.ts';
import { filesOf, type Run } from './data-folder.ts';
import { unlessEnded, untilSettled } from './settling.ts';
import { type Foundation, openFoundation } from './foundation.ts';

/** Frames stay in the embedded log this long at least (architecture.md, The frame). */
export const LOG_KEEP_MS = 400 * DAY;

/** What the books have read of the log is theirs: a file that was torn, or put back from a copy, gives none of those numbers again. */
export const openEmbedded = async (
  cli: Cli,
  { telemetry, books }: Pick<Foundation, 'telemetry' | 'books'>,
): Promise<{ readonly spool: SpoolFile; readonly log: FrameLog }> => {
  const spool = await openSpool({
    file: filesOf(cli.data).spool,
    clock: cli.io.clock,
    telemetry,
    keepMs: LOG_KEEP_MS,
    gatherMs: COMMIT_GATHER_MS,
  });
  try {
    await spool.skip(await unreadFrom(books, spool.src));
  } catch (error) {
    await spool.close();
    throw error;
  }
  return { spool, log: openEmbeddedLog({ file: spool }) };
};

export interface CommandService {
  readonly service: Service;
  /** Whether this process reads the log; not so beside a running `start`, whose spool has one owner. */
  readonly hasLog: boolean;
  readonly spool: SpoolFile | undefined;
  readonly running: Run | undefined;
  /** Consumes what the log holds and recomputes what is dirty; beside a running `start` that does it. Throws the reason of the signal. */
  readonly finish: () => Promise<void>;
}

export interface CommandNeeds {
  /** `if-free`: opened unless another process holds it, or it does not exist yet. `own`: opened, made where missing. */
  readonly log: 'no' | 'if-free' | 'own';
  readonly create?: boolean;
}

/** Opens the service for one command, and closes everything after it. */
export async function withService(
  cli: Cli,
  needs: CommandNeeds,
  work: (opened: CommandService) => Promise<number>,
): Promise<number> {
  const { telemetry, books, running, closer } = await openFoundation(cli, { create: needs.create ?? false });
  const { clock } = cli.io;
  try {
    const wantsLog = needs.log === 'own' || (needs.log === 'if-free' && existsSync(filesOf(cli.data).spool));
    const embedded = wantsLog && !running ? await openEmbedded(cli, { telemetry, books }) : undefined;
    if (embedded) closer.add('spool', embedded.spool.close);
    const service = openService({
      books,
      log: embedded?.log,
      clock,
      telemetry,
      logKind: 'embedded',
      logBytes: () => embedded?.spool.depth().bytes ?? null,
      signal: cli.io.signal,
    });
    closer.add('service', service.stop);
    const finish = async (): Promise<void> => {
      if (running) return untilSettled(cli, service);
      await unlessEnded(cli, async () => {
        if (embedded) await drain(cli, { store: sqlStore(books), log: embedded.log, clock, telemetry });
        const progress = createProgress(cli);
        await service.settle(progress.report).finally(progress.stop);
      });
    };
    return await work({ service, hasLog: embedded !== undefined, spool: embedded?.spool, running, finish });
  } finally {
    await closer.closeAll();
  }
}

/** Runs a worker until it has read the log to its end. */
async function drain(cli: Cli, options: Parameters<typeof createWorker>[0]): Promise<void> {
  const ending = new AbortController();
  const caughtUp = createWorker({ ...options, caughtUp: () => ending.abort(new Error('caught up')) });
  await caughtUp.run(AbortSignal.any([ending.signal, cli.io.signal]));
}
