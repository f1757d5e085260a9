import { type Device, say } from '#domain';
import type { ConnectedDevice, Connection, DeviceModel, OpcUaUser } from '../contract.ts';
import { isUnitOf } from '../plan.ts';
import { suggest } from './nearest.ts';
import type { Path } from './problem.ts';
import type { ConnectionEntry, DeviceEntry, OpcUaUserEntry } from './schema.ts';
import { checkReference, type Scope, take } from './scope.ts';
import { readDuration } from './texts.ts';

const MAX_TIMEOUT_MS = 60_000;
export const HAND_PREFIX = 'hand.';

export function resolveConnections(scope: Scope): readonly Connection[] {
  const seen = new Map<string, string>();
  return scope.file.connections.flatMap((entry, i) => {
    const path: Path = ['connections', i];
    const { key, where } = addressOf(entry);
    const other = seen.get(where);
    if (other !== undefined) {
      scope.report(
        [...path, key],
        'CONNECTION_TWICE',
        say(`连接 "${other}" 已经通向 ${where}`, `The connection "${other}" leads to ${where} already`),
        say(`请让设备共用连接 "${other}"`, `Let the devices share the connection "${other}"`),
      );
    }
    seen.set(where, entry.id);
    const connection = resolveConnection(scope, entry, path);
    return connection ? [connection] : [];
  });
}

function resolveConnection(scope: Scope, entry: ConnectionEntry, path: Path): Connection | undefined {
  const timeoutMs = take(scope, [...path, 'timeout'], readDuration(entry.timeout));
  if (timeoutMs !== undefined && (timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS)) {
    scope.report(
      [...path, 'timeout'],
      'TIMEOUT_RANGE',
      say(`${entry.timeout} 不在 1 ms 到 60 s 之间`, `${entry.timeout} is not between 1 ms and 60 s`),
      say('通常写 1 s', '1 s is usual'),
    );
  }
  if (entry.kind === 'opcua') {
    const { id, kind, endpoint, security, certificateHost } = entry;
    const user = entry.user && resolveUser(scope, entry.user, [...path, 'user']);
    if (timeoutMs === undefined || (entry.user && !user)) return undefined;
    return { id, kind, endpoint, security, timeoutMs, user, certificateHost };
  }
  const pauseMs = take(scope, [...path, 'pause'], readDuration(entry.pause));
  if (timeoutMs === undefined || pauseMs === undefined) return undefined;
  const line = { id: entry.id, timeoutMs, pauseMs };
  if (entry.kind !== 'modbus-rtu') return { ...line, kind: entry.kind, host: entry.host, port: entry.port };
  const { kind, device, baud: baudRate, parity, stopBits } = entry;
  return { ...line, kind, device, baudRate, parity, stopBits };
}

/** One of the three ways to log in, whole. */
function resolveUser(scope: Scope, user: OpcUaUserEntry, path: Path): OpcUaUser | undefined {
  const { name, passwordEnv, passwordFile, certificate, key } = user;
  const given = Object.keys(user).toSorted().join(' ');
  if (given === 'name passwordEnv' && name && passwordEnv) {
    return { kind: 'password', name, password: { from: 'environment', name: passwordEnv } };
  }
  if (given === 'name passwordFile' && name && passwordFile) {
    return { kind: 'password', name, password: { from: 'file', name: passwordFile } };
  }
  if (given === 'certificate key' && certificate && key) return { kind: 'certificate', certificate, key };
  scope.report(
    path,
    'USER_UNCLEAR',
    say(`不清楚如何登录：只写了 ${given || '空'}`, `It is not clear how to log in: there is ${given || 'nothing'}`),
    say(
      '请写 { name, passwordEnv }、{ name, passwordFile } 或 { certificate, key }',
      'Write { name, passwordEnv }, { name, passwordFile } or { certificate, key }',
    ),
  );
  return undefined;
}

function addressOf(entry: ConnectionEntry): { readonly key: string; readonly where: string } {
  if (entry.kind === 'opcua') return { key: 'endpoint', where: entry.endpoint };
  if (entry.kind === 'modbus-rtu') return { key: 'device', where: entry.device };
  return { key: 'host', where: `${entry.host}:${entry.port}` };
}

export interface Network {
  readonly planned: readonly ConnectedDevice[];
  readonly devices: readonly Device[];
}

export function resolveDevices(scope: Scope): Network {
  const addresses = new Map<string, string>();
  const planned: ConnectedDevice[] = [];
  const devices: Device[] = [];
  for (const [i, entry] of scope.file.devices.entries()) {
    const path: Path = ['devices', i];
    const model = modelOf(scope, entry, path);
    const connection = scope.file.connections.find(({ id }) => id === entry.connection);
    checkReference(scope, 'connections', entry.connection, [...path, 'connection']);
    if (entry.id.startsWith(HAND_PREFIX)) reservedId(scope, path);
    if (model && connection) checkAddressing(scope, entry, model, connection, path);
    if (connection) checkAddressTaken(scope, entry, path, addresses);
    const intervalMs = take(scope, [...path, 'interval'], readDuration(entry.interval));
    if (intervalMs !== undefined && intervalMs < 1_000) intervalTooShort(scope, path, entry.interval);
    if (!model || intervalMs === undefined) continue;
    const { id, unit, namespace, nodePrefix } = entry;
    planned.push({ id, connection: entry.connection, model: model.id, intervalMs, unit, namespace, nodePrefix });
    const registers = model.registers.map((register) => {
      const { name, kind, carrier, unit: faceUnit, scale, modulus } = scope.resolveRegister(register);
      return { name, kind, carrier, unit: faceUnit, scale, modulus };
    });
    devices.push({ id, model: model.id, connection: entry.connection, intervalMs, registers });
  }
  return { planned, devices };
}

