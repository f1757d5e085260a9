import { createServer, type Socket } from 'node:net';
import modbus from 'modbus-serial';
import type { Clock } from '#platform';
import type { ModbusRtuTcpConnection, ModbusTcpConnection } from '../../collectors/contract.ts';
import { modbusRtu } from '../../collectors/modbus/rtu.ts';
import { openSocket } from '../../collectors/modbus/socket.ts';
import type { OpenTransport } from '../../collectors/modbus/transport.ts';
import { type Answer, startFieldServer } from './modbus-server.ts';
import { type RtuAnswer, type RtuBus, rtuBus, rtuReply, rtuRequest, streamPair } from './modbus-rtu-bus.ts';
import { drawing, type StormLine, type StormPlan, type Weather } from './modbus-storm.ts';

export const STORM_TIMEOUT_MS = 50;

type LineMaker = StormPlan['line'];
type Fault<A> = readonly [name: string, perThousand: number, answer: (random: () => number) => A];

const always =
  <A>(answer: A) =>
  (): A =>
    answer;

/** Late by one to four time-outs, on its own connection or, as some gateways do, on whichever is open then. */
const late = (random: () => number): Answer => ({
  lateMs: STORM_TIMEOUT_MS * (1 + 3 * random()),
  on: random() < 0.5 ? 'same' : 'newest',
});

const TCP_FAULTS: readonly Fault<Answer>[] = [
  ['late', 5, late],
  ['swallowed', 3, always('swallow')],
  ['wrong id', 1, always('wrong-transaction')],
  ['foreign unit', 2, always('foreign-unit')],
  ['foreign exception', 1, always('foreign-exception')],
  ['other function', 1, always('other-function')],
  ['short', 1, always('short')],
  ['byte count', 1, always('byte-count-too-large')],
  ['length', 1, always('length-too-large')],
  ['zeros', 1, always('zeros')],
  ['half-open', 1, always('half-open')],
  ['closed', 1, always('close')],
  ['second master', 3, always('other-master')],
  ['split', 3, always('split-bytes')],
  ['merged', 2, always('merged')],
  ['twice', 2, always('twice')],
  ['busy', 2, always({ exception: 6 })],
];

/** Late by up to eight time-outs: longer than any silence that the line is given. */
const RTU_FAULTS: readonly Fault<RtuAnswer>[] = [
  ['late', 5, (random) => ({ lateMs: STORM_TIMEOUT_MS * (1 + 2 * random()) })],
  ['very late', 1, (random) => ({ lateMs: STORM_TIMEOUT_MS * (3 + 5 * random()) })],
  ['swallowed', 3, always('swallow')],
  ['foreign unit', 1, always('foreign-unit')],
  ['foreign exception', 1, always('foreign-exception')],
  ['foreign before', 1, always('foreign-before')],
  ['second master', 1, always('second-master')],
  ['other function', 1, always('other-function')],
  ['short', 1, always('short')],
  ['long', 1, always('long')],
  ['byte count', 1, always('wrong-count')],
  ['CRC', 2, always('wrong-crc')],
  ['broken off', 1, always('broken-off')],
  ['garbage', 1, always('garbage')],
  ['half-open', 1, always('half-open')],
  ['closed', 1, always('hang-up')],
  ['split', 3, always('split-bytes')],
  ['merged', 1, always('merged')],
  ['twice', 2, always('twice')],
  ['echo', 3, always('echo')],
  ['idle bytes', 3, always('idle-bytes')],
  ['busy', 2, always({ exception: 6 })],
];

export const tcpLine =
  (open?: (connection: ModbusTcpConnection) => OpenTransport): LineMaker =>
  async (_index, value, weather, random) => {
    const server = await startFieldServer(drawing(TCP_FAULTS, 'answer', weather, random), value, 0, 0);
    const { host, port, isIdle, close } = server;
    const connection = { kind: 'modbus-tcp', id: 'line', host, port, timeoutMs: STORM_TIMEOUT_MS, pauseMs: 0 } as const;
    return { connection, open: open?.(connection), isIdle, close };
  };

