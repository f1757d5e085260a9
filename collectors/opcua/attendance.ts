import type { CollectorContext, OpcUaConnection, UnitHealth } from '../contract.ts';
import { deliverHeld } from '../deliver.ts';
import { nextDue } from '../modbus/schedule.ts';
import type { OpcUaDevice } from './device.ts';
import { DEVICE_LOST, DEVICE_RECOVERED, DEVICE_STALE, ITEM_REFUSED, NAMESPACE_MISSING, VALUES_LOST } from './events.ts';
import { type Placement, placementOf } from './placement.ts';
import type { Session } from './session.ts';

/** A wait is cut into pieces of this length, so that a clock that was set is noticed. */
const LONGEST_WAIT_MS = 30_000;
const SAMPLING_MS = { min: 250, max: 5_000 };

export interface Attended {
  readonly connection: OpcUaConnection;
  readonly units: readonly OpcUaDevice[];
  readonly context: CollectorContext;
  readonly phaseOf: (unit: OpcUaDevice) => number;
  /** Told after each read, with its duration. */
  readonly round: (ms: number) => void;
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
    at?.unit.offer(at.node, sample);
  });
  for (const { position, reason } of refused) {
    const fields = { device: placed[position]?.unit.device.id, node: placed[position]?.nodeId, reason };
    context.telemetry.emit('opcuaItemRefused', ITEM_REFUSED, { connection: connection.id, ...fields });
  }
  return place;
}

/** Reads and delivers each device at its interval until the signal aborts. Rejects when a read fails: the session is lost. */
export async function rounds(
  session: Session,
  place: Placement,
  attended: Attended,
  ended: AbortSignal,
  stop: AbortSignal,
): Promise<void> {
  const { clock } = attended.context;
  const units = [...place.keys()];
  for (const unit of units) unit.dueAt = clock.now();
  while (!ended.aborted) {
    const now = clock.now();
    // a clock that was set back must not leave a device unasked
    for (const unit of units) if (unit.dueAt - now > 2 * unit.device.intervalMs) unit.dueAt = now;
    const due = units.filter((unit) => unit.dueAt <= now);
    if (due.length > 0) {
      await readDue(session, due, place, attended);
      await deliverAll(due, attended, stop);
    }
    const next = Math.min(...units.map((unit) => unit.dueAt), Infinity);
    await clock.sleep(Math.min(LONGEST_WAIT_MS, Math.max(0, next - clock.now())), ended).catch(() => undefined);
  }
}

/** What does not change sends nothing: so each device is read at its interval as well, all that are due in one request. */
async function readDue(
  session: Session,
  due: readonly OpcUaDevice[],
  place: Placement,
  attended: Attended,
): Promise<void> {
  const { clock } = attended.context;
  const placed = due.flatMap((unit) => place.get(unit) ?? []);
  const from = clock.now();
  const samples = await session.read(placed.map(({ nodeId }) => nodeId)).catch((error: unknown) => {
    for (const unit of due) unit.timeouts += 1;
    throw error;
  });
  const taken = new Set<OpcUaDevice>();
  placed.forEach(({ unit, node }, i) => {
    const sample = samples[i];
    if (sample && unit.offer(node, sample)) taken.add(unit);
    else unit.exceptions += 1;
  });
  const now = clock.now();
  attended.round(Math.max(0, now - from));
  for (const unit of due) {
    setState(attended, unit, taken.has(unit) ? 'answering' : 'refusing');
    if (taken.has(unit)) mindStaleness(attended, unit, now);
    unit.dueAt = nextDue(now, unit.device.intervalMs, attended.phaseOf(unit));
  }
}

/** Of a device that answers: the source times of its values have stood still for several intervals. Said once. */
function mindStaleness({ connection, context }: Attended, unit: OpcUaDevice, now: number): void {
  const newest = unit.buffer.newestAt() ?? now;
  const stale = now - newest > unit.staleAfterMs;
  if (stale && !unit.stale) {
    const fields = { connection: connection.id, device: unit.device.id, lastSourceAt: new Date(newest).toISOString() };
    context.telemetry.emit('opcuaDeviceStale', DEVICE_STALE, fields);
  }
  unit.stale = stale;
}

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
