import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request as it stood on the wire. */
export interface WireRequest {
  readonly transaction: number;
  readonly unit: number;
  readonly fc: number;
  readonly address: number;
  readonly words: number;
  /** Counted from 0 over all connections. */
  readonly index: number;
  readonly at: number;
}

/** How the server treats a request. */
export type Answer =
  | 'answer'
  | 'swallow'
  | 'close'
  | 'wrong-transaction'
  | 'foreign-unit'
  | 'foreign-exception'
  | 'other-function'
  | 'short'
  | 'byte-count-too-large'
  | 'split-bytes'
  | 'twice'
  | 'merged'
  | 'other-master'
  | 'length-too-large'
  | 'zeros'
  | 'half-open'
  | { readonly exception: number }
  | { readonly lateMs: number; readonly on: 'same' | 'newest' };

export interface FieldServer {
  readonly host: string;
  readonly port: number;
  readonly requests: readonly WireRequest[];
  /** Most requests that were unanswered on one connection at once. */
  readonly mostInFlight: () => number;
  /** Connections accepted so far. */
  readonly connections: () => number;
  readonly openNow: () => number;
  /** Whether no late reply is still to come, and no connection leads nowhere. */
  readonly isIdle: () => boolean;
  /** Ends every open connection, keeps listening. */
  readonly dropAll: () => void;
  readonly close: () => Promise<void>;
}

/** Tells unit (up to 63), function and address (up to 511) of the register it stands in: a value in the wrong place shows. */
export const wordOf = (unit: number, fc: number, address: number): number =>
  ((unit & 0x3f) << 10) | (fc === 4 ? 0x200 : 0) | (address & 0x1ff);

/** A bare Modbus TCP server that misbehaves on command. `words` gives each register's value; the first `keep` requests stay. */
export async function startFieldServer(
  treat: (request: WireRequest) => Answer = () => 'answer',
  words: (unit: number, fc: number, address: number) => number = wordOf,
  port = 0,
  keep = Infinity,
): Promise<FieldServer> {
  const requests: WireRequest[] = [];
  const sockets = new Set<Socket>();
  const deaf = new Set<Socket>();
  /** What each connection is still being sent byte by byte: whole frames may come late, but never within another. */
  const underWay = new Map<Socket, Promise<void>>();
  let [most, opened, late, count] = [0, 0, 0, 0];

  const serve = (socket: Socket): void => {
    opened += 1;
    sockets.add(socket);
    let rest: Buffer = Buffer.alloc(0);
    let inFlight = 0;
    socket
      .on('error', () => undefined)
      .on('close', () => {
        sockets.delete(socket);
        deaf.delete(socket);
        underWay.delete(socket);
      });
    socket.on('data', (data) => {
      if (deaf.has(socket)) return;
      rest = Buffer.concat([rest, data]);
      while (rest.length >= 12) {
        const request: WireRequest = {
          transaction: rest.readUInt16BE(0),
          unit: rest.readUInt8(6),
          fc: rest.readUInt8(7),
          address: rest.readUInt16BE(8),
          words: rest.readUInt16BE(10),
          index: count++,
          at: Date.now(),
        };
        rest = rest.subarray(12);
        if (requests.length < keep) requests.push(request);
        most = Math.max(most, ++inFlight);
        void reply(socket, request).then(() => inFlight--);
      }
    });
  };

  const reply = async (socket: Socket, request: WireRequest): Promise<void> => {
    const answer = treat(request);
    const good = frameOf(request, words);
    const send = (frame: Buffer, to: Socket | undefined = socket): void => {
      if (to && !to.destroyed) to.write(frame);
    };
    if (answer === 'swallow') return;
    if (answer === 'close') return void socket.destroy();
    if (answer === 'half-open') return void (socket.destroyed || deaf.add(socket));
    if (answer === 'merged') return send(Buffer.concat([good, good]));
    if (answer === 'other-master')
      send(bent(frameOf({ ...request, address: 400 }, words), request, 'wrong-transaction'));
    if (typeof answer === 'object' && 'lateMs' in answer) {
      late += 1;
      await sleep(answer.lateMs, undefined, { ref: false });
      const to = answer.on === 'same' ? socket : [...sockets].at(-1);
      if (to) await underWay.get(to);
      late -= 1;
      return send(good, to);
    }
    if (answer === 'split-bytes') {
      const sent = byteByByte(good, send);
      underWay.set(socket, sent);
      return sent;
    }
    if (answer === 'twice') send(good);
    send(bent(good, request, answer));
  };

  const server: Server = createServer(serve);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const dropAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    host: '127.0.0.1',
    port: address.port,
    requests,
    mostInFlight: () => most,
    connections: () => opened,
    openNow: () => sockets.size,
    isIdle: () => late === 0 && deaf.size === 0,
    dropAll,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        dropAll();
      }),
  };
}

async function byteByByte(frame: Buffer, send: (bytes: Buffer) => void): Promise<void> {
  for (const byte of frame) {
    send(Buffer.of(byte));
    await sleep(1);
  }
}

function frameOf(request: WireRequest, words: (unit: number, fc: number, address: number) => number): Buffer {
  const frame = Buffer.alloc(9 + 2 * request.words);
  frame.writeUInt16BE(request.transaction, 0);
  frame.writeUInt16BE(3 + 2 * request.words, 4);
  frame.writeUInt8(request.unit, 6);
  frame.writeUInt8(request.fc, 7);
  frame.writeUInt8(2 * request.words, 8);
  for (let i = 0; i < request.words; i++) {
    frame.writeUInt16BE(words(request.unit, request.fc, request.address + i), 9 + 2 * i);
  }
  return frame;
}

function exceptionOf(good: Buffer, unit: number, code: number): Buffer {
  const exception = Buffer.from(good.subarray(0, 9));
  exception.writeUInt16BE(3, 4);
  exception.writeUInt8(unit, 6);
  exception.writeUInt8(good.readUInt8(7) | 0x80, 7);
  exception.writeUInt8(code, 8);
  return exception;
}

function bent(good: Buffer, request: WireRequest, answer: Answer): Buffer {
  if (answer === 'zeros') return Buffer.alloc(8);
  const frame = Buffer.from(good);
  if (answer === 'length-too-large') frame.writeUInt16BE(60_000, 4);
  if (typeof answer === 'object' && 'exception' in answer) return exceptionOf(good, request.unit, answer.exception);
  if (answer === 'foreign-exception') return exceptionOf(good, request.unit + 1, 2);
  if (answer === 'wrong-transaction') frame.writeUInt16BE((request.transaction + 7) & 0xffff, 0);
  if (answer === 'foreign-unit') frame.writeUInt8(request.unit + 1, 6);
  if (answer === 'other-function') frame.writeUInt8(request.fc === 3 ? 4 : 3, 7);
  if (answer === 'byte-count-too-large') frame.writeUInt8(250, 8);
  if (answer === 'short') {
    const short = Buffer.from(good.subarray(0, good.length - 2));
    short.writeUInt16BE(1 + 2 * request.words, 4);
    short.writeUInt8(2 * request.words - 2, 8);
    return short;
  }
  return frame;
}
