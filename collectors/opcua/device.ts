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
import { type Buffer, createBuffer } from './buffer.ts';
import { VALUE_REFUSED, VALUE_REFUSED_AGAIN, VALUE_UNCERTAIN, VALUES_LOST } from './events.ts';
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
  /** Judges a value and keeps it for the next frame. True: it was taken. */
  readonly offer: (node: OpcUaNode, sample: Sample) => boolean;
  /** An answer, or a source time, older than this is stale. */
  readonly staleAfterMs: number;
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
  const buffer = createBuffer(site, device.id, device.intervalMs, phaseMs);
  const lastReason = new Map<string, string>();
  const names = { connection: device.connection, device: device.id };

  const refuse = (register: string, reason: string): false => {
    const spec = lastReason.get(register) === reason ? VALUE_REFUSED_AGAIN : VALUE_REFUSED;
    lastReason.set(register, reason);
    telemetry.emit('opcuaValueRefused', spec, { ...names, register, reason });
    return false;
  };

  const offer: OpcUaDevice['offer'] = ({ register, resolved }, sample) => {
    const { name, kind, markers } = register;
    if (hasOverflowed(sample.status)) {
      telemetry.emit('opcuaValuesLost', VALUES_LOST, { ...names, register: name, reason: 'server-queue' });
    }
    const severity = severityOf(sample.status);
    if (severity === 'bad') return refuse(name, sample.statusName);
    const raw = rawOf(sample);
    if (raw === undefined) return refuse(name, 'not-a-number');
    const face = faceValue(raw, resolved, markers);
    if (!face.ok) return refuse(name, face.reason);
    if (severity === 'uncertain' && lastReason.get(name) !== sample.statusName) {
      telemetry.emit('opcuaValueUncertain', VALUE_UNCERTAIN, { ...names, register: name, reason: sample.statusName });
    }
    if (severity === 'uncertain') lastReason.set(name, sample.statusName);
    else lastReason.delete(name);
    const got = clock.now();
    const flags = `${kind === 'gauge' ? 'g' : ''}${severity === 'uncertain' ? 'u' : ''}`;
    buffer.put({ register: name, value: face.value, flags, at: sample.sourceAt ?? sample.serverAt ?? got, got });
    const newest = Math.max(sample.sourceAt ?? 0, sample.serverAt ?? 0) || got;
    own.lastAnswerAt = Math.max(own.lastAnswerAt ?? 0, newest);
    return true;
  };

  const own: OpcUaDevice = {
    device,
    nodes,
    buffer,
    offer,
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
