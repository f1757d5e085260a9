import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayOfCivil, formatDay, type TemperatureTable } from '../../../pipeline/domain/index.ts';
import { baselineAnswerSchema, type BaselineQuery } from '../../../pipeline/index.ts';
import { dayKindOf } from '../../../rules/catalogue/index.ts';
import { generator } from '../../support/random.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { daily, openSmallSite, SITE, type SmallSite, smallRegistry } from '../../support/small-site.ts';
import { simulatedDays } from '../../rules/baseline/simulated-building.ts';

/** A heated and cooled office from 2024 to 2025; from 2025 on it uses a tenth less. */
const [FROM, RETROFIT, TO] = [dayOfCivil(2024, 1, 1), dayOfCivil(2025, 1, 1), dayOfCivil(2026, 1, 1)];
const BUILDING = {
  base: 400_000,
  workdayStep: 250_000,
  heating: 20_000,
  cooling: 12_000,
  heatingPoint: 16,
  coolingPoint: 22,
  noise: 0.05,
  lasting: 0.3,
};
const RUN = { from: FROM, to: TO, retrofit: RETROFIT, saved: 0.1, winter: -6, summer: 25 };

const days = simulatedDays(generator(5), BUILDING, RUN);
/** The same building on the workdays of the calendar in place of Monday to Friday. */
const used = days.map(({ day, use = 0, workday }) => {
  const step = Number(dayKindOf(day).works) - Number(workday);
  return Math.round(use + step * BUILDING.workdayStep * (day < RETROFIT ? 1 : 1 - RUN.saved));
});
const sumOf = (from: number, to: number): number =>
  used.slice(from - FROM, to - FROM).reduce((sum, use) => sum + use, 0);

let open: SmallSite;
const ask = async (query: Partial<BaselineQuery> = {}) => {
  const answer = await open.service.rules.baseline({
    site: SITE,
    institution: 'a',
    carrier: 'electricity',
    period: '2024',
    reporting: '2025',
    series: 'station',
    ...query,
  });
  expect(baselineAnswerSchema.parse(answer)).toEqual(answer);
  return answer;
};

const tableOf = (some: readonly number[]): TemperatureTable => ({
  name: 'station.csv',
  sha256: 'ab'.repeat(32),
  drafts: days
    .filter(({ day }) => some.includes(day))
    .map(({ day, temperature = 0 }, i) => ({
      row: i + 2,
      cells: { time: formatDay(day), temperature: temperature.toFixed(3), unit: '°C' },
    })),
});

beforeAll(async () => {
  const share = { basis: 'fixed', shares: [{ institution: 'a', share: { num: 1, den: 1 } }] } as const;
  const meters = [
    { point: 'p', allocation: share },
    { point: 'w', carrier: 'water', allocation: share },
  ] as const;
  open = await openSmallSite(smallRegistry(meters, { institutions: ['a', 'b'] }), '2026-01-10');
  let face = 0;
  const readings = [0, ...used].map((use) => (face += use));
  await open.feed('p', daily('2024-01-01', readings));
  const options = { source: 'station 1', by: 'wang', commit: true } as const;
  await open.service.rules.importTemperature(SITE, tableOf(days.map(({ day }) => day)), {
    ...options,
    series: 'station',
  });
  const half = days.map(({ day }) => day).filter((day) => day % 2 === 0);
  await open.service.rules.importTemperature(SITE, tableOf(half), { ...options, series: 'half' });
}, 120_000);
afterAll(async () => {
  await open.close();
  await stopPostgres();
});

