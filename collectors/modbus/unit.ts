import type { ConnectedDevice, UnitHealth } from '../contract.ts';
import { isConfigurationFault, type Poller, type PollResult } from './poller.ts';
import { type Backoff, backoffMs, nextDue, phaseOf } from './schedule.ts';

/** A device on its line: when it is next asked, and how it fared. The state of a run; only the collector holds it. */
export interface Unit {
  readonly device: ConnectedDevice;
  readonly poller: Poller;
  readonly phaseMs: number;
  dueAt: number;
  state: UnitHealth['state'];
  failures: number;
  lastAnswerAt: number | undefined;
  nextAttemptAt: number | undefined;
  lastPollMs: number | undefined;
}

/** Asked at once at the start, then in step with its interval. */
export const unitOf = (device: ConnectedDevice, poller: Poller, now: number): Unit => ({
  device,
  poller,
  phaseMs: phaseOf(device.id, device.intervalMs),
  dueAt: now,
  state: 'not-yet-read',
  failures: 0,
  lastAnswerAt: undefined,
  nextAttemptAt: undefined,
  lastPollMs: undefined,
});

/** The one to ask next: the longest overdue. */
export const nextUnit = (units: readonly Unit[]): Unit | undefined =>
  units.reduce<Unit | undefined>((first, unit) => (!first || unit.dueAt < first.dueAt ? unit : first), undefined);

/** A clock that was set back must not leave a device unasked until the old time has come again. */
export function mindClock(unit: Unit, now: number, backoff: Backoff): void {
  const furthest = unit.nextAttemptAt === undefined ? unit.device.intervalMs + unit.phaseMs : backoff.maxMs;
  if (unit.dueAt - now > furthest) unit.dueAt = now;
}

/**
 * Takes note of a poll and sets the next. Success: in step with the interval again; returns the polls that were left out
 * because the line was late. Failure: back-off with jitter, at its longest where the configuration is wrong.
 */
export function settle(unit: Unit, result: PollResult, now: number, backoff: Backoff, random: () => number): number {
  if (result.entries.length > 0 || !result.failure) unit.lastAnswerAt = result.at;
  if (result.failure) {
    unit.failures += 1;
    unit.state = result.failure.kind === 'exception' ? 'refusing' : 'silent';
    const steps = isConfigurationFault(result.failure) ? Number.MAX_SAFE_INTEGER : unit.failures;
    unit.dueAt = now + backoffMs(steps, backoff, random);
    unit.nextAttemptAt = unit.dueAt;
    return 0;
  }
  const wasRegular = unit.state === 'answering';
  const due = nextDue(now, unit.device.intervalMs, unit.phaseMs);
  const skipped = wasRegular ? Math.max(0, Math.ceil((due - unit.dueAt) / unit.device.intervalMs) - 1) : 0;
  unit.failures = 0;
  unit.state = 'answering';
  unit.nextAttemptAt = undefined;
  unit.dueAt = due;
  return skipped;
}

export const healthOf = (unit: Unit): UnitHealth => ({
  device: unit.device.id,
  state: unit.state,
  lastAnswerAt: unit.lastAnswerAt,
  nextAttemptAt: unit.nextAttemptAt,
  pollMs: unit.lastPollMs,
  ...unit.poller.counts(),
});
