import { createRequire } from 'node:module';
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