/** Units behind a serial server: every client hears all that is said on the line. */
export const rtuTcpLine =
  (open?: (connection: ModbusRtuTcpConnection) => OpenTransport): LineMaker =>
  async (_index, value, weather, random) => {
    const bus = rtuBus(drawing(RTU_FAULTS, 'answer', weather, random), { value });
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.setNoDelay(true));
      socket.on('close', () => sockets.delete(socket));
      bus.attach(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const connection = {
      kind: 'modbus-rtu-tcp',
      id: 'line',
      host: '127.0.0.1',
      port,
      timeoutMs: STORM_TIMEOUT_MS,
      pauseMs: 0,
    } as const;
    const close = (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    return { connection, open: open?.(connection), isIdle: bus.isIdle, close };
  };

/**
 * Known to be wrong, so that the storm is seen to find it: RTU through a socket as the library does it, reopened after a
 * fault like Modbus TCP, but at once.
 */
export const hasty =
  ({ host, port, timeoutMs }: ModbusRtuTcpConnection): OpenTransport =>
  async (signal) => {
    const socket = await openSocket(host, port, timeoutMs, signal);
    const client = new modbus.default();
    client.on('error', () => undefined);
    socket.on('error', () => undefined);
    await client.linkTelnet(socket, { port });
    client.setTimeout(timeoutMs);
    return {
      isOpen: () => !socket.destroyed && socket.writable,
      close: () => void socket.destroy(),
      read: async ({ unit, fc, address, words }) => {
        client.setID(unit);
        const reply =
          fc === 3 ? client.readHoldingRegisters(address, words) : client.readInputRegisters(address, words);
        try {
          return { ok: true, words: (await reply).data };
        } catch (error) {
          const code: unknown = error instanceof Object ? Reflect.get(error, 'modbusCode') : undefined;
          return { ok: false, fault: typeof code === 'number' ? { kind: 'exception', code } : { kind: 'timeout' } };
        }
      },
    };
  };

/** A serial port in memory under a driven clock; besides ours there is a second master, whose every word is heard. */
export const rtuLine =
  (clock: Clock): LineMaker =>
  async (_index, value, weather, random): Promise<StormLine> => {
    const bus = rtuBus(drawing(RTU_FAULTS, 'answer', weather, random), { value, clock, replyMs: 3 });
    const stop = new AbortController();
    void secondMaster(bus, value, weather, clock, random, stop.signal);
    const open = modbusRtu(
      async () => {
        const [ours, theirs] = streamPair();
        bus.attach(theirs);
        return { stream: ours, close: () => void ours.destroy() };
      },
      { place: 'line', timeoutMs: STORM_TIMEOUT_MS, characterMs: 0.1, clock },
    );
    return {
      connection: {
        kind: 'modbus-rtu',
        id: 'line',
        device: '/dev/ttyS0',
        baudRate: 115_200,
        parity: 'none',
        stopBits: 1,
        timeoutMs: STORM_TIMEOUT_MS,
        pauseMs: 0,
      },
      open,
      isIdle: bus.isIdle,
      close: async () => stop.abort(),
    };
  };

/** Asks our units in the very shape in which we ask them, whenever it likes. */
async function secondMaster(
  bus: RtuBus,
  value: Parameters<LineMaker>[1],
  weather: Weather,
  clock: Clock,
  random: () => number,
  signal: AbortSignal,
): Promise<void> {
  const rest = (ms: number): Promise<void> => clock.sleep(ms, signal).catch(() => undefined);
  while (!signal.aborted) {
    await rest(500 + 3_000 * random());
    if (!weather.stormy || signal.aborted) continue;
    weather.faults.set('second master asks', (weather.faults.get('second master asks') ?? 0) + 1);
    const request = { unit: 1 + Math.floor(6 * random()), fc: 3, address: 300, words: 2 };
    bus.say(rtuRequest(request));
    await rest(1 + 10 * random());
    bus.say(rtuReply(request, value));
  }
}
