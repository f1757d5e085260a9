import { connect, type Socket } from 'node:net';
import modbus from 'modbus-serial';
import { deviceError } from '#domain';
import type { ModbusTcpConnection } from '../contract.ts';
import type { OpenTransport, ReadFault, ReadRequest, ReadResult, Transport } from './transport.ts';

type ModbusRTU = InstanceType<typeof modbus.default>;

const KEEP_ALIVE_MS = 30_000;
const TRANSACTIONS = 65_536;

/**
 * What modbus-serial 8.0.25 keeps to itself. It numbers transactions modulo 256, from 1 in each new client, and keeps the
 * last 256 with their replies. We number them ourselves, in 16 bits and on over reopenings, and forget each one that is
 * done: so a reply that comes late, also on another connection, meets no request of its number. A test holds this.
 */
interface Inner {
  readonly _port: { _transactionIdWrite: number };
  readonly _transactions: Record<number, unknown>;
}

/** Modbus TCP by modbus-serial, on a socket of our own, so that its end is noticed while a request is under way. */
export function modbusTcp({ host, port, timeoutMs }: ModbusTcpConnection): OpenTransport {
  let transaction = 0;
  return async (signal) => {
    const socket = await openSocket(host, port, timeoutMs, signal);
    const client = new modbus.default();
    // a socket's late error must not end the process: its `close` event follows and is what we act on
    client.on('error', () => undefined);
    socket.on('error', () => undefined);
    await client.linkTCP(socket, { port });
    client.setTimeout(timeoutMs);
    return transportOver(client, socket, () => (transaction = (transaction + 1) % TRANSACTIONS));
  };
}

function transportOver(client: ModbusRTU, socket: Socket, nextTransaction: () => number): Transport {
  let end: ((fault: ReadFault) => void) | undefined;
  socket.on('close', () => end?.({ kind: 'closed', detail: 'the device closed the connection' }));
  const isOpen = (): boolean => !socket.destroyed && socket.writable && socket.readable;
  return {
    isOpen,
    close: () => {
      client.destroy(() => undefined);
      socket.destroy();
    },
    read: (request) =>
      new Promise<ReadResult>((resolve) => {
        if (!isOpen()) {
          return resolve({ ok: false, fault: { kind: 'closed', detail: 'the connection is closed' } });
        }
        end = (fault) => resolve({ ok: false, fault });
        ask(client, request, nextTransaction()).then(resolve, (error: unknown) =>
          resolve({ ok: false, fault: faultOf(error) }),
        );
      }),
  };
}

/** The unit is an argument: nothing may come between `setID`, which is the client's state, and the read. */
async function ask(
  client: ModbusRTU,
  { unit, fc, address, words }: ReadRequest,
  transaction: number,
): Promise<ReadResult> {
  // the typings leave these two out
  const inner = client as unknown as Inner;
  inner._port._transactionIdWrite = transaction;
  client.setID(unit);
  const reply = fc === 3 ? client.readHoldingRegisters(address, words) : client.readInputRegisters(address, words);
  try {
    const { data } = await reply;
    if (data.length === words) return { ok: true, words: data };
    return { ok: false, fault: { kind: 'framing', detail: `asked for ${words} words, got ${data.length}` } };
  } finally {
    delete inner._transactions[transaction];
  }
}

/** The library tells its errors apart by `modbusCode`, `errno` and text only. */
function faultOf(error: unknown): ReadFault {
  const code: unknown = error instanceof Object ? Reflect.get(error, 'modbusCode') : undefined;
  if (typeof code === 'number') return { kind: 'exception', code };
  const detail = String(error instanceof Object ? Reflect.get(error, 'message') : error);
  if (detail === 'Timed out') return { kind: 'timeout' };
  if (detail === 'Port Not Open') return { kind: 'closed', detail: 'the connection is closed' };
  return { kind: 'framing', detail };
}

function openSocket(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const place = `${host}:${port}`;
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    const fail = (why: string, cause?: unknown): void => {
      done();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(
        deviceError('LINE_NOT_OPEN', `no Modbus connection to ${place}: ${why}`, {
          place,
          cure: 'check address, port, cabling and whether another client holds the only connection',
          ...(cause === undefined ? {} : { cause }),
        }),
      );
    };
    const onError = (error: Error): void => fail(error.message, error);
    const onAbort = (): void => fail('stopped');
    const onConnect = (): void => {
      done();
      resolve(socket);
    };
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('connect', onConnect);
    };
    socket.once('error', onError).once('connect', onConnect);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
