import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './course.ts';
import { type Proxy, startProxy, type Weather } from './proxy.ts';

let echo: Server;
beforeAll(async () => {
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
});
afterAll(() => void echo.close());

interface Dialled {
  readonly proxy: Proxy;
  readonly socket: Socket;
  readonly heard: () => string;
  /** How the connection ended: the error's code, or `end`. */
  readonly ended: Promise<string>;
}

async function withEcho(weather: Weather, work: (dialled: Dialled) => Promise<void>): Promise<void> {
  const address = echo.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const proxy = await startProxy(address.port, weather);
  const socket = connect(proxy.port, '127.0.0.1');
  let heard = '';
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('close', () => resolve('end'));
  });
  socket.on('data', (chunk: Buffer) => (heard += String(chunk)));
  await once(socket, 'connect');
  try {
    await work({ proxy, socket, heard: () => heard, ended });
  } finally {
    socket.destroy();
    await proxy.close();
  }
}

const said = async ({ socket, heard }: Dialled, text: string): Promise<void> => {
  socket.write(text);
  await until(`the echo of ${text.slice(0, 20)}`, () => heard().endsWith(text), 20_000);
};

describe('the proxy', () => {
  it('passes bytes on as they are', () =>
    withEcho({}, async (dialled) => {
      const text = 'x'.repeat(300_000);
      await said(dialled, text);
      expect(dialled.heard()).toBe(text);
      expect(dialled.proxy.fired()).toEqual({});
    }));

  it('delays each way, in order', () =>
    withEcho({ delayMs: () => 60 }, async (dialled) => {
      const started = performance.now();
      await said(dialled, 'slow');
      expect(performance.now() - started).toBeGreaterThanOrEqual(110);
      expect(dialled.proxy.fired()).toMatchObject({ delayed: 2 });
    }));

  it('lets bytes trickle', () =>
    withEcho({ trickleBytes: 1 }, async (dialled) => {
      await said(dialled, 'drop by drop');
      expect(dialled.proxy.fired()['trickled']).toBeGreaterThanOrEqual('drop by drop'.length - 1);
    }));

  it('cuts, and resets', async () => {
    await withEcho({}, async (dialled) => {
      await said(dialled, 'a');
      dialled.proxy.links().forEach((link) => link.cut());
      expect(await dialled.ended).toBe('end');
      expect(dialled.proxy.fired()).toEqual({ cut: 1 });
    });
    await withEcho({}, async (dialled) => {
      await said(dialled, 'a');
      dialled.proxy.links().forEach((link) => link.reset());
      expect(await dialled.ended).toBe('ECONNRESET');
      expect(dialled.proxy.fired()).toEqual({ reset: 1 });
    });
  });

  it('swallows replies, and what a hook drops, while the connection stands', () =>
    withEcho({ onBytes: (bytes) => (String(bytes).includes('secret') ? 'drop' : undefined) }, async (dialled) => {
      await said(dialled, 'a');
      dialled.socket.write('secret');
      await until('the drop', () => dialled.proxy.fired()['dropped'] === 1, 20_000);
      await said(dialled, 'b');
      dialled.proxy.links().forEach((link) => link.swallow('down'));
      dialled.socket.write('c');
      await until('the second drop', () => dialled.proxy.fired()['dropped'] === 2, 20_000);
      expect(dialled.heard()).toBe('ab');
      expect(dialled.proxy.links()).toHaveLength(1);
    }));

  it('accepts and never answers when half open', () =>
    withEcho({ halfOpen: true }, async (dialled) => {
      dialled.socket.write('anybody?');
      await until('the connection', () => dialled.proxy.fired()['halfOpened'] === 1, 20_000);
      expect(await Promise.race([dialled.ended, wait(200, 'silent')])).toBe('silent');
      expect(dialled.heard()).toBe('');
    }));
});
