import { invariantError, isMeteringError } from '#domain';
import { orAborted } from '#platform';
import type {
  Collector,
  CollectorContext,
  CollectorFactory,
  ConnectedDevice,
  DeviceModel,
  LineHealth,
  OpenFailure,
  OpcUaConnection,
  UnitHealth,
} from '../contract.ts';
import { type Backoff, backoffMs, LINE_BACKOFF, phaseOf } from '../modbus/schedule.ts';
import { type Attended, deliverAll, prepare, rounds, setState } from './attendance.ts';
import { opcUaClient } from './client.ts';
import { deviceOf, type OpcUaDevice } from './device.ts';
import { SERVER_CONNECTED, SERVER_LOST, SERVER_NOT_CONNECTED, SERVER_NOT_CONNECTED_AGAIN } from './events.ts';
import { fillGaps, gapsSince, marksOf, movedOf } from './gaps.ts';
import { routeLibraryLog } from './library-log.ts';
import { markFile } from './marks.ts';
import { createServerClock } from './server-clock.ts';
import type { OpenSession, Session } from './session.ts';

export interface OpcUaOptions {
  /** Folder of own key and certificate and of the trusted and rejected ones; in the data folder. */
  readonly certificates: string;
  /** Where the passwords of users may stand. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Folder in which it keeps what was stored last, so that its own absence is a gap that history can fill. */
  readonly marks?: string | undefined;
  readonly backoff?: Backoff | undefined;
  /** Another way to a session than node-opcua-client. */
  readonly open?: OpenSession | undefined;
}

/** A factory for the supervisor: `{ opcua: createOpcUaCollectors({ certificates }) }`. */
export const createOpcUaCollectors =
  (options: OpcUaOptions): CollectorFactory<OpcUaConnection> =>
  (connection, devices, models, context) =>
    createOpcUaCollector(connection, devices, models, context, options);

/**
 * Collector of one OPC UA server: one session, one subscription. At each device's interval its nodes are read as well
 * (what does not change sends nothing), and the latest values by source time become its frame. A session that breaks is
 * opened anew with back-off; what happened meanwhile is a gap. Throws MODEL_UNKNOWN.
 */
