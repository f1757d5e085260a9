import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, nextDue, phaseOf, UNIT_BACKOFF } from '../../../collectors/modbus/schedule.ts';

const intervals = fc.integer({ min: 1, max: 24 * 3_600_000 });
const instants = fc.integer({ min: 0, max: 4e12 });

test('the next poll is the first multiple of the interval plus the phase that lies ahead', () => {
  fc.assert(
    fc.property(instants, intervals, fc.string(), (now, interval, device) => {
      const phase = phaseOf(device, interval);
      const due = nextDue(now, interval, phase);
      expect(due).toBeGreaterThan(now);
      expect(due - now).toBeLessThanOrEqual(interval);
      expect((due - phase) % interval).toBe(0);
    }),
  );
});

test('a phase is the same at every start and never more than a tenth of the interval or 5 s', () => {
  fc.assert(
    fc.property(fc.string(), intervals, (device, interval) => {
      const phase = phaseOf(device, interval);
      expect(phase).toBe(phaseOf(device, interval));
      expect(phase).toBeGreaterThanOrEqual(0);
      expect(phase).toBeLessThanOrEqual(Math.min(interval / 10, 5_000));
    }),
  );
});

test('phases spread devices over their range', () => {
  const phases = Array.from({ length: 200 }, (_, i) => phaseOf(`meter-${i}`, 900_000));
  expect(new Set(phases).size).toBeGreaterThan(150);
  expect(phases.filter((p) => p < 2_500).length).toBeGreaterThan(60);
  expect(phases.filter((p) => p >= 2_500).length).toBeGreaterThan(60);
});

test('a back-off grows from 2 s to 5 min and stays within its limits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, r) => {
      const pause = backoffMs(failures, UNIT_BACKOFF, () => r);
      expect(pause).toBeGreaterThanOrEqual(2_000);
      expect(pause).toBeLessThanOrEqual(300_000);
      expect(backoffMs(failures + 1, UNIT_BACKOFF, () => r)).toBeGreaterThanOrEqual(pause);
    }),
  );
  expect(backoffMs(1, UNIT_BACKOFF, () => 0)).toBe(2_000);
  expect(backoffMs(50, UNIT_BACKOFF, () => 0)).toBe(150_000);
});
