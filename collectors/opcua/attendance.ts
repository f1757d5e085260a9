import { deviceError } from '#domain';
import type { CollectorContext, OpcUaConnection, UnitHealth } from '../contract.ts';
import { deliverHeld } from '../deliver.ts';
import { nextDue } from '../modbus/schedule.ts';
import type { OpcUaDevice } from './device.ts';
import { DEVICE_LOST, DEVICE_RECOVERED, ITEM_REFUSED, NAMESPACE_MISSING, SERVER_CLOCK, VALUES_LOST } from './events.ts';
import { type PlacedNode, type Placement, placementOf } from './placement.ts';
import type { Sample } from './sample.ts';
import { CURRENT_TIME, type ClockNote, type ServerTimes, START_TIME } from './server-clock.ts';
import type { Session } from './session.ts';
import { mindSource, mindStaleness } from './source-clock.ts';

/** A wait is cut into pieces of this length, so that a clock that was set is noticed. */
const LONGEST_WAIT_MS = 30_000;
/** Up to here a notification of the interval stands as close to its boundary as a read would. */
const SHORT_INTERVAL_MS = 10_000;
/** A node that the subscription brought within so many intervals will be brought again. */
const PROMPT_INTERVALS = 2;
/** How often a server is asked whether it has the namespaces by now that it lacked. */
const NAMESPACES_MS = 60_000;
const SAMPLING_MS = { min: 250, max: 5_000 };

export interface Attended {
  readonly connection: OpcUaConnection;
  readonly units: readonly OpcUaDevice[];
  readonly context: CollectorContext;
  readonly phaseOf: (unit: OpcUaDevice) => number;
  /** Told after each read, with its duration. */
  readonly round: (ms: number) => void;
  /** Told after frames were stored. */
  readonly stored: () => Promise<void>;
  /** What the server's clock did since it was looked at last. */
  readonly serverClock: (times: ServerTimes) => readonly ClockNote[];
}

/**
 * Finds the nodes of the devices on this server and has it send what changes. Rejects where the session is of no use;
 * what the server has not, or will not monitor, is an event.
 */
export async function prepare(session: Session, attended: Attended): Promise<Placement> {
  const { units, context, connection } = attended;
  const place = placementOf(units, await session.namespaces());
  for (const unit of units.filter((u) => !place.has(u))) {
    const { id: device, namespace } = unit.device;
    context.telemetry.emit('opcuaNamespaceMissing', NAMESPACE_MISSING, {
      connection: connection.id,
      device,
      namespace,
    });
    setState(attended, unit, 'refusing');
  }
  const placed = [...place.values()].flat();
  if (placed.length === 0) return place;
  const items = placed.map(({ nodeId, unit }) => ({ nodeId, samplingMs: samplingOf(unit.device.intervalMs) }));
  const refused = await session.subscribe(items, (position, sample) => {
    const at = placed[position];
    if (!at) return;
    at.notifiedAt = context.clock.now();
    at.unit.offer(at.node, sample);
  });
  for (const { position, reason } of refused) {
    const fields = { device: placed[position]?.unit.device.id, node: placed[position]?.nodeId, reason };
    context.telemetry.emit('opcuaItemRefused', ITEM_REFUSED, { connection: connection.id, ...fields });
  }
  return place;
}

interface RoundsOptions {
  readonly ended: AbortSignal;
  readonly stop: AbortSignal;
  readonly answered: () => void;
  readonly first: () => void;
}

/**
 * Reads and delivers each device at its interval until the signal aborts; of the first round, which has all devices, `answered` is
 * called before anything of it is stored, and `first` at its end. Rejects when a read fails, or the server has namespaces
 * that it lacked: the session is lost.
 */
export async function rounds(
  session: Session,
  place: Placement,
  attended: Attended,
  { ended, stop, answered, first }: RoundsOptions,
): Promise<void> {
  const { clock } = attended.context;
  const units = [...place.keys()];
  for (const unit of units) unit.dueAt = clock.now();
  let lookedAt = clock.now();
  for (let round = 0; !ended.aborted; round += 1) {
    const now = clock.now();
    // a clock that was set back must not leave a device unasked
    for (const unit of units) if (unit.dueAt - now > 2 * unit.device.intervalMs) unit.dueAt = now;
    const due = units.filter((unit) => unit.dueAt <= now);
    if (due.length > 0) {
      await readDue(session, due, place, attended);
      if (round === 0) answered();
      await deliverAll(due, attended, stop);
      await attended.stored();
    }
    if (round === 0) first();
    if (units.length < attended.units.length && Math.abs(clock.now() - lookedAt) >= NAMESPACES_MS) {
      lookedAt = clock.now();
      await mindNamespaces(session, place, attended);
    }
    const next = Math.min(...units.map((unit) => unit.dueAt), Infinity);
    await clock.sleep(Math.min(LONGEST_WAIT_MS, Math.max(0, next - clock.now())), ended).catch(() => undefined);
  }
}

