import { readFileSync, type Stats, statSync } from 'node:fs';
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
  // The library sets parity and stop bits before it asks for the lock: a refused opening would spoil the line of its holder.
  if (isHeld(device)) throw serialFailure(device, new Error('its lock is taken'));
  // loaded where it is used: a site without serial lines needs no native code
  const { SerialPort } = await import('serialport');
  const stream = new SerialPort({ path: device, baudRate, parity, stopBits, dataBits: DATA_BITS, autoOpen: false });
  const error = await new Promise<Error | null>((resolve) => stream.open((cause) => resolve(cause)));
  if (error) {
    // Linux lists them by udevadm, which a container lacks
    const present = await SerialPort.list().catch(() => undefined);
    throw serialFailure(
      device,
      error,
      present?.map(({ path }) => path),
    );
  }
  return { stream, close: () => stream.isOpen && stream.close() };
}

/** Whether another process has locked it, as far as the system tells: Linux does. */
function isHeld(device: string): boolean {
  try {
    return lockedByOther(readFileSync('/proc/locks', 'utf8'), statSync(device), process.pid);
  } catch {
    return false;
  }
}

/** Whether /proc/locks has an exclusive lock (flock) of another process on the file. Pure. */
export function lockedByOther(locks: string, { dev, ino }: Pick<Stats, 'dev' | 'ino'>, self: number): boolean {
  // makedev of glibc: 12 bits of the major number stand between 8 and 12 of the minor one
  const [major, minor] = [(dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xfff00)];
  const file = `${hexOf(major)}:${hexOf(minor)}:${ino}`;
  return locks.split('\n').some((line) => {
    const [, kind, , mode, pid, where] = line.split(/\s+/);
    return kind === 'FLOCK' && mode === 'WRITE' && where === file && pid !== String(self);
  });
}

const hexOf = (part: number): string => part.toString(16).padStart(2, '0');

/** What the system's reason means for whoever stands before the machine; `present`: its ports, where that is known. Pure. */
export function serialFailure(place: string, cause: Error, present?: readonly string[]): MeteringError {
  const { message } = cause;
  if (/no such|not found|ENOENT|ENXIO|not a directory|input\/output error/i.test(message)) {
    return deviceError('SERIAL_PORT_MISSING', `there is no serial port ${place}`, {
      place,
      cure: `plug the adapter in, or ${choiceOf(present)}`,
      cause,
    });
  }
  if (/is a directory|inappropriate ioctl/i.test(message)) {
    return deviceError('SERIAL_PORT_MISSING', `${place} is no serial port`, { place, cure: choiceOf(present), cause });
  }
  if (/operation not permitted|EPERM/i.test(message)) {
    return configError('SERIAL_PORT_DENIED', `the container or the unit may not open the serial port ${place}`, {
      place,
      cure: `give it the device: docker run --device ${place}, or a line DeviceAllow= in the systemd unit`,
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

function choiceOf(present: readonly string[] | undefined): string {
  if (present === undefined) return 'name one that there is: ls /dev/serial/by-id /dev/tty*';
  return present.length === 0
    ? 'look for the adapter: this machine has no serial port now'
    : `use one of the ports that there are: ${present.join(', ')}`;
}
