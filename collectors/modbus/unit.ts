import type { ConnectedDevice, UnitHealth } from '../contract.ts';
import { isConfigurationFault, isSilence, type Poller, type PollResult } from './poller.ts';
import { type Backoff, backoffMs, nextDue, phaseOf } from './schedule.ts';
import type { ReadFault } from './transport.ts';

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

/**
 * The one to ask next: of those that are due, the longest overdue; if none is, the first that will be. One that is silent
 * costs a time-out: it lets those go first that answer, for one interval at the most.
 */
export function nextUnit(units: readonly Unit[], now: number): Unit | undefined {
  const due = units.filter((unit) => unit.dueAt <= now);
  return due.length > 0 ? firstBy(due, turnOf) : firstBy(units, (unit) => unit.dueAt);
}

const turnOf = ({ dueAt, state, device }: Unit): number => (state === 'silent' ? dueAt + device.intervalMs : dueAt);

const firstBy = (units: readonly Unit[], instantOf: (unit: Unit) => number): Unit | undefined =>
  units.reduce<Unit | undefined>(
    (first, unit) => (!first || instantOf(unit) < instantOf(first) ? unit : first),
    undefined,
  );

/** A clock that was set back must not leave a device unasked until the old time has come again. */
export function mindClock(unit: Unit, now: number, backoff: Backoff): void {
  const furthest = unit.nextAttemptAt === undefined ? unit.device.intervalMs + unit.phaseMs : backoff.maxMs;
  if (unit.dueAt - now > furthest) unit.dueAt = now;
}

/**
 * Takes note of a poll and sets the next. Success: in step with the interval again; returns the polls that were left out
 * because the line was late. Silence: back-off with jitter, at its longest where the configuration is wrong. Any other
 * failure, or a poll that broke off: tried again within the interval.
 */
export function settle(unit: Unit, result: PollResult, now: number, backoff: Backoff, random: () => number): number {
  const regular = nextDue(now, unit.device.intervalMs, unit.phaseMs);
  const wasRegular = unit.state === 'answering';
  if (result.entries.length > 0 || !result.failure) unit.lastAnswerAt = result.at;
  if (result.failure) {
    unit.failures += 1;
    unit.state = isSilence(result.failure) ? 'silent' : stateAfter(result.failure);
    const steps = isConfigurationFault(result.failure) ? Number.MAX_SAFE_INTEGER : unit.failures;
    const retry = now + backoffMs(steps, backoff, random);
    const waits = isSilence(result.failure) || isConfigurationFault(result.failure);
    unit.dueAt = waits ? retry : Math.min(retry, regular);
    unit.nextAttemptAt = unit.dueAt;
    return 0;
  }
  const retry = result.retryInMs === undefined ? Infinity : now + result.retryInMs;
  const skipped = Math.max(0, Math.ceil((regular - unit.dueAt) / unit.device.intervalMs) - 1);
  unit.failures = 0;
  unit.state = 'answering';
  unit.nextAttemptAt = undefined;
  unit.dueAt = Math.min(retry, regular);
  return wasRegular ? skipped : 0;
}

/** A unit that says no is there; what came garbled, or of another, says nothing about it that is new. */
const stateAfter = ({ kind }: ReadFault): UnitHealth['state'] => (kind === 'exception' ? 'refusing' : 'silent');

export const healthOf = (unit: Unit): UnitHealth => ({
  device: unit.device.id,
  state: unit.state,
  lastAnswerAt: unit.lastAnswerAt,
  nextAttemptAt: unit.nextAttemptAt,
  pollMs: unit.lastPollMs,
  ...unit.poller.counts(),
});
