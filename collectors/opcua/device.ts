import { configError } from '#domain';
import type {
  CollectorContext,
  ConnectedDevice,
  DeviceModel,
  OpcUaRegister,
  ResolvedRegister,
  UnitHealth,
} from '../contract.ts';
import { faceValue, resolveRegister } from '../devices/index.ts';
import { type Buffer, createBuffer, type Reading } from './buffer.ts';
import { VALUE_REFUSED, VALUE_REFUSED_AGAIN, VALUE_UNCERTAIN, VALUES_LOST, VALUES_LOST_AGAIN } from './events.ts';
import type { Gap } from './gaps.ts';
import { hasOverflowed, rawOf, type Sample, severityOf } from './sample.ts';

const STALE_INTERVALS = 3;
const STALE_LEAST_MS = 30_000;

export interface OpcUaNode {
  readonly register: OpcUaRegister;
  readonly resolved: ResolvedRegister;
}

/** One device of a server: its nodes, what waits to become frames, and how it fares. Lives as long as its collector. */
export interface OpcUaDevice {
  readonly device: ConnectedDevice;
  readonly nodes: readonly OpcUaNode[];
  readonly buffer: Buffer;
  /** A further buffer like it, for readings of the past. */
  readonly newBuffer: () => Buffer;
  /** What a value is worth: a reading, or the reason why it is none. */
  readonly judge: (node: OpcUaNode, sample: Sample) => Reading | string;
  /** Judges a value of now and keeps it for the next frame. Its source time where it was taken. */
  readonly offer: (node: OpcUaNode, sample: Sample) => number | undefined;
  /** An answer, or a source time, older than this is stale. */
  readonly staleAfterMs: number;
  /** Times that the server's history may still fill, oldest session first. */
  gaps: readonly Gap[];
  /** Newest source time in the last answer, and of each of its nodes. */
  readonly readAt: Map<OpcUaNode, number>;
  /** A source clock that did what a clock should not, said once. */
  clockFault: string | undefined;
  dueAt: number;
  state: UnitHealth['state'];
  /** Newest time, of the source or of the server, that came with a value taken. */
  lastAnswerAt: number | undefined;
  stale: boolean;
  timeouts: number;
  exceptions: number;
}

export function deviceOf(
  device: ConnectedDevice,
  models: ReadonlyMap<string, DeviceModel>,
  phaseMs: number,
  context: CollectorContext,
): OpcUaDevice {
  const { clock, telemetry, site } = context;
  const nodes = opcUaModel(device, models).registers.map((register) => ({
    register,
    resolved: resolveRegister(register),
  }));
  const newBuffer = (): Buffer => createBuffer(site, device.id, device.intervalMs, phaseMs);
  const buffer = newBuffer();
  const lastReason = new Map<string, string>();
  const overflowed = new Set<string>();
  const names = { connection: device.connection, device: device.id };

  const refuse = (register: string, reason: string): undefined => {
    const spec = lastReason.get(register) === reason ? VALUE_REFUSED_AGAIN : VALUE_REFUSED;
    lastReason.set(register, reason);
    telemetry.emit('opcuaValueRefused', spec, { ...names, register, reason });
  };

  const mindUncertainty = (register: string, { status, statusName }: Sample): void => {
    if (severityOf(status) === 'good') {
      if (lastReason.size > 0) lastReason.delete(register);
      return;
    }
    if (lastReason.get(register) !== statusName) {
      telemetry.emit('opcuaValueUncertain', VALUE_UNCERTAIN, { ...names, register, reason: statusName });
    }
    lastReason.set(register, statusName);
  };

  const judge: OpcUaDevice['judge'] = ({ register, resolved }, sample) => {
    const severity = severityOf(sample.status);
    if (severity === 'bad') return sample.statusName;
    const raw = rawOf(sample);
    if (raw === undefined) return 'not-a-number';
    const face = faceValue(raw, resolved, register.markers);
    if (!face.ok) return face.reason;
    const got = clock.now();
    const gauge = register.kind === 'gauge';
    const flags = severity === 'good' ? (gauge ? 'g' : '') : gauge ? 'gu' : 'u';
    return { register: register.name, value: face.value, flags, at: sample.sourceAt ?? sample.serverAt ?? got, got };
  };

  const offer: OpcUaDevice['offer'] = (node, sample) => {
    const { name } = node.register;
    if (hasOverflowed(sample.status)) {
      const spec = overflowed.has(name) ? VALUES_LOST_AGAIN : VALUES_LOST;
      telemetry.emit('opcuaValuesLost', spec, { ...names, register: name, reason: 'server-queue' });
      overflowed.add(name);
    } else if (overflowed.size > 0) overflowed.delete(name);
    const reading = judge(node, sample);
    if (typeof reading === 'string') return refuse(name, reading);
    mindUncertainty(name, sample);
    buffer.put(reading);
    // a clock that is ahead must not make a server look alive tomorrow
    const newest = Math.min(reading.got, Math.max(sample.sourceAt ?? 0, sample.serverAt ?? 0) || reading.got);
    const last = own.lastAnswerAt ?? 0;
    // nor one of ours that was set back
    if (newest > last || last > reading.got) own.lastAnswerAt = newest;
    return reading.at;
  };

  const own: OpcUaDevice = {
    device,
    nodes,
    buffer,
    newBuffer,
    judge,
    offer,
    gaps: [],
    readAt: new Map(),
    clockFault: undefined,
    dueAt: clock.now(),
    state: 'not-yet-read',
    staleAfterMs: Math.max(STALE_LEAST_MS, STALE_INTERVALS * device.intervalMs),
    lastAnswerAt: undefined,
    stale: false,
    timeouts: 0,
    exceptions: 0,
  };
  return own;
}

function opcUaModel(
  device: ConnectedDevice,
  models: ReadonlyMap<string, DeviceModel>,
): Extract<DeviceModel, { readonly protocol: 'opcua' }> {
  const model = models.get(device.model);
  if (model?.protocol === 'opcua') return model;
  const known = [...models.values()].filter((m) => m.protocol === 'opcua').map((m) => m.id);
  throw configError(
    'MODEL_UNKNOWN',
    model
      ? `model ${device.model} of device ${device.id} is not read over OPC UA`
      : `device ${device.id} has the model "${device.model}", which is not known`,
    { place: device.id, cure: `use one of ${known.join(', ')}, or add its file to the device models` },
  );
}
