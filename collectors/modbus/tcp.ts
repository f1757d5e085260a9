import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import modbus from 'modbus-serial';
import type { ModbusTcpConnection } from '../contract.ts';
import { openSocket } from './socket.ts';
import type { OpenTransport, ReadFault, ReadRequest, ReadResult, Transport } from './transport.ts';

type ModbusRTU = InstanceType<typeof modbus.default>;

const TRANSACTIONS = 65_536;

/**
 * What modbus-serial 8.0.25 keeps to itself. It numbers transactions modulo 256, from 1 in each new client, and keeps the
 * last 256 with their replies. We number them ourselves, in 16 bits and on over reopenings, and forget each one that is
 * done: so a reply that comes late, also on another connection, meets no request of its number. It also takes an exception
 * without a look at the unit that it comes from: we listen to its port, and look. Tests hold all of this.
 */
interface Inner {
  readonly _port: EventEmitter & { _transactionIdWrite: number; readonly _transactionIdRead: number };
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
  // the typings leave these out
  const inner = client as unknown as Inner;
  let spoke: number | undefined;
  let asked = 0;
  inner._port.on('data', (frame: Buffer) => {
    if (inner._port._transactionIdRead === asked) spoke ??= frame[0];
  });
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
        spoke = undefined;
        asked = nextTransaction();
        ask(client, inner, request, asked).then(resolve, (error: unknown) =>
          resolve({ ok: false, fault: faultOf(error, request.unit, spoke) }),
        );
      }),
  };
}

/** The unit is an argument: nothing may come between `setID`, which is the client's state, and the read. */
async function ask(
  client: ModbusRTU,
  inner: Inner,
  { unit, fc, address, words }: ReadRequest,
  transaction: number,
): Promise<ReadResult> {
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
function faultOf(error: unknown, asked: number, spoke: number | undefined): ReadFault {
  if (spoke !== undefined && spoke !== asked) {
    return { kind: 'foreign', unit: spoke, detail: `unit ${asked} was asked, unit ${spoke} answered` };
  }
  const code: unknown = error instanceof Object ? Reflect.get(error, 'modbusCode') : undefined;
  if (typeof code === 'number') return { kind: 'exception', code };
  const detail = String(error instanceof Object ? Reflect.get(error, 'message') : error);
  if (detail === 'Timed out') return { kind: 'timeout' };
  if (detail === 'Port Not Open') return { kind: 'closed', detail: 'the connection is closed' };
  return { kind: 'framing', detail };
}