/** A server may answer before it has all its devices. Rejects where it has more by now: a new session finds them. */
async function mindNamespaces(session: Session, place: Placement, { units, connection }: Attended): Promise<void> {
  if (placementOf(units, await session.namespaces()).size <= place.size) return;
  throw deviceError('OPCUA_SESSION_LOST', `${connection.endpoint}: the server has namespaces that it lacked`, {
    place: connection.id,
    cure: 'it is opened again by itself',
  });
}

/**
 * What does not change sends nothing: so each device is read at its interval as well, all that are due in one request. At
 * short intervals a node that the subscription brings in every one of them is not asked for as well, though its value of
 * this one may not have come yet.
 */
async function readDue(
  session: Session,
  due: readonly OpcUaDevice[],
  place: Placement,
  attended: Attended,
): Promise<void> {
  const { clock } = attended.context;
  const from = clock.now();
  const newest = new Map<OpcUaDevice, number>();
  const took = ({ unit, node }: PlacedNode, at: number, now: number): void => {
    newest.set(unit, Math.max(at, newest.get(unit) ?? -Infinity));
    mindSource(attended, unit, node, at, now);
  };
  const asked: PlacedNode[] = [];
  // its value is on the way, and will be in the next frame
  const comesSoon = ({ unit, node }: PlacedNode): void => {
    const at = unit.buffer.sentAt(node.register.name);
    if (at !== undefined) newest.set(unit, Math.max(at, newest.get(unit) ?? -Infinity));
  };
  for (const unit of due) {
    const isShort = unit.device.intervalMs <= SHORT_INTERVAL_MS;
    for (const placed of place.get(unit) ?? []) {
      const { name } = placed.node.register;
      const waits = isShort ? unit.buffer.waitingAt(name, from) : undefined;
      if (waits !== undefined) took(placed, waits, from);
      else if (isShort && Math.abs(from - placed.notifiedAt) < PROMPT_INTERVALS * unit.device.intervalMs)
        comesSoon(placed);
      else asked.push(placed);
    }
  }
  const nodeIds = asked.map(({ nodeId }) => nodeId);
  // the two of the server as well: only an answer proves that it lives
  const samples = await session.read([...nodeIds, START_TIME, CURRENT_TIME]).catch((error: unknown) => {
    for (const unit of due) unit.timeouts += 1;
    throw error;
  });
  const now = clock.now();
  mindServerClock(attended, samples.slice(asked.length), from, now);
  asked.forEach((placed, i) => {
    const sample = samples[i];
    const at = sample && placed.unit.offer(placed.node, sample);
    if (at === undefined) placed.unit.exceptions += 1;
    else took(placed, at, now);
  });
  attended.round(Math.max(0, now - from));
  for (const unit of due) {
    const newestAt = newest.get(unit);
    setState(attended, unit, newestAt === undefined ? 'refusing' : 'answering');
    if (newestAt !== undefined) mindStaleness(attended, unit, newestAt, now);
    unit.dueAt = nextDue(now, unit.device.intervalMs, attended.phaseOf(unit));
  }
}

/** The server's own clock and start. A server without ServerStatus is not judged. */
function mindServerClock(
  { connection, context, serverClock }: Attended,
  [started, shows]: readonly Sample[],
  asked: number,
  got: number,
): void {
  for (const { reason, byMs } of serverClock({ startedAt: dateOf(started), shows: dateOf(shows), asked, got })) {
    context.telemetry.emit('opcuaServerClock', SERVER_CLOCK, { connection: connection.id, reason, byMs });
  }
}

const dateOf = (sample: Sample | undefined): number | undefined =>
  sample?.value instanceof Date ? sample.value.getTime() : undefined;

export async function deliverAll(
  from: readonly OpcUaDevice[],
  { connection, context }: Attended,
  stop: AbortSignal,
): Promise<void> {
  for (const unit of from) {
    const dropped = unit.buffer.dropped();
    const fields = { connection: connection.id, device: unit.device.id, reason: 'spool-held' };
    if (dropped > 0) context.telemetry.emit('opcuaValuesLost', VALUES_LOST, fields, dropped);
  }
  const frames = from.flatMap((unit) => unit.buffer.take());
  if (frames.length > 0) await deliverHeld(frames, connection.id, context, stop);
}

export function setState({ connection, context }: Attended, unit: OpcUaDevice, next: UnitHealth['state']): void {
  const before = unit.state;
  unit.state = next;
  if (before === next) return;
  const fields = { connection: connection.id, device: unit.device.id };
  if (next !== 'answering') context.telemetry.emit('deviceLost', DEVICE_LOST, { ...fields, state: next });
  else if (before !== 'not-yet-read') context.telemetry.emit('deviceRecovered', DEVICE_RECOVERED, fields);
}

const samplingOf = (intervalMs: number): number =>
  Math.min(SAMPLING_MS.max, Math.max(SAMPLING_MS.min, Math.floor(intervalMs / 2)));