export function createOpcUaCollector(
  connection: OpcUaConnection,
  devices: readonly ConnectedDevice[],
  models: ReadonlyMap<string, DeviceModel>,
  context: CollectorContext,
  options: OpcUaOptions,
): Collector {
  const { clock, random, telemetry } = context;
  const phase = ({ intervalMs }: ConnectedDevice): number => phaseOf(connection.id, intervalMs);
  const units = devices.map((device) => deviceOf(device, models, phase(device), context));
  const backoff = options.backoff ?? LINE_BACKOFF;
  const marks = options.marks === undefined ? undefined : markFile(options.marks, connection.id);
  const names = { connection: connection.id, endpoint: connection.endpoint };
  const line: {
    state: LineHealth['state'];
    problem?: LineHealth['problem'];
    opened: number;
    roundMs: number | undefined;
    running: boolean;
  } = {
    state: 'closed',
    opened: 0,
    roundMs: undefined,
    running: false,
  };
  const attended: Attended = {
    connection,
    units,
    context,
    phaseOf: (unit) => phase(unit.device),
    round: (ms) => {
      line.roundMs = ms;
    },
    stored: () => marks?.save(units, clock.now()) ?? Promise.resolve(),
    serverClock: createServerClock(),
  };

  const openSession = async (signal: AbortSignal): Promise<Session | undefined> => {
    const open =
      options.open ??
      opcUaClient(connection, { certificates: options.certificates, env: options.env ?? process.env, now: clock.now });
    for (let failures = 1; !signal.aborted; failures += 1) {
      line.state = 'opening';
      try {
        const session = await openedBefore(signal, open());
        if (session) return session;
      } catch (error) {
        const problem = failureOf(error);
        const spec = line.problem?.code === problem.code ? SERVER_NOT_CONNECTED_AGAIN : SERVER_NOT_CONNECTED;
        line.state = 'closed';
        line.problem = problem;
        const retryInMs = Math.round(backoffMs(failures, backoff, random));
        telemetry.emit('opcuaServerNotConnected', spec, { ...names, ...reasonOf(error), retryInMs });
        await clock.sleep(retryInMs, signal).catch(() => undefined);
      }
    }
    return undefined;
  };

  /** One session from its first to its last value. */
  const attend = async (session: Session, signal: AbortSignal): Promise<void> => {
    const over = new AbortController();
    const ended = AbortSignal.any([signal, session.lost, over.signal]);
    const before = new Map(units.map((unit) => [unit, marksOf(unit)]));
    for (const unit of units) unit.readAt.clear();
    let filling = Promise.resolve();
    signal.addEventListener('abort', session.hurry, { once: true });
    if (signal.aborted) session.hurry();
    try {
      const place = await prepare(session, attended);
      line.state = 'open';
      line.problem = undefined;
      line.opened += 1;
      telemetry.emit('opcuaServerConnected', SERVER_CONNECTED, { ...names, reopened: line.opened - 1 });
      const answered = (): void => {
        for (const [unit, mark] of before) unit.gaps = gapsSince(unit, mark, clock.now());
        before.clear();
      };
      // live values first: the past is fetched beside them
      const first = (): void => {
        filling = fillGaps(session, place, attended, ended, signal);
      };
      await rounds(session, place, attended, { ended, stop: signal, answered, first });
      if (!signal.aborted) throw session.lost.reason;
    } catch (error) {
      telemetry.emit('opcuaServerLost', SERVER_LOST, { ...names, ...reasonOf(error) });
      for (const unit of units) if (unit.state === 'answering') setState(attended, unit, 'silent');
    } finally {
      line.state = 'closed';
      over.abort(new Error('the session is over'));
      await session.close();
      await filling;
      signal.removeEventListener('abort', session.hurry);
      // what came before the break belongs to the books
      await deliverAll(units, attended, signal);
      // values without an answer: the next session measures from them, and would not know of what lies before
      for (const [unit, mark] of before) unit.gaps = gapsSince(unit, movedOf(unit, mark), clock.now());
      await marks?.save(units, clock.now(), true);
    }
  };

  return {
    connection: connection.id,
    run: async (signal) => {
      if (line.running) throw invariantError('COLLECTOR_RUNNING', `${connection.id} is already running`);
      line.running = true;
      routeLibraryLog(telemetry);
      try {
        await marks?.restore(units);
        for (let session = await openSession(signal); session; session = await openSession(signal)) {
          await attend(session, signal);
          if (!signal.aborted) await clock.sleep(backoffMs(1, backoff, random), signal).catch(() => undefined);
        }
      } finally {
        line.state = 'closed';
        line.running = false;
      }
    },
    health: () => ({
      connection: connection.id,
      kind: connection.kind,
      state: line.state,
      problem: line.problem,
      reopened: Math.max(0, line.opened - 1),
      roundMs: line.roundMs,
      units: units.map((unit) => healthOf(unit, clock.now())),
    }),
  };
}

/** The session, or nothing where the signal aborts first: one that opens later is closed, and nobody waits for it. */
async function openedBefore(signal: AbortSignal, opening: Promise<Session>): Promise<Session | undefined> {
  const session = await orAborted(opening, signal).catch((error: unknown) => {
    if (error !== signal.reason) throw error;
  });
  if (session && !signal.aborted) return session;
  void opening.then((late) => late.close()).catch(() => undefined);
  return undefined;
}

const reasonOf = (error: unknown): { readonly reason: string; readonly detail: string } =>
  isMeteringError(error) ? { reason: error.code, detail: error.message } : { reason: 'unknown', detail: String(error) };

const failureOf = (error: unknown): OpenFailure =>
  isMeteringError(error) ? { code: error.code, reason: error.message, cure: error.cure } : { reason: String(error) };

/** Judged by time, not by the connection: the library notices a frozen server only after half a minute. */
const healthOf = (unit: OpcUaDevice, now: number): UnitHealth => ({
  device: unit.device.id,
  state: unit.state === 'answering' && now - (unit.lastAnswerAt ?? now) > unit.staleAfterMs ? 'silent' : unit.state,
  lastAnswerAt: unit.lastAnswerAt,
  timeouts: unit.timeouts,
  exceptions: unit.exceptions,
});
