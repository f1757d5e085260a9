import { invariantError, type MeteringError, storeError } from '#domain';
import type { LogBounds } from './port.ts';

const CURE =
  'The committed position is kept. Restore the log, or the books of the same time; or start new books and replay what the log holds.';

export const offsetLost = (log: string, partition: number, offset: number, bounds: LogBounds): MeteringError =>
  storeError(
    'LOG_OFFSET_LOST',
    `offset ${offset} is not in the log any more, which holds ${bounds.low} to ${bounds.high}`,
    {
      place: `${log}, partition ${partition}`,
      cure: CURE,
      context: { partition, offset, low: bounds.low, high: bounds.high },
      retryable: false,
    },
  );

export const logReplaced = (log: string, expected: string, found: string): MeteringError =>
  storeError('LOG_REPLACED', `this is not the log that the position came from: it was ${expected} and is ${found}`, {
    place: log,
    cure: CURE,
    context: { expected, found },
    retryable: false,
  });

/** A broker that restarts on a busy machine may not know its topics for minutes; one that was deleted and made anew has another identity. */
export const logMissing = (log: string): MeteringError =>
  storeError('LOG_UNREACHABLE', 'the brokers do not know the topic', {
    place: log,
    cure: 'Wait until the brokers are up; if the topic was deleted, bring it back or begin new books.',
    retryable: true,
  });

/** `assigned` must answer for every partition that it was asked about. */
export const noStart = (log: string, partition: number): MeteringError =>
  invariantError('LOG_START_MISSING', 'the reader of the log gave no offset to start from', {
    place: `${log}, partition ${partition}`,
  });

export const alreadyRunning = (log: string): MeteringError =>
  invariantError('LOG_CONSUMER_RUNNING', 'a reader of the log was started twice', { place: log });
