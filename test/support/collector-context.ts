import { pino } from 'pino';
import type { FrameDraft } from '#domain';
import { type Clock, createTelemetry, systemClock, type Telemetry } from '#platform';
import type { CollectorContext } from '../../collectors/contract.ts';

export interface RecordedEvent {
  readonly event: string;
  readonly level: string;
  readonly fields: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly count: number;
}

export interface RecordingContext extends CollectorContext {
  readonly frames: readonly FrameDraft[];
  readonly events: readonly RecordedEvent[];
}

/** A context that keeps every frame and event in memory. */
export function recordingContext(
  overrides: Partial<Pick<CollectorContext, 'clock' | 'random' | 'deliver'>> = {},
): RecordingContext {
  const frames: FrameDraft[] = [];
  const events: RecordedEvent[] = [];
  const inner = createTelemetry(pino({ enabled: false }));
  const telemetry: Telemetry = {
    ...inner,
    emit: (event, spec, fields = {}, count = 1) => {
      events.push({ event, level: spec.level, fields, count });
      inner.emit(event, spec, fields, count);
    },
  };
  const clock: Clock = overrides.clock ?? systemClock;
  return {
    site: 'site-1',
    clock,
    random: overrides.random ?? Math.random,
    telemetry,
    deliver: async (drafts) => {
      await overrides.deliver?.(drafts);
      frames.push(...drafts);
    },
    frames,
    events,
  };
}

/** Waits until the condition holds; fails with `what` at the deadline. */
export async function until(what: string, condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
