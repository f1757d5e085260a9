import type { CollectorPlan, ConnectedDevice, Connection, DeviceModel } from './contract.ts';

/** A mistake of a plan: where it is and what to write instead. */
export interface PlanMistake {
  /** Connection or device id. */
  readonly place: string;
  readonly message: string;
  readonly cure: string;
}

const PROTOCOL_OF: Readonly<Record<Connection['kind'], DeviceModel['protocol']>> = {
  'modbus-tcp': 'modbus',
  'modbus-rtu-tcp': 'modbus',
  'modbus-rtu': 'modbus',
  opcua: 'opcua',
};

/**
 * Modbus Messaging on TCP/IP V1.0b, 4.4.2.3: 1–247 behind a gateway; 0 and 255 for a device that is addressed by its IP
 * alone. Over Serial Line V1.02, 2.2: 1–247, and 0 is to all, which nobody answers.
 */
export const isUnitOf = (unit: number, kind: Connection['kind']): boolean =>
  Number.isInteger(unit) && ((unit >= 1 && unit <= 247) || (kind === 'modbus-tcp' && (unit === 0 || unit === 255)));

/** Everything about a plan that would make a collector fail or two of them read as one, all at once. Pure. */
export function planMistakes(plan: CollectorPlan, models: ReadonlyMap<string, DeviceModel>): readonly PlanMistake[] {
  return [
    ...repeated(plan.connections, (c) => c.id, 'two connections have this id', 'give each its own id'),
    ...repeated(plan.devices, (d) => d.id, 'two devices have this id', 'give each its own id'),
    ...repeated(
      plan.connections,
      addressOf,
      'another connection has the same address',
      'put all its devices on one connection: many gateways accept a single client',
    ),
    ...plan.devices.flatMap((device) => deviceMistakes(device, plan, models)),
    ...plan.connections.flatMap((connection) => lineMistakes(connection, plan.devices)),
  ];
}

/** What a connection leads to, as people write it. */
export function addressOf(connection: Connection): string {
  if (connection.kind === 'opcua') return connection.endpoint;
  return connection.kind === 'modbus-rtu' ? connection.device : `${connection.host}:${connection.port}`;
}

function repeated<T extends { readonly id: string }>(
  items: readonly T[],
  keyOf: (item: T) => string,
  message: string,
  cure: string,
): readonly PlanMistake[] {
  const keys = items.map(keyOf);
  return items
    .filter((item, i) => keys.indexOf(keyOf(item)) !== i)
    .map((item) => ({ place: item.id, message: `${message}: ${keyOf(item)}`, cure }));
}

function deviceMistakes(
  device: ConnectedDevice,
  plan: CollectorPlan,
  models: ReadonlyMap<string, DeviceModel>,
): readonly PlanMistake[] {
  const place = device.id;
  const connection = plan.connections.find((c) => c.id === device.connection);
  if (!connection) {
    const known = plan.connections.map((c) => c.id).join(', ');
    return [{ place, message: `there is no connection "${device.connection}"`, cure: `use one of ${known}` }];
  }
  const protocol = PROTOCOL_OF[connection.kind];
  const model = models.get(device.model);
  if (model?.protocol !== protocol) {
    const fitting = [...models.values()].filter((m) => m.protocol === protocol).map((m) => m.id);
    const message = model
      ? `model ${model.id} is read over ${model.protocol}, but connection ${connection.id} is ${connection.kind}`
      : `there is no device model "${device.model}"`;
    return [{ place, message, cure: `use one of ${fitting.join(', ')}, or add a model file` }];
  }
  if (!Number.isSafeInteger(device.intervalMs) || device.intervalMs <= 0) {
    return [{ place, message: `its interval is ${device.intervalMs} ms`, cure: 'write a whole number above 0' }];
  }
  if (connection.kind !== 'opcua' && (device.unit === undefined || !isUnitOf(device.unit, connection.kind))) {
    const message = device.unit === undefined ? 'it has no unit id' : `its unit id ${device.unit} is out of range`;
    return [
      { place, message, cure: 'write the unit id set at the meter: 1 to 247, or 0 or 255 for a device on Modbus TCP' },
    ];
  }
  if (connection.kind === 'opcua' && device.namespace === undefined) {
    return [{ place, message: 'it has no namespace', cure: "write the URI of the namespace of the device's nodes" }];
  }
  return [];
}

/** One unit (or one node prefix) stands for one device of a line. */
function lineMistakes(connection: Connection, devices: readonly ConnectedDevice[]): readonly PlanMistake[] {
  const onLine = devices.filter((d) => d.connection === connection.id);
  return connection.kind !== 'opcua'
    ? repeated(
        onLine.filter((d) => d.unit !== undefined),
        (d) => String(d.unit),
        `another device on ${connection.id} has the same unit id`,
        'give each device of the line its own unit id',
      )
    : repeated(
        onLine.filter((d) => d.namespace !== undefined),
        (d) => `${d.namespace} ${d.nodePrefix ?? ''} ${d.model}`,
        `another device on ${connection.id} has the same nodes`,
        'give each device its own node prefix',
      );
}
