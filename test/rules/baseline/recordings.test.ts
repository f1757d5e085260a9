import { describe, expect, test } from 'vitest';
import { type Baseline, fitBaseline, savingsOf, type UseDay } from '../../../rules/baseline/index.ts';
import { CAMBRIDGE, cambridgeDays, openeisDays, recordingsNote, recordingsPresent, yearOf } from './recordings.ts';

function fitted(days: readonly UseDay[], span: { readonly from: number; readonly to: number }): Baseline {
  const answer = fitBaseline(days, span);
  if (!answer.ok) throw new Error(JSON.stringify(answer.missing));
  return answer.value;
}

describe.skipIf(!recordingsPresent)(`real recordings${recordingsNote}`, () => {
  test.each(CAMBRIDGE)('%s: four years pass the gates, with a model that says how well it fits', (building) => {
    const days = cambridgeDays(building);
    for (const year of [2016, 2017, 2018, 2019]) {
      const { quality, shape, ...model } = fitted(days, yearOf(year));
      expect(quality.days).toBeGreaterThanOrEqual(365);
      expect(shape.workdays).toBe(true);
      expect(Math.min(model.base, model.heatingSlope ?? 0, model.coolingSlope ?? 0)).toBeGreaterThanOrEqual(0);
      expect(quality.rSquared).toBeGreaterThan(0.1);
      expect(Math.abs(quality.nmbe)).toBeLessThan(1e-9);
      expect(quality.effectiveDays).toBeLessThanOrEqual(quality.days);
    }
    expect(fitBaseline(days, yearOf(2020))).toMatchObject({
      ok: false,
      missing: [{ what: 'use' }, { what: 'temperature' }],
    });
  });

  test('the commercial building saved about a fifth after its retrofit, and 2012 says that half of it is missing', () => {
    const days = openeisDays();
    const start = yearOf(2009).from + 1;
    const baseline = fitted(days, { from: start, to: start + 365 });
    expect(baseline.shape.coolingPoint).toBeDefined();
    expect(baseline.quality.cvRmse).toBeLessThan(0.15);
    const saved = savingsOf(baseline, days, { from: start + 365, to: start + 730 });
    if (!saved.ok) throw new Error(JSON.stringify(saved.missing));
    expect(saved.value.share).toBeGreaterThan(0.15);
    expect(saved.value.share).toBeLessThan(0.25);
    expect(saved.value.low).toBeGreaterThan(0);
    expect(fitBaseline(days, yearOf(2012))).toMatchObject({
      ok: false,
      missing: [{ what: 'use' }, { what: 'temperature' }],
    });
  });

  test('days read from the recording add up to its reference, but for the hours that clocks took', () => {
    const span = yearOf(2010);
    const total = openeisDays().reduce(
      (sum, { day, use = 0 }) => sum + (day >= span.from && day < span.to ? use : 0),
      0,
    );
    expect(total / 1000 / 236_893.37).toBeCloseTo(1, 3);
  });
});
