import { describe, expect, it } from 'vitest';
import { BRANCHES, createCoverage, neverHit, totalOf } from './coverage.ts';
import { watchedTelemetry } from './telemetry.ts';

describe('the rare branches of the simulation', () => {
  it('are those that no seed of a run met, once the seeds are taken together', () => {
    const [one, other] = [createCoverage(), createCoverage()];
    for (const branch of BRANCHES.slice(2)) one.hit(branch);
    other.hit('fault workerDied', 3);
    expect(BRANCHES.slice(0, 2)).toEqual(['fault workerDied', 'fault workerFrozen']);
    expect(neverHit(totalOf([one.counts(), other.counts()]))).toEqual(['fault workerFrozen']);
    expect(totalOf([other.counts(), other.counts()])['fault workerDied']).toBe(6);
  });

  it('are met where the product tells of them, by event or by event and reason; other events are none', () => {
    const coverage = createCoverage();
    const { emit } = watchedTelemetry(coverage);
    const spec = { level: 'info', message: 'happened' } as const;
    emit('commitFenced', spec);
    emit('requestFailed', spec, { reason: 'timeout' });
    emit('framesRelayed', spec);
    const met = BRANCHES.filter((branch) => coverage.counts()[branch] > 0);
    expect(met).toEqual(['event commitFenced', 'event requestFailed timeout']);
    expect(Object.keys(coverage.counts())).toEqual(BRANCHES);
  });
});
