import { expect } from 'vitest';
import type { StormOutcome } from '../../support/modbus-storm.ts';

/** Polls of each transport: 200,000 over the three; more by CIVICMETER_STORM_POLLS=1000000. */
export const POLLS = Number(process.env['CIVICMETER_STORM_POLLS'] ?? 67_000);
export const CALMS = 20;
/** A million polls take as long as they take. */
export const LONGEST_MS = 240_000 + POLLS * 3;

/** Of each kind of fault so many must have struck in ten thousand polls. */
const STRIKES = 5;

/** `kinds`: of faults that must have struck. */
export function expectWeathered(outcome: StormOutcome, polls: number, kinds: number): void {
  process.stderr.write(`${JSON.stringify(outcome)}\n`);
  expect(outcome.polls).toBeGreaterThanOrEqual(polls);
  expect(outcome.misattributed).toBe(0);
  expect(outcome.notReadAgain).toEqual([]);
  expect(outcome.values).toBeGreaterThan(outcome.polls * 2.5);
  expect(outcome.foreign).toBeGreaterThan(0);
  expect(Object.keys(outcome.faults)).toHaveLength(kinds);
  for (const [name, times] of Object.entries(outcome.faults)) {
    expect(times, name).toBeGreaterThan((polls / 10_000) * STRIKES);
  }
}
