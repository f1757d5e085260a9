import { type FrameDraft, isMeteringError, type ReportAnswer, SECOND } from '#domain';
import type { Clock, EventSpec, Telemetry } from '#platform';
import type { LineState } from '../../../collectors/commissioning/lines.ts';
import { createClockWatch } from '../../../collectors/delivery/clock-watch.ts';
import type { CheckedSite } from '../../../collectors/site/index.ts';
import { runRelay } from '../../../collectors/spool/relay.ts';
import { COMMIT_GATHER_MS, openSpool } from '../../../collectors/spool/spool.ts';
import type { Cli } from '../context.ts';
import { createBackground } from './background.ts';
import { createCollecting } from './collecting.ts';
import { claimFolder, filesOf } from './data-folder.ts';
import { type Delivery, type Destination, openDelivery } from './delivery.ts';
import { openTelemetry } from './telemetry.ts';
import { type GatewayStatus, writeGatewayStatus } from './gateway-status.ts';

export interface CollectOptions {
  readonly site: CheckedSite;
  readonly destination: Destination;
  /** Of frames that waited while the line was down, per second. */
  readonly drainRate: number;
  /** While the disk is full: reading waits, or goes on and what cannot be stored is counted. */
  readonly whenFull: 'wait' | 'go-on';
}

const NOT_STORED: EventSpec = {
  level: 'error',
  message: 'the disk is full: readings could not be kept; reading goes on, as configured',
  labels: ['reason'],
};
const REGISTERS_UNKNOWN: EventSpec = {
  level: 'warn',
  message: 'the centre lacks registers that this gateway reads; their readings wait in its quarantine',
};

const REPORT_REFUSED: EventSpec = {
  level: 'warn',
  message: 'the centre does not take what this gateway says of itself; readings go on',
  labels: ['code'],
};

const STATUS_MS = 5 * SECOND;
const REPORT_MS = 300 * SECOND;
/** Soon after the line is back: until then the centre takes what is missing for lost. */
const REPORT_AGAIN_MS = 5 * SECOND;
/** Live frames wait this long for others, so that a hundred meters do not make a hundred requests. */
const GATHER_MS = 500;

/** A gateway: meters to spool, spool to Kafka or to the centre. Resolves after the end was asked for. */
export async function runCollect(cli: Cli, options: CollectOptions): Promise<void> {
  const { clock, signal } = cli.io;
  const { site, destination, drainRate } = options;
  const claimed = claimFolder(cli.data, 'collect');
  const { telemetry, closer } = openTelemetry(cli);
  const background = createBackground(signal, closer);
  try {
    const whenFull = options.whenFull === 'wait' ? 'wait' : 'reject';
    const spool = await openSpool({
      file: filesOf(cli.data).spool,
      clock,
      telemetry,
      whenFull,
      gatherMs: COMMIT_GATHER_MS,
    });
    closer.add('spool', spool.close);
    background.endWith(spool.lost);
    const delivery = await openDelivery(destination, { src: spool.src, clock, telemetry });
    closer.add('delivery', delivery.close);
    const intoSpool = keeping(spool.append, options.whenFull, telemetry);
    const { plan, models } = site;
    const collecting = await createCollecting({
      plan,
      models,
      data: cli.data,
      deliver: intoSpool.append,
      clock,
      telemetry,
    });
    const watch = createClockWatch({ clock, monotonic: () => performance.now(), telemetry });
    let answer: ReportAnswer | undefined;
    let reportProblem: GatewayStatus['reportProblem'] = null;
    const statusNow = (): GatewayStatus => ({
      site: plan.site,
      src: spool.src,
      to: delivery.to,
      at: isoOf(clock.now()),
      waiting: waitingIn(spool.depth()),
      line: delivery.line(),
      lines: collecting.lines().map(lineOf),
      unknownThere: answer?.unknownHere ?? null,
      notRead: answer?.notRead ?? null,
      reportProblem,
      notStored: intoSpool.notStored(),
      clockAheadMs: delivery.clockAheadMs(),
      clockSteps: watch.steps().map(({ at, byMs }) => ({ at: isoOf(at), byMs })),
    });
    closer.add('status', () => writeGatewayStatus(cli.data, statusNow()));
    background.run('relay', (ending) =>
      runRelay(
        {
          spool,
          deliver: delivery.deliver,
          clock,
          random: Math.random,
          telemetry,
          framesPerSecond: drainRate,
          gatherMs: GATHER_MS,
        },
        ending,
      ),
    );
    background.run('clock', watch.run);
    background.run('status', (ending) =>
      every(clock, ending, async () => {
        writeGatewayStatus(cli.data, statusNow());
        return STATUS_MS;
      }),
    );
    background.run('report', (ending) =>
      every(clock, ending, async () => {
        const { frames, oldestAt = null } = spool.depth();
        const { answer: latest, problem } = await reported(delivery, telemetry, {
          src: spool.src,
          site: plan.site,
          devices: devicesOf(site),
          waiting: { frames, oldestAt },
          notStored: intoSpool.notStored(),
          clockSteps: [...watch.steps()],
        });
        answer = latest;
        if (problem && problem.message !== reportProblem?.message) {
          const { code, message: why } = problem;
          telemetry.emit('reportRefused', REPORT_REFUSED, { code, why });
        }
        // a line that is down says nothing about the next report
        if (answer || problem) reportProblem = problem ?? null;
        return answer === undefined ? REPORT_AGAIN_MS : REPORT_MS;
      }),
    );
    background.run('collectors', collecting.run);
    // collectors end only after the spool has answered them
    closer.add('waiting for the disk', spool.holdNoMore);
    closer.add('waiting for the line', delivery.hurry);
    const stop = cli.language === 'zh' ? 'Ctrl-C 停止' : 'Ctrl-C stops it';
    cli.io.err(`collect: ${plan.site} → ${delivery.to}\n${stop}\n`);
    await background.untilEnd();
  } finally {
    await closer.closeAll();
    claimed.release();
  }
}

