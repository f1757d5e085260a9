import type { Socket } from 'node:net';
import type { ModbusTcpConnection } from '../contract.ts';
import { answerIn, frameSize, requestFrame, transactionOf } from './mbap.ts';
import { openSocket } from './socket.ts';
import type { OpenTransport, ReadFault, ReadRequest, ReadResult, Transport } from './transport.ts';

const TRANSACTIONS = 65_536;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Modbus TCP without a library: the one that is used (ADR 100). Transactions are numbered in 16 bits and on over
 * reopenings, so that a late reply, on whichever connection, meets no request of its number: it is thrown away. Any frame
 * that is not what was asked ends the connection.
 */
export function modbusTcpOwn({ host, port, timeoutMs }: ModbusTcpConnection): OpenTransport {
  let transaction = 0;
  const next = (): number => (transaction = (transaction + 1) % TRANSACTIONS);
  return async (signal) => transportOver(await openSocket(host, port, timeoutMs, signal), timeoutMs, next);
}

interface Asked {
  readonly request: ReadRequest;
  readonly transaction: number;
  readonly answer: (result: ReadResult) => void;
}

function transportOver(socket: Socket, timeoutMs: number, nextTransaction: () => number): Transport {
  let asked: Asked | undefined;
  let rest = NOTHING;

  const settle = (result: ReadResult): void => {
    const { answer } = asked ?? {};
    asked = undefined;
    answer?.(result);
  };
  const end = (fault: ReadFault): void => {
    clearTimeout(patience);
    socket.destroy();
    settle({ ok: false, fault });
  };
  // one timer for the life of the connection, wound up anew by each request; nobody waits when it fires: nothing happens
  const patience = setTimeout(() => asked && end({ kind: 'timeout' }), timeoutMs);

  const hear = (frame: Buffer): void => {
    if (asked?.transaction !== transactionOf(frame)) return;
    const result = answerIn(frame, asked.request);
    if (result.ok || result.fault.kind === 'exception') settle(result);
    else end(result.fault);
  };

  // a late error must not end the process: its `close` event follows and is what we act on
  socket.on('error', () => undefined);
  socket.on('close', () => end({ kind: 'closed', detail: 'the device closed the connection' }));
  socket.on('data', (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (let size = frameSize(rest); size !== undefined; size = frameSize(rest)) {
      if (typeof size === 'string') return end({ kind: 'framing', detail: size });
      if (rest.length < size) return;
      hear(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
  });

  const isOpen = (): boolean => !socket.destroyed && socket.writable && socket.readable;
  return {
    isOpen,
    close: () => end({ kind: 'closed', detail: 'the connection is closed' }),
    read: (request) =>
      new Promise((answer) => {
        if (!isOpen()) {
          return answer({ ok: false, fault: { kind: 'closed', detail: 'the connection is closed' } });
        }
        const transaction = nextTransaction();
        asked = { request, transaction, answer };
        patience.refresh();
        socket.write(requestFrame(transaction, request));
      }),
  };
}
