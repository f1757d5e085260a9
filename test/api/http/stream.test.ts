import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Clock } from '#platform';
import { createServer } from '../../../api/http/index.ts';
import { liveMessageSchema } from '../../../api/http/power.ts';
import { MAX_STREAMS } from '../../../api/http/stream.ts';
import { contextOf, NOW } from './setup.ts';

/** A clock whose waits all last a few milliseconds, so that a heartbeat of 15 s is soon here. */
const quickClock: Clock = {
  now: () => NOW,
  sleep: (_ms, signal) => wait(5, undefined, signal ? { signal } : {}),
};

const serve = (changes: Parameters<typeof contextOf>[0] = {}) => createServer({ ...contextOf(changes), port: 0 });

async function readUntil(response: Response, done: (text: string) => boolean): Promise<string> {
  let text = '';
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  while (reader) {
    const { value, done: ended } = await reader.read();
    text += value ?? '';
    if (ended || done(text)) break;
  }
  return text;
}

describe('the live stream', () => {
  it('starts with every register and goes on with those that changed, kept alive by comments', async () => {
    const server = await serve({ clock: quickClock });
    const response = await fetch(`${server.address}/api/v1/live/stream`);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const text = await readUntil(
      response,
      (seen) => seen.includes('event: changed') && seen.includes('event: beat\ndata: {}\n\n'),
    );
    const [first, ...rest] = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)];
    expect(first?.[1]).toBe('snapshot');
    const snapshot = liveMessageSchema.parse(JSON.parse(first?.[2] ?? ''));
    expect(snapshot.registers.length).toBe(24);
    expect(snapshot.power).toMatchObject({ of: 4, answering: 4 });
    expect(rest.some((match) => match[1] === 'changed')).toBe(true);
    await server.close();
  });

  it('tells changes in their order while its registry is read anew, and also where that fails', async () => {
    const context = contextOf();
    const [asked, gate, watched] = [0, 1, 2].map(() => Promise.withResolvers<void>());
    let [now, away] = [NOW, false];
    let reads = 0;
    let tell: Parameters<typeof context.service.watch>[1] = () => {};
    const server = await serve({
      clock: { now: () => now, sleep: quickClock.sleep },
      service: {
        ...context.service,
        registry: async (site) => {
          reads += 1;
          if (away) throw new Error('the books are away');
          if (reads === 2) {
            asked?.resolve();
            await gate?.promise;
          }
          return context.service.registry(site);
        },
        watch: (_site, listener) => {
          tell = listener;
          watched?.resolve();
          return () => {};
        },
      },
    });
    const over = new AbortController();
    const response = await fetch(`${server.address}/api/v1/live/stream`, { signal: over.signal });
    let values: readonly unknown[] = [];
    const reading = readUntil(response, (text) => {
      values = [...text.matchAll(/^event: changed\ndata: (.*)$/gm)].map(
        ([, data = '']) => liveMessageSchema.parse(JSON.parse(data)).registers[0]?.value,
      );
      return false;
    });
    await watched?.promise;
    const [one] = await context.service.live('compound');
    if (!one) throw new Error('no register');
    const change = (value: number): void => tell([{ ...one, value }]);
    now += 31_000;
    change(1);
    await asked?.promise;
    change(2);
    // what does not wait for its turn is sent by now
    await fetch(`${server.address}/api/v1/status`);
    gate?.resolve();
    await expect.poll(() => values.length).toBe(2);
    expect(values).toEqual([1, 2]);
    now += 31_000;
    away = true;
    change(3);
    await expect.poll(() => values).toEqual([1, 2, 3]);
    over.abort();
    await expect(reading).rejects.toThrow('aborted');
    await server.close();
  });

  it('ends when the server closes, and closing does not wait for the reader', async () => {
    const server = await serve();
    const response = await fetch(`${server.address}/api/v1/live/stream`);
    const ended = readUntil(response, () => false);
    const started = performance.now();
    await server.close();
    await ended;
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('is not begun by HEAD, which could not read it', async () => {
    const server = await serve();
    const response = await fetch(`${server.address}/api/v1/live/stream`, {
      method: 'HEAD',
      signal: AbortSignal.timeout(5_000),
    });
    expect(response.status).toBe(404);
    await server.close();
  });

  it('stops watching when the reader goes away', async () => {
    const context = contextOf();
    let watching = 0;
    const watch: typeof context.service.watch = () => {
      watching += 1;
      return () => {
        watching -= 1;
      };
    };
    const server = await serve({ service: { ...context.service, watch } });
    const over = new AbortController();
    await fetch(`${server.address}/api/v1/live/stream`, { signal: over.signal });
    expect(watching).toBe(1);
    over.abort();
    await expect.poll(() => watching, { timeout: 2_000 }).toBe(0);
    await server.close();
  });

  it('watches nothing for a reader who went away before it began', async () => {
    const context = contextOf();
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const [begun, watching] = [new Set<symbol>(), new Set<symbol>()];
    const server = await serve({
      service: {
        ...context.service,
        live: async (site) => {
          reached.resolve();
          await gate.promise;
          return context.service.live(site);
        },
        watch: () => {
          const one = Symbol('watch');
          begun.add(one);
          watching.add(one);
          return () => watching.delete(one);
        },
      },
    });
    const over = new AbortController();
    const asked = fetch(`${server.address}/api/v1/live/stream`, { signal: over.signal });
    await reached.promise;
    over.abort();
    await expect(asked).rejects.toThrow('aborted');
    // whoever comes after the cut is answered after it
    await fetch(`${server.address}/api/v1/sites`);
    gate.resolve();
    await expect.poll(() => begun.size).toBe(1);
    await expect.poll(() => watching.size).toBe(0);
    await server.close();
  });

  it('is refused beyond a bound, with a problem', async () => {
    const server = await serve();
    const over = new AbortController();
    const url = `${server.address}/api/v1/live/stream`;
    // held: a response that nobody holds is collected, and its stream ends
    const open: Response[] = [];
    while (open.length < MAX_STREAMS) open.push(await fetch(url, { signal: over.signal }));
    const refused = await fetch(url);
    expect(open.map(({ status }) => status)).toEqual(open.map(() => 200));
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_STREAMS' });
    over.abort();
    await server.close();
  });
});
