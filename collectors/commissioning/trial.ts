import type { ConnectedDevice } from '../contract.ts';
import { UNIT_BACKOFF } from '../modbus/schedule.ts';
import { nextUnit, settle, type Unit, unitOf } from '../modbus/unit.ts';

/** A device of a line, and how long its poll takes. `dead`: it never answers, and `pollMs` is what an attempt costs. */
export interface TrialUnit {
  readonly device: ConnectedDevice;
  readonly pollMs: number;
  readonly dead?: boolean | undefined;
}

export interface TrialOutcome {
  readonly polls: number;
  /** Polls that the line was too late for. */
  readonly skipped: number;
  /** Attempts at dead units. */
  readonly attempts: number;
}

/** Bounds the trial where intervals of a second stand beside intervals of a day. */
const MOST_POLLS = 20_000;
const ROUNDS = 3;

/**
 * The collector's own schedule over three of the longest intervals (at least `leastMs`), with polls that only take time.
 * Attempts at a dead unit come as early as the back-off allows.
 */
export function tryOut(units: readonly TrialUnit[], leastMs = 0): TrialOutcome {
  const known = new Map(units.map((unit) => [unitOf(unit.device, UNASKED, 0), unit]));
  const running = [...known.keys()];
  const until = Math.max(leastMs, ROUNDS * Math.max(0, ...units.map(({ device }) => device.intervalMs)));
  let [now, polls, skipped, attempts] = [0, 0, 0, 0];
  while (polls + attempts < MOST_POLLS) {
    const unit = nextUnit(running, now);
    const about = unit && known.get(unit);
    if (!unit || !about || Math.max(now, unit.dueAt) >= until) break;
    now = Math.max(now, unit.dueAt) + about.pollMs;
    skipped += settle(unit, about.dead ? silent(now) : answered(now), now, UNIT_BACKOFF, () => 0);
    if (about.dead) attempts += 1;
    else polls += 1;
  }
  return { polls, skipped, attempts };
}

const answered = (at: number): Parameters<typeof settle>[1] => ({ entries: [['tried', 0]], at });
const silent = (at: number): Parameters<typeof settle>[1] => ({ entries: [], at, failure: { kind: 'timeout' } });

/** The schedule never asks: `tryOut` says how a poll ends. */
const UNASKED: Unit['poller'] = {
  poll: async () => ({ entries: [], at: 0 }),
  counts: () => ({ timeouts: 0, exceptions: 0 }),
};
