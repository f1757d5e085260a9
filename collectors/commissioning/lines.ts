import type { CollectorPlan, LineHealth, UnitHealth } from '../contract.ts';
import { addressOf } from '../plan.ts';

/** A unit of a line with what the plan knows of it. */
export interface UnitState extends UnitHealth {
  readonly unit?: number | undefined;
  readonly intervalMs: number;
}

/** A line as people look at it: its health, where it leads to, and how much of its time it is busy. */
export interface LineState extends Omit<LineHealth, 'units'> {
  readonly address: string;
  readonly units: readonly UnitState[];
  /** Share of its time that the line was busy, by the last poll of each unit; above 1 the intervals cannot hold. */
  readonly share?: number | undefined;
}

/** The lines of a plan with their health, in the order of the plan. Lines that nobody collects are left out. */
export function lineStates(plan: CollectorPlan, health: readonly LineHealth[]): readonly LineState[] {
  return plan.connections.flatMap((connection): readonly LineState[] => {
    const line = health.find((one) => one.connection === connection.id);
    if (!line) return [];
    const units = line.units.map((unit): UnitState => {
      const device = plan.devices.find(({ id }) => id === unit.device);
      return { ...unit, unit: device?.unit, intervalMs: device?.intervalMs ?? 0 };
    });
    return [{ ...line, address: addressOf(connection), units, share: shareOf(units, line.roundMs) }];
  });
}

/**
 * By the polls where each is known, else by the round against the shortest interval. A unit that is backing off is not asked
 * at its interval, and costs next to nothing.
 */
function shareOf(units: readonly UnitState[], roundMs: number | undefined): number | undefined {
  const timed = units.filter(({ intervalMs, nextAttemptAt }) => intervalMs > 0 && nextAttemptAt === undefined);
  const polls = timed.flatMap(({ pollMs, intervalMs }) => (pollMs === undefined ? [] : [pollMs / intervalMs]));
  if (polls.length === timed.length && polls.length > 0) return polls.reduce((sum, share) => sum + share, 0);
  if (roundMs === undefined || timed.length === 0) return undefined;
  return roundMs / Math.min(...timed.map(({ intervalMs }) => intervalMs));
}
