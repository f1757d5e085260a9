import type { FrameLog, LogConsumerHandlers } from '../../../pipeline/log/port.ts';
import { atOf, type Fleet, frameOf, REGISTERS } from '../core/fleet.ts';
import { siteOf } from './year.ts';

const LIVE_PER_SECOND = 667;

/** A log to which devices' next frames come in turn, some every tenth of a second. */
export function liveLog(fleet: Fleet, signal: AbortSignal): { readonly log: FrameLog; readonly sent: () => number } {
  let frames = 0;
  const unused = (): never => {
    throw new Error('not part of this bench');
  };
  const feed = async (handlers: LogConsumerHandlers): Promise<void> => {
    await handlers.assigned([0]);
    const started = performance.now();
    while (!signal.aborted) {
      const due = Math.floor((((performance.now() - started) / 1_000) * LIVE_PER_SECOND) / REGISTERS);
      const batch = Array.from({ length: due - frames }, (_, i) => {
        const [step, device] = [fleet.steps + Math.floor((frames + i) / fleet.devices), (frames + i) % fleet.devices];
        // every device goes on as the first, whose values were planted for all
        const frame = { ...frameOf(fleet, device, step), site: siteOf(device), r: frameOf(fleet, 0, step).r };
        const value = Buffer.from(JSON.stringify(frame));
        return { partition: 0, offset: frames + i, appendedAt: atOf(fleet, step), value };
      });
      frames = Math.max(frames, due);
      if (batch.length > 0) await handlers.records(0, batch);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  return {
    sent: () => frames * REGISTERS,
    log: {
      identity: async () => 'live',
      partitionCount: 1,
      producer: unused,
      consumer: async () => ({ run: feed, rejoin: unused, stop: async () => undefined }),
      bounds: async () => new Map([[0, { low: 0, high: frames }]]),
      scan: unused,
      trim: unused,
      close: async () => undefined,
    },
  };
}
