import { isMeteringError } from '#domain';
import type { Clock } from '#platform';
import type { LineHealth, OpenFailure } from '../contract.ts';
import { type Backoff, backoffMs, LINE_BACKOFF } from './schedule.ts';
import type { OpenTransport, ReadFault, ReadRequest, ReadResult, Transport } from './transport.ts';

export interface LineSettings {
  /** Pause between requests, ms. */
  readonly pauseMs: number;
  readonly backoff?: Backoff | undefined;
}

/** What the line tells about itself: for events. */
export interface LineWatch {
  readonly opened: (reopened: number) => void;
  readonly notOpened: (failure: OpenFailure, retryInMs: number) => void;
  readonly poisoned: (fault: ReadFault['kind']) => void;
  readonly foreign: (unit: number, detail: string) => void;
}

/** One connection, one request in flight, however many callers. */
export interface Line {
  /** Opens the connection where it is not open, again and again with back-off, until it is or the signal aborts. False: aborted. */
  readonly ready: (signal: AbortSignal) => Promise<boolean>;
  /** In the order of the calls, one after another. A read that times out or comes back garbled closes the connection. */
  readonly read: (request: ReadRequest) => Promise<ReadResult>;
  readonly close: () => void;
  readonly state: () => Pick<LineHealth, 'state' | 'problem' | 'reopened' | 'foreignReplies'>;
}

/** Fault of a read on a line that nobody opened, or that closed before its turn came. */
const NOT_OPEN: ReadResult = { ok: false, fault: { kind: 'closed', detail: 'the line is not open' } };

export function createLine(
  open: OpenTransport,
  settings: LineSettings,
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
  watch: LineWatch,
): Line {
  let transport: Transport | undefined;
  let opening = false;
  let problem: OpenFailure | undefined;
  let openings = 0;
  let foreignReplies = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let freeAt = 0;

  const heardForeign = (unit: number, detail: string): void => {
    foreignReplies += 1;
    watch.foreign(unit, detail);
  };

  const close = (): void => {
    transport?.close();
    transport = undefined;
  };

  const tryOpen = async (signal: AbortSignal): Promise<OpenFailure | undefined> => {
    opening = true;
    try {
      const fresh = await open(signal, heardForeign);
      if (signal.aborted) fresh.close();
      else transport = fresh;
      return undefined;
    } catch (error) {
      if (isMeteringError(error)) return { code: error.code, reason: error.message, cure: error.cure };
      return { reason: error instanceof Error ? error.message : String(error) };
    } finally {
      opening = false;
    }
  };

  const readInTurn = async (request: ReadRequest): Promise<ReadResult> => {
    const line = transport;
    if (!line?.isOpen()) return NOT_OPEN;
    // a clock set back must not stop the line: never wait longer than the pause itself
    const wait = Math.min(freeAt - clock.now(), settings.pauseMs);
    if (wait > 0) await clock.sleep(wait);
    if (line !== transport) return NOT_OPEN;
    const result = await line.read(request);
    freeAt = clock.now() + settings.pauseMs;
    // Poisoned: the reply may still come, and would be taken for that of the next request (architecture.md, Collectors).
    if (!result.ok && result.fault.kind !== 'exception' && line === transport) {
      close();
      if (result.fault.kind === 'framing') foreignReplies += 1;
      if (result.fault.kind === 'foreign') heardForeign(result.fault.unit, result.fault.detail);
      watch.poisoned(result.fault.kind);
    }
    return result;
  };

  return {
    close,
    state: () => ({
      state: transport?.isOpen() ? 'open' : opening ? 'opening' : 'closed',
      problem,
      reopened: Math.max(0, openings - 1),
      foreignReplies,
    }),
    ready: async (signal) => {
      for (let failures = 1; !signal.aborted; failures++) {
        if (transport?.isOpen()) return true;
        close();
        const failure = await tryOpen(signal);
        if (signal.aborted) break;
        problem = failure;
        if (!failure) {
          openings += 1;
          watch.opened(openings - 1);
          return true;
        }
        const pause = backoffMs(failures, settings.backoff ?? LINE_BACKOFF, random);
        watch.notOpened(failure, pause);
        await clock.sleep(pause, signal).catch(() => undefined);
      }
      close();
      return false;
    },
    read: (request) => {
      const result = turn.then(() => readInTurn(request));
      // a collector that fell over is started again on this line: its turn must not fail for ever
      turn = result.catch(() => undefined);
      return result;
    },
  };
}