describe('a baseline of the books', () => {
  it('finds the building, with every gate that was passed', async () => {
    const { model, gates, unit, sources, missing } = await ask();
    expect(gates.map(({ what, passed }) => [what, passed])).toEqual([
      ['span', true],
      ['use', true],
      ['temperature', true],
      ['days', true],
      ['negative', true],
    ]);
    expect(unit).toBe('kWh');
    expect(model?.base).toBeCloseTo(400, -1.5);
    expect(model?.workdayStep).toBeCloseTo(250, -1.5);
    expect(model?.heatingSlope).toBeCloseTo(20, -0.5);
    expect(Math.abs((model?.heatingPoint ?? NaN) - 16)).toBeLessThanOrEqual(2);
    expect(Math.abs((model?.coolingPoint ?? NaN) - 22)).toBeLessThanOrEqual(2);
    expect(model?.quality.rSquared).toBeGreaterThan(0.9);
    expect(sources).toMatchObject({
      points: ['p'],
      temperature: { kind: 'series', name: 'station', sources: ['station 1'], files: [{ name: 'station.csv' }] },
      workdays: { calendar: 'chinese-days', yearsWithoutNotice: [] },
    });
    expect(missing).toEqual([]);
  });

  it('tells what was saved with an interval that holds the truth, and actual use to the unit', async () => {
    const { savings } = await ask();
    const actual = sumOf(RETROFIT, TO);
    expect(savings?.actual).toBeCloseTo(actual / 1_000, 6);
    const truth = actual / 0.9 - actual;
    expect(savings?.low).toBeLessThan(truth / 1_000);
    expect(savings?.high).toBeGreaterThan(truth / 1_000);
    expect(savings?.low).toBeGreaterThan(0);
    expect(savings).toMatchObject({ confidence: 0.95, days: 365, spanDays: 365 });
  });

  it('of the whole site counts all its meters of the carrier', async () => {
    const [own, whole] = [await ask(), await ask({ institution: undefined })];
    expect({ ...whole, institution: 'a' }).toEqual(own);
  });

  it('without the workdays of the calendar would fit worse', async () => {
    const { model } = await ask();
    const holidays = days.filter(({ day, workday }) => day < RETROFIT && dayKindOf(day).works !== workday).length;
    expect(holidays).toBeGreaterThan(15);
    expect(model?.quality.cvRmse).toBeLessThan(0.06);
  });

  it('compares only days that have ended', async () => {
    const { reporting, savings } = await ask({ reporting: '2025-12..2026-12' });
    expect(reporting).toEqual({ from: '2025-12-01', to: '2026-01-10' });
    // nine days of January have neither use nor temperature
    expect(savings).toBeNull();
  });
});

describe('without a fit there is no number, but every reason', () => {
  const NONE = { model: null, savings: null };

  it('too few days with temperature', async () => {
    const answer = await ask({ series: 'half' });
    expect(answer).toMatchObject(NONE);
    expect(answer.missing.map(({ what }) => what)).toEqual(['baseline.temperature']);
    expect(answer.gates.find(({ what }) => what === 'temperature')).toMatchObject({ passed: false, value: 0.5 });
  });

  it('nobody said where the temperature comes from', async () => {
    const answer = await ask({ series: undefined });
    expect(answer).toMatchObject(NONE);
    expect(answer.missing.map(({ what }) => what)).toEqual(['temperature', 'baseline.temperature']);
    expect(answer.sources.temperature).toBeNull();
  });

  it('the facts name the source', async () => {
    const facts = { site: SITE, institutions: [], points: [], tariffs: [], targets: [] };
    const temperature = { kind: 'series', name: 'station' } as const;
    await open.service.rules.applyFacts({ ...facts, temperature }, { commit: true, by: 'wang', reason: 'station' });
    expect((await ask({ series: undefined })).model).not.toBeNull();
  });

  it('a year that is too short, a carrier without readings, an institution without meters', async () => {
    expect((await ask({ period: '2024-02..2024-12' })).missing.map(({ what }) => what)).toEqual(['baseline.span']);
    const dry = await ask({ carrier: 'water' });
    expect(dry).toMatchObject({ ...NONE, sources: { points: [] } });
    expect(dry.missing.map(({ what }) => what)).toEqual(['baseline.use']);
    expect(await ask({ institution: 'b' })).toMatchObject(NONE);
  });

  it('a period of the future, a period backwards and an unknown institution are refused', async () => {
    await expect(ask({ period: '2027' })).rejects.toMatchObject({ code: 'PERIOD_EMPTY' });
    await expect(ask({ period: '2025..2024' })).rejects.toMatchObject({ code: 'PERIOD_EMPTY' });
    await expect(ask({ period: 'last year' })).rejects.toMatchObject({ code: 'TIME_INVALID' });
    await expect(ask({ institution: 'x' })).rejects.toMatchObject({ code: 'SUBJECT_UNKNOWN' });
  });
});
