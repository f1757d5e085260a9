import { isMeteringError, storeError } from '#domain';
import type { EventSpec, Telemetry } from '#platform';
import { alreadyRunning } from '../errors.ts';
import type { LogConsumer, LogConsumerHandlers } from '../port.ts';
import { isRetriable } from './client.ts';
import { type Session, type SessionContext, startSession } from './session.ts';

const EVENTS = {
  logConnectionLost: { level: 'warn', message: 'the log cannot be read; trying again' },
} as const satisfies Record<string, EventSpec>;

const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [500, 10_000];

/** Session after session, for as long as trying again can help; brokers that restart are waited for. */
export function createKafkaConsumer(context: SessionContext, telemetry: Telemetry): LogConsumer {
  const stopping = new AbortController();
  let session: Session | undefined;
  let running: Promise<void> | undefined;

  const loop = async (handlers: LogConsumerHandlers): Promise<void> => {
    let pause = FIRST_PAUSE_MS;
    const held = new Set<number>();
    const watched: LogConsumerHandlers = {
      ...handlers,
      assigned: (partitions) => {
        for (const p of partitions) held.add(p);
        pause = FIRST_PAUSE_MS;
        return handlers.assigned(partitions);
      },
      revoked: (partitions) => {
        for (const p of partitions) held.delete(p);
        return handlers.revoked(partitions);
      },
    };
    while (!stopping.signal.aborted) {
      session = startSession(context, watched);
      const end = await session.ended;
      if (end.kind === 'stopped' || stopping.signal.aborted) return;
      // the handlers ask the brokers as well
      const isOurs = isMeteringError(end.error) && end.error.code !== 'LOG_UNREACHABLE';
      if (isOurs || !isRetriable(end.error)) throw asStoreError(context.topic, end.error);
      telemetry.emit('logConnectionLost', EVENTS.logConnectionLost, {
        topic: context.topic,
        why: messageOf(end.error),
      });
      if (held.size > 0) await watched.revoked([...held]);
      await context.clock.sleep(pause, stopping.signal).catch(() => undefined);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  };

  return {
    run: (handlers) => {
      if (running) return Promise.reject(alreadyRunning(context.topic));
      running = loop(handlers);
      return running;
    },
    rejoin: () => {
      session?.reassign();
      return Promise.resolve();
    },
    stop: async () => {
      stopping.abort(new Error('stopped'));
      session?.stop();
      await running?.catch(() => undefined);
    },
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The handlers' own errors go through as they are: they are not the log's. */
function asStoreError(topic: string, error: unknown): unknown {
  if (!(error instanceof Error) || !error.name.startsWith('KafkaJS')) return error;
  return storeError('LOG_FAILED', `the log cannot be read: ${error.message}`, {
    place: topic,
    cure: 'Look at the brokers, and at the rights and the settings of this client.',
    cause: error,
    retryable: false,
  });
}
