import { type FrameDraft, isMeteringError } from '#domain';
import type { EventSpec } from '#platform';
import type { CollectorContext } from './contract.ts';

export const FRAME_HELD: EventSpec = {
  level: 'error',
  message: 'Frames could not be stored; they are kept and tried again, nothing newer is read meanwhile',
  labels: ['connection'],
};
export const FRAME_LOST: EventSpec = {
  level: 'fatal',
  message: 'Frames could not be stored and are lost',
  labels: ['connection', 'reason'],
};

/** Pause between attempts to store what the spool refused. */
const HOLD_MS = 1_000;
const HOLD_MAX_MS = 30_000;

/**
 * Stores frames, and holds them as long as the store refuses with a retryable error (a full disk): the caller reads nothing
 * newer meanwhile. Gives up, with an event that counts what is lost, on an error that no waiting cures, or when the
 * signal aborts while the store still refuses.
 */
export async function deliverHeld(
  frames: readonly FrameDraft[],
  connection: string,
  { deliver, clock, telemetry }: Pick<CollectorContext, 'deliver' | 'clock' | 'telemetry'>,
  signal: AbortSignal,
): Promise<void> {
  for (let pause = HOLD_MS; ; pause = Math.min(HOLD_MAX_MS, pause * 2)) {
    try {
      await deliver(frames);
      return;
    } catch (error) {
      const [reason, detail] = isMeteringError(error) ? [error.code, error.message] : ['unknown', String(error)];
      if (signal.aborted || !(isMeteringError(error) && error.retryable)) {
        telemetry.emit('frameLost', FRAME_LOST, { connection, reason, detail }, frames.length);
        return;
      }
      telemetry.emit('frameHeld', FRAME_HELD, { connection, reason, detail }, frames.length);
      // an abort ends the pause: one last attempt follows
      await clock.sleep(pause, signal).catch(() => undefined);
    }
  }
}
