import { alreadyRunning, noStart, offsetLost } from '../errors.ts';
import type { LogConsumer, LogConsumerHandlers, LogRecord } from '../port.ts';
import type { LogFile } from './file.ts';
import { BATCH_RECORDS, onward, readRecords } from './read.ts';

const NAME = 'embedded log';

/** Reads the next batch while the last one is being handled. */
export function createEmbeddedConsumer(file: LogFile): LogConsumer {
  let stopped = false;
  let dropped = false;
  let running: Promise<void> | undefined;
  let wake: () => void = () => undefined;

  /** One assignment: from the committed offset on, until stopped or dropped. */
  const follow = async (handlers: LogConsumerHandlers): Promise<void> => {
    let at = onward(file, startOf(await handlers.assigned([0]), file));
    let caughtUpAt = -1;
    let ahead: Promise<readonly LogRecord[]> | undefined;
    while (!stopped && !dropped) {
      if (at >= file.bounds().high) {
        if (caughtUpAt !== at) await handlers.caughtUp?.(0);
        caughtUpAt = at;
        await appended(at);
        continue;
      }
      const records = await (ahead ?? readRecords(file, at, BATCH_RECORDS));
      ahead = undefined;
      if (stopped || dropped) break;
      const [first, last] = [records[0], records.at(-1)];
      if (!first || !last || first.offset !== at) throw offsetLost(NAME, 0, at, file.bounds());
      at = onward(file, last.offset + 1);
      if (at < file.bounds().high) ahead = quietly(readRecords(file, at, BATCH_RECORDS));
      await handlers.records(0, records);
    }
    await ahead;
  };

  const appended = (at: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        unsubscribe();
        resolve();
      };
      const unsubscribe = file.onAppend(done);
      wake = done;
      if (stopped || dropped || file.bounds().high > at) done();
    });

  const loop = async (handlers: LogConsumerHandlers): Promise<void> => {
    while (!stopped) {
      await follow(handlers);
      if (!dropped) return;
      dropped = false;
      await handlers.revoked([0]);
    }
  };

  return {
    run: (handlers) => {
      if (running) return Promise.reject(alreadyRunning(NAME));
      running = loop(handlers);
      return running;
    },
    rejoin: () => {
      dropped = true;
      wake();
      return Promise.resolve();
    },
    stop: async () => {
      stopped = true;
      wake();
      await running?.catch(() => undefined);
    },
  };
}

function startOf(starts: ReadonlyMap<number, number>, file: LogFile): number {
  const start = starts.get(0);
  if (start === undefined) throw noStart(NAME, 0);
  const bounds = file.bounds();
  if (start < bounds.low || start > bounds.high) throw offsetLost(NAME, 0, start, bounds);
  return start;
}

/** A read ahead that is never awaited (a handler failed first) must not count as unhandled. */
function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
