import { configError, deviceError, type MeteringError } from '#domain';
import type { ModbusRtuConnection } from '../contract.ts';
import type { ByteStream } from './wire.ts';

const DATA_BITS = 8;

/** Time of one character on the wire, ms: start bit, data, parity, stop bits. */
export const characterMsOf = ({ baudRate, parity, stopBits }: ModbusRtuConnection): number =>
  ((1 + DATA_BITS + (parity === 'none' ? 0 : 1) + stopBits) * 1_000) / baudRate;

/** Opens a serial port for us alone. Throws SERIAL_PORT_MISSING, SERIAL_PORT_DENIED, SERIAL_PORT_BUSY, LINE_NOT_OPEN. */
export async function openSerial(connection: ModbusRtuConnection): Promise<ByteStream> {
  const { device, baudRate, parity, stopBits } = connection;
  // loaded where it is used: a site without serial lines needs no native code
  const { SerialPort } = await import('serialport');
  const stream = new SerialPort({ path: device, baudRate, parity, stopBits, dataBits: DATA_BITS, autoOpen: false });
  const error = await new Promise<Error | null>((resolve) => stream.open((cause) => resolve(cause)));
  if (error) {
    const present = await SerialPort.list().catch(() => []);
    throw serialFailure(
      device,
      error,
      present.map(({ path }) => path),
    );
  }
  return { stream, close: () => stream.isOpen && stream.close() };
}

/** What the system's reason means for whoever stands before the machine. Pure. */
export function serialFailure(place: string, cause: Error, present: readonly string[]): MeteringError {
  const { message } = cause;
  if (/no such|not found|ENOENT|ENXIO|no such device/i.test(message)) {
    return deviceError('SERIAL_PORT_MISSING', `there is no serial port ${place}`, {
      place,
      cure:
        present.length > 0
          ? `plug the adapter in, or use one of the ports that there are: ${present.join(', ')}`
          : 'plug the adapter in: this machine has no serial port now',
      cause,
    });
  }
  if (/permission|EACCES/i.test(message)) {
    return configError('SERIAL_PORT_DENIED', `this user may not open the serial port ${place}`, {
      place,
      cure: `add the user to the group that owns it (ls -l ${place}; mostly dialout): sudo usermod -aG dialout USER, then sign in again`,
      cause,
    });
  }
  if (/lock|busy|EBUSY|unavailable|access denied/i.test(message)) {
    return deviceError('SERIAL_PORT_BUSY', `another program holds the serial port ${place}`, {
      place,
      cure: `end that program (sudo fuser -v ${place} names it); a modem manager or a login on the port counts as one`,
      cause,
    });
  }
  return deviceError('LINE_NOT_OPEN', `the serial port ${place} does not open: ${message}`, {
    place,
    cure: 'check the adapter, and whether it bears this baud rate, parity and number of stop bits',
    cause,
  });
}
