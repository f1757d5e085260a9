import type { CollectorContext, OpcUaConnection } from '../contract.ts';
import type { OpcUaDevice, OpcUaNode } from './device.ts';
import { DEVICE_STALE, SOURCE_CLOCK } from './events.ts';

/** A source time that is so much earlier than the one before, or ahead of our clock, has jumped. */
const BACK_MS = 5_000;
const AHEAD_MS = 60_000;

interface Surroundings {
  readonly connection: OpcUaConnection;
  readonly context: Pick<CollectorContext, 'telemetry'>;
}

/** Of an answer: the time of a node against the one in the answer before, and against our clock. Said once while it lasts. */
export function mindSource(
  { connection, context }: Surroundings,
  unit: OpcUaDevice,
  node: OpcUaNode,
  at: number,
  now: number,
): void {
  const before = unit.readAt.get(node) ?? at;
  unit.readAt.set(node, at);
  const back = before - at > BACK_MS;
  const ahead = at - now > AHEAD_MS;
  if (!back && !ahead) {
    if (unit.clockFault === node.register.name) unit.clockFault = undefined;
    return;
  }
  if (unit.clockFault !== undefined) return;
  unit.clockFault = node.register.name;
  const fields = { connection: connection.id, device: unit.device.id, reason: back ? 'stepped-back' : 'ahead' };
  context.telemetry.emit('opcuaSourceClock', SOURCE_CLOCK, { ...fields, byMs: back ? before - at : at - now });
}

/** Of a device that answers: the source times of its values have stood still for several intervals. Said once. */
export function mindStaleness(
  { connection, context }: Surroundings,
  unit: OpcUaDevice,
  newestAt: number,
  now: number,
): void {
  const stale = now - newestAt > unit.staleAfterMs;
  if (stale && !unit.stale) {
    const fields = {
      connection: connection.id,
      device: unit.device.id,
      lastSourceAt: new Date(newestAt).toISOString(),
    };
    context.telemetry.emit('opcuaDeviceStale', DEVICE_STALE, fields);
  }
  unit.stale = stale;
}
