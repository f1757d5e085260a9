import type { Clock } from '#platform';
import { isMeteringError } from '#domain';
import type { OpenTransport, ReadRequest, ReadResult, Transport } from '../modbus/transport.ts';

/** What came of a request, and how long it took from its sending. */
export interface Asked {
  readonly result: ReadResult;
  readonly ms: number;
}

export type Ask = (request: ReadRequest) => Promise<Asked>;

/** A line held by a person at work: one request after another, reopened after each that poisoned it. */
export interface LineSession {
  readonly ask: Ask;
  readonly close: () => void;
}

export interface SessionSurroundings {
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets, with fractions. */
  readonly stopwatch: () => number;
  /** Ends the request under way, and every later one at once, as `closed`. */
  readonly signal: AbortSignal;
}

/** Gateways that take one client need a moment until they notice that it has gone. */
const OPENINGS = 4;
const REOPEN_MS = 300;
const STOPPED: ReadResult = { ok: false, fault: { kind: 'closed', detail: 'stopped' } };

/**
 * `ask` opens the line where it is not open; a line that stays closed throws what the transport throws (LINE_NOT_OPEN):
 * at once the first time, after a few attempts when it was open before.
 */
export function lineSession(open: OpenTransport, pauseMs: number, surroundings: SessionSurroundings): LineSession {
  const { clock, stopwatch, signal } = surroundings;
  let transport: Transport | undefined;
  let opened = false;

  const close = (): void => {
    transport?.close();
    transport = undefined;
  };

  const openAgain = async (): Promise<Transport> => {
    for (let attempt = opened ? 1 : OPENINGS; ; attempt++) {
      try {
        const fresh = await open(signal);
        opened = true;
        return fresh;
      } catch (error) {
        if (attempt >= OPENINGS || signal.aborted || !isMeteringError(error)) throw error;
        await clock.sleep(REOPEN_MS, signal);
      }
    }
  };

  const ready = async (): Promise<Transport | undefined> => {
    if (transport?.isOpen()) {
      if (pauseMs > 0) await clock.sleep(pauseMs, signal);
      return transport;
    }
    close();
    transport = await openAgain();
    return transport;
  };

  return {
    close,
    ask: async (request) => {
      if (signal.aborted) return { result: STOPPED, ms: 0 };
      let from = stopwatch();
      try {
        const line = await ready();
        from = stopwatch();
        const onAbort = (): void => line?.close();
        signal.addEventListener('abort', onAbort, { once: true });
        const result = (await line?.read(request)) ?? STOPPED;
        signal.removeEventListener('abort', onAbort);
        // the reply may still come, and would be taken for that of the next request
        if (!result.ok && result.fault.kind !== 'exception') close();
        return { result: signal.aborted && !result.ok ? STOPPED : result, ms: stopwatch() - from };
      } catch (error) {
        if (signal.aborted) return { result: STOPPED, ms: stopwatch() - from };
        throw error;
      }
    },
  };
}
