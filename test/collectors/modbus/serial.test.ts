import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModbusRtuConnection } from '../../../collectors/contract.ts';
import { createModbusCollector } from '../../../collectors/modbus/index.ts';
import { pauseMsOf } from '../../../collectors/modbus/lines.ts';
import { characterMsOf, lockedByOther, openSerial, serialFailure } from '../../../collectors/modbus/serial.ts';
import { recordingContext, until } from '../../support/collector-context.ts';
import { serialPair, type SerialPair, skipPseudoTerminals } from '../../support/modbus-independent.ts';
import { eventsOf, FAST, meters, TWO_FAR, whole } from '../../support/modbus-rig.ts';
import { rtuBus, type RtuBus } from '../../support/modbus-rtu-bus.ts';

const portAt = (device: string): ModbusRtuConnection => ({
  kind: 'modbus-rtu',
  id: 'line',
  device,
  baudRate: 9_600,
  parity: 'even',
  stopBits: 1,
  timeoutMs: 150,
  pauseMs: 0,
});

describe('a serial port', () => {
  test('that is missing is named, with the ports that there are', async () => {
    await expect(openSerial(portAt('/dev/ttyNOSUCH'))).rejects.toMatchObject({
      code: 'SERIAL_PORT_MISSING',
      place: '/dev/ttyNOSUCH',
      cure: expect.stringContaining('plug the adapter in'),
    });
    const failure = serialFailure('COM7', new Error('Opening COM7: File not found'), ['COM3', 'COM4']);
    expect(failure).toMatchObject({ code: 'SERIAL_PORT_MISSING', cure: expect.stringContaining('COM3, COM4') });
  });

  test.each([
    ['Error: Permission denied, cannot open /dev/ttyUSB0', 'SERIAL_PORT_DENIED', 'dialout'],
    ['Error Resource temporarily unavailable Cannot lock port', 'SERIAL_PORT_BUSY', 'fuser'],
    ['Opening COM3: Access denied', 'SERIAL_PORT_BUSY', 'end that program'],
    ['Error: Operation not permitted, cannot open /dev/ttyAMA0', 'SERIAL_PORT_DENIED', 'DeviceAllow='],
    ['Error: Input/output error setting custom baud rate of 9600', 'SERIAL_PORT_MISSING', 'ls /dev/serial/by-id'],
    ['Error: Inappropriate ioctl for device setting custom baud rate of 9600', 'SERIAL_PORT_MISSING', 'ls /dev'],
    ['Error: Invalid argument || while setting custom baud rate of 12345', 'LINE_NOT_OPEN', 'baud rate'],
  ])('that does not open for "%s" says who must do what', (reason, code, cure) => {
    expect(serialFailure('/dev/ttyUSB0', new Error(reason))).toMatchObject({
      code,
      place: '/dev/ttyUSB0',
      cure: expect.stringContaining(cure),
    });
  });

  test('is held where the system lists a lock of another process on the file, at its device and number', () => {
    const locks = [
      '1: FLOCK  ADVISORY  WRITE 6270 00:1a:3 0 EOF',
      '1: -> FLOCK  ADVISORY  WRITE 9 00:1a:7 0 EOF',
      '2: POSIX  ADVISORY  WRITE 6270 fe:00:10240113 1073741824 1073742335',
      '3: FLOCK  ADVISORY  READ 6271 00:1a:5 0 EOF',
      '4: FLOCK  ADVISORY  WRITE 6272 103:41:9 0 EOF',
    ].join('\n');
    const held = (dev: number, ino: number, self = 1): boolean => lockedByOther(locks, { dev, ino }, self);
    expect(held(0x1a, 3)).toBe(true);
    expect(held(0x1a, 3, 6270)).toBe(false);
    // another number, another device, somebody who waits, a record lock, a shared lock
    expect([held(0x1a, 4), held(0x1b, 3), held(0x1a, 7), held(0xfe00, 10_240_113), held(0x1a, 5)]).toEqual(
      Array.from({ length: 5 }, () => false),
    );
    // major 0x103, minor 0x41
    expect(held((0x103 << 8) | 0x41, 9)).toBe(true);
  });

  test('leaves between two requests what a frame needs to end: 3.5 characters', () => {
    expect(characterMsOf(portAt('x'))).toBeCloseTo(11 / 9.6);
    expect(pauseMsOf(portAt('x'))).toBe(5);
    expect(pauseMsOf({ ...portAt('x'), parity: 'none', baudRate: 1_200, stopBits: 2 })).toBe(33);
    expect(pauseMsOf({ ...portAt('x'), pauseMs: 50 })).toBe(50);
  });
});

describe.skipIf(skipPseudoTerminals())('on a pair of pseudo-terminals', () => {
  let pair: SerialPair;
  let bus: RtuBus;
  let unplug: () => void;
  const silent = new Set<number>();
  beforeAll(async () => {
    pair = await serialPair();
    bus = rtuBus(({ index }) => (silent.has(index) ? 'swallow' : 'answer'));
    const far = await openSerial(portAt(pair.theirs));
    bus.attach(far.stream);
    unplug = far.close;
  });
  afterAll(async () => {
    unplug();
    await pair.end();
  });

  test('units are read, a lost request included; a second program finds the port busy', async () => {
    const context = recordingContext();
    const port = portAt(pair.ours);
    silent.add(5);
    const collector = createModbusCollector(port, meters(1, 2), new Map([[TWO_FAR.id, TWO_FAR]]), context, FAST);
    const stop = new AbortController();
    const running = collector.run(stop.signal);
    await until('a lost request', () => eventsOf(context, 'requestFailed').length > 0);
    const before = context.frames.length;
    await until('frames again', () => context.frames.length >= before + 4);
    await expect(openSerial(port)).rejects.toMatchObject({ code: 'SERIAL_PORT_BUSY', place: pair.ours });
    stop.abort();
    await running;
    for (const { device, r } of context.frames.slice(-3)) expect(r).toEqual(whole(Number(device.slice(1))));
    for (const { device, r } of context.frames) {
      for (const entry of r) expect(whole(Number(device.slice(1)))).toContainEqual(entry);
    }
    expect(collector.health().reopened).toBeGreaterThanOrEqual(1);
  });
});
