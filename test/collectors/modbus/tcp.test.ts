import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ModbusTcpConnection } from '../../../collectors/contract.ts';
import { modbusTcpOwn } from '../../../collectors/modbus/tcp-own.ts';
import { modbusTcp } from '../../../collectors/modbus/tcp.ts';
import type { OpenTransport, ReadRequest, Transport } from '../../../collectors/modbus/transport.ts';
import {
  type Answer,
  type FieldServer,
  startFieldServer,
  type WireRequest,
  wordOf,
} from '../../support/modbus-server.ts';

const TIMEOUT_MS = 400;
const ASKED: ReadRequest = { unit: 7, fc: 3, address: 100, words: 4 };
const GOOD = { ok: true, words: [0, 1, 2, 3].map((i) => wordOf(7, 3, 100 + i)) };

const TRANSPORTS: readonly (readonly [string, (connection: ModbusTcpConnection) => OpenTransport])[] = [
  ['our own', modbusTcpOwn],
  ['modbus-serial', modbusTcp],
];

describe.each(TRANSPORTS)('Modbus TCP by %s', (_, openerOf) => {
  let server: FieldServer;
  let treat: (request: WireRequest) => Answer = () => 'answer';
  let open: () => Promise<Transport>;
  const transports: Transport[] = [];

  beforeEach(async () => {
    treat = () => 'answer';
    server = await startFieldServer((request) => treat(request));
    const opener = openerOf({
      kind: 'modbus-tcp',
      id: 'line',
      host: server.host,
      port: server.port,
      timeoutMs: TIMEOUT_MS,
      pauseMs: 0,
    });
    open = async () => {
      const transport = await opener(new AbortController().signal);
      transports.push(transport);
      return transport;
    };
  });

  afterEach(async () => {
    for (const transport of transports.splice(0)) transport.close();
    await server.close();
  });

  describe('a read', () => {
    test('gives the words of the unit, function and address asked for', async () => {
      const transport = await open();
      expect(await transport.read(ASKED)).toEqual(GOOD);
      const input = await transport.read({ ...ASKED, unit: 9, fc: 4 });
      expect(input).toEqual({ ok: true, words: [0, 1, 2, 3].map((i) => wordOf(9, 4, 100 + i)) });
      expect(server.requests.map((r) => [r.unit, r.fc])).toEqual([
        [7, 3],
        [9, 4],
      ]);
    });

    test.each<[Answer, unknown]>([
      ['swallow', { kind: 'timeout' }],
      ['wrong-transaction', { kind: 'timeout' }],
      [{ lateMs: TIMEOUT_MS + 50, on: 'same' }, { kind: 'timeout' }],
      ['foreign-unit', { kind: 'foreign', unit: 8, detail: expect.stringContaining('unit 7 was asked') }],
      ['foreign-exception', { kind: 'foreign', unit: 8, detail: expect.stringContaining('unit 8 answered') }],
      ['other-function', { kind: 'framing', detail: expect.stringContaining('code') }],
      ['short', { kind: 'framing', detail: expect.stringContaining('length') }],
      ['byte-count-too-large', { kind: 'framing', detail: expect.any(String) }],
      ['close', { kind: 'closed', detail: expect.any(String) }],
      [{ exception: 2 }, { kind: 'exception', code: 2 }],
      [{ exception: 11 }, { kind: 'exception', code: 11 }],
    ])('answered by %o gives no words but the fault', async (answer, fault) => {
      treat = () => answer;
      const transport = await open();
      expect(await transport.read(ASKED)).toEqual({ ok: false, fault });
    });

    test.each<[Answer]>([['split-bytes'], ['twice']])('answered by %o is right, and so is the next', async (answer) => {
      treat = () => answer;
      const transport = await open();
      expect(await transport.read(ASKED)).toEqual(GOOD);
      expect(await transport.read({ ...ASKED, address: 200, words: 1 })).toEqual({
        ok: true,
        words: [wordOf(7, 3, 200)],
      });
    });

    test('ends as closed, long before the time-out, when the device closes or we do', async () => {
      treat = ({ index }) => (index === 0 ? 'close' : 'swallow');
      const transport = await open();
      const from = performance.now();
      expect(await transport.read(ASKED)).toMatchObject({ fault: { kind: 'closed' } });
      expect(transport.isOpen()).toBe(false);
      expect(await transport.read(ASKED)).toMatchObject({ fault: { kind: 'closed' } });
      const second = await open();
      const reading = second.read(ASKED);
      second.close();
      second.close();
      expect(await reading).toMatchObject({ fault: { kind: 'closed' } });
      expect(performance.now() - from).toBeLessThan(TIMEOUT_MS);
    });
  });

  describe('transaction numbers', () => {
    test('have 16 bits: the 257th request does not repeat the first', async () => {
      const transport = await open();
      for (let i = 0; i < 600; i++) await transport.read({ ...ASKED, words: 1 });
      expect(new Set(server.requests.map((r) => r.transaction)).size).toBe(600);
    });

    test('go on over a reopening, so that an old answer on the new connection meets no request', async () => {
      treat = ({ index }) =>
        index === 0 ? { lateMs: TIMEOUT_MS + 100, on: 'newest' } : { lateMs: TIMEOUT_MS / 2, on: 'same' };
      const first = await open();
      expect(await first.read(ASKED)).toMatchObject({ fault: { kind: 'timeout' } });
      first.close();
      const second = await open();
      // the same shape from the same unit: only the number tells the two answers apart
      expect(await second.read({ ...ASKED, address: 300 })).toEqual({
        ok: true,
        words: [0, 1, 2, 3].map((i) => wordOf(7, 3, 300 + i)),
      });
      expect(server.requests.map((r) => r.transaction)).toEqual([1, 2]);
    });
  });

  describe('opening', () => {
    const opener = (port: number, timeoutMs = TIMEOUT_MS) =>
      openerOf({ kind: 'modbus-tcp', id: 'line', host: '127.0.0.1', port, timeoutMs, pauseMs: 0 });

    test('a closed port is an error that names the address', async () => {
      const probe = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => probe.once('listening', resolve));
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      await new Promise((resolve) => probe.close(resolve));
      await expect(opener(port)(new AbortController().signal)).rejects.toMatchObject({
        code: 'LINE_NOT_OPEN',
        place: `127.0.0.1:${port}`,
        retryable: true,
      });
    });

    test('an aborted signal ends it', async () => {
      await expect(opener(server.port)(AbortSignal.abort())).rejects.toMatchObject({ code: 'LINE_NOT_OPEN' });
    });
  });
});
