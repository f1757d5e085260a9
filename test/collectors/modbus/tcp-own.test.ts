import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { modbusTcpOwn } from '../../../collectors/modbus/tcp-own.ts';
import type { ReadRequest, Transport } from '../../../collectors/modbus/transport.ts';

/** Longer than the test: what is told apart from silence must not need it. */
const TIMEOUT_MS = 60_000;
const ASKED: ReadRequest = { unit: 7, fc: 3, address: 0, words: 2 };
const GOOD = { ok: true, words: [0x0102, 0x0304] };

const answerTo = (request: Buffer, values: readonly number[] = [1, 2, 3, 4]): Buffer =>
  Buffer.from([request[0] ?? 0, request[1] ?? 0, 0, 0, 0, 3 + values.length, 7, 3, values.length, ...values]);

/** How the server treats the n-th request. */
let treat: (request: Buffer, socket: Socket, n: number) => void;
let server: Server;
let transport: Transport;

beforeEach(async () => {
  let n = 0;
  server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (request) => treat(request, socket, n++));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const host = '127.0.0.1';
  const open = modbusTcpOwn({ kind: 'modbus-tcp', id: 'line', host, port, timeoutMs: TIMEOUT_MS, pauseMs: 0 });
  transport = await open(new AbortController().signal);
});

afterEach(async () => {
  transport.close();
  await new Promise((resolve) => server.close(resolve));
});

describe('bytes that are no frame', () => {
  test.each<[string, readonly number[]]>([
    ['a length of 60,000', [0, 1, 0, 0, 0xea, 0x60, 7, 3]],
    ['a length of 255', [0, 1, 0, 0, 0, 255, 7, 3]],
    ['a length of 2', [0, 1, 0, 0, 0, 2, 7, 3]],
    ['eight zeros', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['another protocol', [0, 1, 0, 1, 0, 7, 7, 3, 4, 1, 2, 3, 4]],
  ])('%s: the connection ends at once, and the read with it', async (_, bytes) => {
    treat = (_request, socket) => void socket.write(Buffer.from(bytes));
    expect(await transport.read(ASKED)).toMatchObject({ ok: false, fault: { kind: 'framing' } });
    expect(transport.isOpen()).toBe(false);
    expect(await transport.read(ASKED)).toMatchObject({ fault: { kind: 'closed' } });
  });

  test('behind an answer end the connection after it', async () => {
    treat = (request, socket, n) => {
      const behind = n === 0 ? [9, 9, 9, 9, 9, 9] : [];
      socket.write(Buffer.concat([answerTo(request), Buffer.from(behind)]));
    };
    expect(await transport.read(ASKED)).toEqual(GOOD);
    expect(await transport.read(ASKED)).toMatchObject({ fault: { kind: 'closed' } });
  });
});

describe('frames', () => {
  test.each(Array.from({ length: 12 }, (_, i) => [i + 1]))('cut after byte %i are put together', async (cut) => {
    treat = (request, socket) => {
      const answer = answerTo(request);
      socket.write(answer.subarray(0, cut));
      setImmediate(() => socket.write(answer.subarray(cut)));
    };
    for (let i = 0; i < 3; i++) expect(await transport.read(ASKED)).toEqual(GOOD);
  });

  test('of other transactions, in one piece with the answer and before it, are thrown away', async () => {
    treat = (request, socket) => {
      const old = Buffer.from(request);
      old.writeUInt16BE((request.readUInt16BE(0) + 65_535) % 65_536, 0);
      socket.write(Buffer.concat([answerTo(old, [9, 9, 9, 9]), answerTo(request), answerTo(old, [8, 8, 8, 8])]));
    };
    for (let i = 0; i < 5; i++) expect(await transport.read(ASKED)).toEqual(GOOD);
  });

  test('that nobody asked for change nothing', async () => {
    treat = (request, socket, n) => {
      socket.write(answerTo(request));
      if (n === 0) setImmediate(() => socket.write(answerTo(request, [9, 9, 9, 9])));
    };
    for (let i = 0; i < 5; i++) expect(await transport.read(ASKED)).toEqual(GOOD);
  });
});
