import { connect, type Socket } from 'node:net';
import { deviceError } from '#domain';

const KEEP_ALIVE_MS = 30_000;

/** A connected socket with keep-alive and without Nagle's delay, within the time-out. Throws LINE_NOT_OPEN. */
export function openSocket(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
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
