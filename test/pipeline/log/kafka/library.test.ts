import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

/** What the library's queue of a connection offers (kafkajs 2.2.4, network/requestQueue). */
interface Queue {
  readonly push: (request: unknown) => void;
  readonly fulfillRequest: (answer: { correlationId: number; payload: Buffer; size: number }) => void;
  readonly maybeThrottle: (ms: number) => void;
}

const library = createRequire(import.meta.url);

describe('the queue of requests of a connection', () => {
  let Queue: new (options: object) => Queue;
  beforeAll(async () => {
    await import('../../../../pipeline/log/kafka/library.ts');
    Queue = library('kafkajs/src/network/requestQueue') as typeof Queue;
  });
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const open = (maxInFlightRequests: number | null) => {
    const sent: number[] = [];
    const queue = new Queue({
      maxInFlightRequests,
      requestTimeout: 30_000,
      enforceRequestTimeout: false,
      clientId: 'test',
      broker: 'broker:9092',
      logger: { debug: () => undefined },
    });
    const ask = (correlationId: number): void =>
      queue.push({
        entry: {
          apiKey: 1,
          apiName: 'Fetch',
          apiVersion: 11,
          correlationId,
          resolve: () => undefined,
          reject: () => undefined,
        },
        expectResponse: true,
        sendRequest: () => sent.push(correlationId),
      });
    const answer = (correlationId: number): void =>
      queue.fulfillRequest({ correlationId, payload: Buffer.alloc(0), size: 0 });
    return { queue, sent, ask, answer };
  };

  it('wakes nobody while nothing waits', () => {
    const { sent, ask, answer } = open(null);
    ask(1);
    answer(1);
    expect(sent).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sends what waits for an answer as soon as that comes', () => {
    const { sent, ask, answer } = open(1);
    ask(1);
    ask(2);
    expect(sent).toEqual([1]);
    answer(1);
    expect(sent).toEqual([1, 2]);
  });

  it('sends what waits for a broker that throttles when that time is over, and is quiet then', () => {
    const { queue, sent, ask } = open(null);
    queue.maybeThrottle(500);
    ask(1);
    vi.advanceTimersByTime(400);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(sent).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** What a connection offers (kafkajs 2.2.4, network/connection). */
interface Connection {
  readonly connect: () => Promise<boolean>;
  readonly disconnect: () => Promise<boolean>;
  readonly send: (request: object) => Promise<unknown>;
}

it('a connection that broke off within an answer reads the next one from its beginning', async () => {
  await import('../../../../pipeline/log/kafka/library.ts');
  const Connection = library('kafkajs/src/network/connection') as new (options: object) => Connection;
  const Encoder = library('kafkajs/src/protocol/encoder') as new () => object;
  let calls = 0;
  const server = createServer((socket) => {
    const breaksOff = calls++ === 0;
    socket.once('data', (request) => {
      const answer = Buffer.alloc(12);
      answer.writeInt32BE(8);
      request.copy(answer, 4, 8, 12); // its correlation id
      answer.write('good', 8);
      if (breaksOff) socket.write(answer.subarray(0, 9), () => socket.resetAndDestroy());
      else socket.write(answer);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const nothing = (): void => undefined;
  const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const connection = new Connection({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    logger: { ...logger, namespace: () => logger },
    socketFactory: (library('kafkajs/src/network/socketFactory') as () => unknown)(),
    connectionTimeout: 10_000,
    requestTimeout: 2_000,
  });
  const ask = async (): Promise<unknown> => {
    await connection.connect();
    return connection.send({
      request: { apiKey: 3, apiName: 'Metadata', apiVersion: 0, encode: () => Promise.resolve(new Encoder()) },
      response: {
        decode: (bytes: Buffer) => Promise.resolve({ bytes }),
        parse: ({ bytes }: { readonly bytes: Buffer }) => Promise.resolve(bytes.toString()),
      },
    });
  };
  await expect(ask()).rejects.toThrow('Connection error');
  expect(await ask()).toBe('good');
  await connection.disconnect();
  server.close();
});
