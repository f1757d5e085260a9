import { configError } from '#domain';
import type { ModbusConnection } from '../contract.ts';
import { modbusTcp } from './tcp.ts';
import type { OpenTransport } from './transport.ts';

/** How a connection of each kind is opened. */
export function openTransportOf(connection: ModbusConnection): OpenTransport {
  if (connection.kind === 'modbus-tcp') return modbusTcp(connection);
  throw configError('LINE_KIND_UNSUPPORTED', `${connection.kind} is not supported`, {
    place: connection.id,
    cure: 'use modbus-tcp',
  });
}

/** What a connection leads to, as people write it. */
export const addressOf = (connection: ModbusConnection): string =>
  connection.kind === 'modbus-rtu' ? connection.device : `${connection.host}:${connection.port}`;