/** What cannot be stored is held by the spool itself (`wait`), or counted and left out (`go-on`). */
function keeping(
  append: (drafts: readonly FrameDraft[]) => Promise<void>,
  whenFull: CollectOptions['whenFull'],
  telemetry: Telemetry,
): { readonly append: (drafts: readonly FrameDraft[]) => Promise<void>; readonly notStored: () => number } {
  let lost = 0;
  if (whenFull === 'wait') return { append, notStored: () => 0 };
  return {
    append: async (drafts) => {
      try {
        await append(drafts);
      } catch (error) {
        if (!isMeteringError(error) || !error.retryable) throw error;
        lost += drafts.length;
        telemetry.emit('framesNotStored', NOT_STORED, { reason: error.code, why: error.message }, drafts.length);
      }
    },
    notStored: () => lost,
  };
}

async function reported(
  { report }: Delivery,
  telemetry: Telemetry,
  said: Parameters<NonNullable<Delivery['report']>>[0],
): Promise<{ readonly answer?: ReportAnswer | undefined; readonly problem?: GatewayStatus['reportProblem'] }> {
  try {
    const answer = await report?.(said);
    const unknown = answer?.unknownHere ?? [];
    if (unknown.length > 0) {
      const fields = { registers: unknown.slice(0, 20).join(' ') };
      telemetry.emit('registersUnknown', REGISTERS_UNKNOWN, fields, unknown.length);
    }
    return { answer };
  } catch (error) {
    if (isMeteringError(error) && error.code === 'CENTRE_REFUSED') {
      return { problem: { code: error.code, message: error.message, cure: error.cure ?? null } };
    }
    // the relay meets the same line, and says what is wrong with it
    return {};
  }
}

/** What the gateway reads: every register of every connected device. */
const devicesOf = ({ plan, registry }: CheckedSite): Record<string, string[]> => {
  const read = new Set(plan.devices.map(({ id }) => id));
  return Object.fromEntries(
    registry.devices
      .filter(({ id }) => read.has(id))
      .map(({ id, registers }) => [id, registers.map(({ name }) => name)]),
  );
};

const lineOf = ({ address, state, problem }: LineState): GatewayStatus['lines'][number] => ({
  address,
  state,
  problem: problem
    ? { code: problem.code ?? 'LINE_NOT_OPEN', message: problem.reason, cure: problem.cure ?? null }
    : null,
});

const isoOf = (at: number): string => new Date(at).toISOString();

const waitingIn = (depth: {
  readonly frames: number;
  readonly oldestAt?: number | undefined;
  readonly bytes: number;
}): GatewayStatus['waiting'] => ({
  frames: depth.frames,
  oldestAt: depth.oldestAt === undefined ? null : isoOf(depth.oldestAt),
  bytes: depth.bytes,
});

/** Does the work until the signal aborts; it answers how long to wait before the next time. */
async function every(clock: Clock, signal: AbortSignal, work: () => Promise<number>): Promise<void> {
  while (!signal.aborted) await clock.sleep(await work(), signal).catch(() => undefined);
}