function modelOf(scope: Scope, entry: DeviceEntry, path: Path): DeviceModel | undefined {
  const model = scope.models.get(entry.model);
  if (!model) {
    scope.report(
      [...path, 'model'],
      'MODEL_UNKNOWN',
      say(`没有型号 "${entry.model}"`, `There is no device model "${entry.model}"`),
      suggest(entry.model, [...scope.models.keys()]),
    );
  }
  return model;
}

const reservedId = (scope: Scope, path: Path): void =>
  scope.report(
    [...path, 'id'],
    'ID_RESERVED',
    say(
      `以 ${HAND_PREFIX} 开头的 id 留给人工抄表`,
      `Ids that begin with ${HAND_PREFIX} are kept for meters read by hand`,
    ),
    say('请换一个 id', 'Give it another id'),
  );

const intervalTooShort = (scope: Scope, path: Path, text: string): void =>
  scope.report(
    [...path, 'interval'],
    'INTERVAL_RANGE',
    say(`${text} 太短`, `${text} is too short`),
    say('请写 1 s 或更长，通常 1 min 到 15 min', 'Write 1 s or more; 1 min to 15 min is usual'),
  );

function checkAddressing(
  scope: Scope,
  entry: DeviceEntry,
  model: DeviceModel,
  connection: ConnectionEntry,
  path: Path,
): void {
  const isOpcUa = connection.kind === 'opcua';
  if (isOpcUa !== (model.protocol === 'opcua')) {
    scope.report(
      [...path, 'model'],
      'MODEL_PROTOCOL',
      say(
        `型号 "${model.id}" 用 ${model.protocol}，连接 "${connection.id}" 是 ${connection.kind}`,
        `The model "${model.id}" speaks ${model.protocol}, the connection "${connection.id}" is ${connection.kind}`,
      ),
      suggest(
        entry.model,
        [...scope.models.values()].filter((m) => (m.protocol === 'opcua') === isOpcUa).map((m) => m.id),
      ),
    );
    return;
  }
  checkAddressKeys(scope, entry, connection, path);
  checkUnit(scope, entry.unit, connection.kind, [...path, 'unit']);
}

function checkAddressKeys(scope: Scope, entry: DeviceEntry, connection: ConnectionEntry, path: Path): void {
  const isOpcUa = connection.kind === 'opcua';
  const needed = isOpcUa ? (['namespace', 'nodePrefix'] as const) : (['unit'] as const);
  const foreign = isOpcUa ? (['unit'] as const) : (['namespace', 'nodePrefix'] as const);
  for (const key of needed) {
    if (entry[key] !== undefined) continue;
    scope.report(
      path,
      'KEY_MISSING',
      say(`设备 "${entry.id}" 缺少 ${key}`, `The device "${entry.id}" lacks ${key}`),
      isOpcUa
        ? say('请写 namespace 和 nodePrefix', 'Write namespace and nodePrefix')
        : say('请写它在线路上的地址，例如 unit: 1', 'Write its address on the line: unit: 1'),
    );
  }
  for (const key of foreign) {
    if (entry[key] === undefined) continue;
    scope.report(
      [...path, key],
      'KEY_FOREIGN',
      say(`${connection.kind} 的设备没有 ${key}`, `A device on ${connection.kind} has no ${key}`),
      say('请删去', 'Remove it'),
      true,
    );
  }
}

function checkUnit(scope: Scope, unit: number | undefined, kind: ConnectionEntry['kind'], path: Path): void {
  if (unit === undefined || kind === 'opcua' || isUnitOf(unit, kind)) return;
  scope.report(
    path,
    'UNIT_RANGE',
    say(`${kind} 线路上没有地址 ${unit}`, `No device on ${kind} has the address ${unit}`),
    kind === 'modbus-tcp'
      ? say('请写 1 到 247；按 IP 寻址的设备写 0 或 255', 'Write 1 to 247, or 0 or 255 for a device with its own IP')
      : say('请写表上设置的地址，1 到 247', 'Write the address set at the meter, 1 to 247'),
  );
}

function checkAddressTaken(scope: Scope, entry: DeviceEntry, path: Path, addresses: Map<string, string>): void {
  const address = entry.unit ?? (entry.nodePrefix === undefined ? undefined : `${entry.namespace} ${entry.nodePrefix}`);
  if (address === undefined) return;
  const key = `${entry.connection} ${address}`;
  const other = addresses.get(key);
  addresses.set(key, other ?? entry.id);
  if (other === undefined) return;
  scope.report(
    [...path, entry.unit === undefined ? 'nodePrefix' : 'unit'],
    'UNIT_TWICE',
    say(
      `线路 "${entry.connection}" 上的地址 ${address} 已属于设备 "${other}"`,
      `On the connection "${entry.connection}" the address ${address} belongs to the device "${other}" already`,
    ),
    say('请核对地址；一台设备只写一次', 'Check the address; write each device once'),
  );
}
