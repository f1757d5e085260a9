import type { Clock } from '#platform';
import type { ModbusConnection } from '../contract.ts';
import { modbusRtu } from './rtu.ts';
import { characterMsOf, openSerial } from './serial.ts';
import { openSocket } from './socket.ts';
import { modbusTcpOwn } from './tcp-own.ts';
import type { OpenTransport } from './transport.ts';

/** MODBUS over Serial Line V1.02, 2.5.1.1: characters of silence between two frames. */
const SILENT_CHARACTERS = 3.5;

/** How a connection of each kind is opened. */
export function openTransportOf(connection: ModbusConnection, clock: Clock): OpenTransport {
  const { timeoutMs } = connection;
  const place = addressOf(connection);
  switch (connection.kind) {
    case 'modbus-tcp':
      return modbusTcpOwn(connection);
    case 'modbus-rtu-tcp': {
      const { host, port } = connection;
      const open = async (signal: AbortSignal) => {
        const stream = await openSocket(host, port, timeoutMs, signal);
        return { stream, close: () => void stream.destroy() };
      };
      return modbusRtu(open, { place, timeoutMs, characterMs: 0, clock });
    }
    case 'modbus-rtu':
      return modbusRtu(() => openSerial(connection), {
        place,
        timeoutMs,
        characterMs: characterMsOf(connection),
        clock,
      });
  }
}

/** Pause between two requests, ms: as configured, on a serial port at least what a frame needs to end. */
export const pauseMsOf = (connection: ModbusConnection): number =>
  connection.kind === 'modbus-rtu'
    ? Math.max(connection.pauseMs, Math.ceil(SILENT_CHARACTERS * characterMsOf(connection)))
    : connection.pauseMs;

/** What a connection leads to, as people write it. */
export const addressOf = (connection: ModbusConnection): string =>
  connection.kind === 'modbus-rtu' ? connection.device : `${connection.host}:${connection.port}`;
