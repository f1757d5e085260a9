import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadCatalogue } from '../../../rules/catalogue/index.ts';
import type { Metric, PeriodFacts, Quantity } from '../../../rules/contract.ts';
import { rateTables } from '../../../rules/conversion/index.ts';
import {
  type Caliber,
  changeAgainst,
  indicator,
  indicators,
  monthPeriod,
  quotaCaliber,
  SURVEY_CALIBER,
} from '../../../rules/indicators/index.ts';
import { AREA, GJ, kWh, m3, ORGAN, quantity, yearOf } from '../facts.ts';

const tables = rateTables(loadCatalogue());
const shandong = quotaCaliber('shandong-quota');
const figure = (metric: Metric, facts: PeriodFacts, caliber: Caliber = shandong) => {
  const answer = indicator(metric, facts, caliber, tables);
  if (!answer.ok) throw new Error(answer.missing.reason);
  return answer.value;
};
const reason = (metric: Metric, facts: PeriodFacts, caliber: Caliber = shandong): string => {
  const answer = indicator(metric, facts, caliber, tables);
  if (answer.ok) throw new Error(`${metric} is ${answer.value.value}`);
  expect(answer.missing.cure.zh).toMatch(/\p{Script=Han}/u);
  return `${answer.missing.what}: ${answer.missing.reason}`;
};

const OFFICE: readonly Quantity[] = [
  quantity('electricity', kWh(400_000)),
  quantity('electricity', kWh(20_000), 'heating'),
  quantity('electricity', kWh(30_000), 'data-centre'),
  quantity('electricity', kWh(20_000), 'data-centre-it'),
  quantity('electricity', kWh(10_000), 'pv-self-used'),
  quantity('electricity', kWh(5_000), 'resold'),
  quantity('heat', GJ(1_000), 'heating'),
  quantity('natural-gas', m3(1_000), 'canteen'),
  quantity('petrol', 1_000_000, 'vehicles'),
  quantity('water', m3(6_000)),
];

const office = { ...yearOf(OFFICE), surveyDenominators: { areaM2: 11_000, persons: 420, heatedAreaM2: 8_000 } };

test('of a quota: what is excluded goes with its area; heating and vehicles leave the non-heating figure', () => {
  const power = 430_000 * 0.31;
  const heat = 34_120;
  const petrol = 1_000 * 0.73 * 1.4714;
  expect(figure('energy-per-area', office).value).toBeCloseTo((power + heat + petrol) / 10_000, 6);
  expect(figure('energy-per-person', office).value).toBeCloseTo((power + heat + petrol) / 400, 6);
  expect(figure('non-heating-per-area', office).value).toBeCloseTo((410_000 * 0.31) / 10_000, 6);
  expect(figure('electricity-per-area', office).value).toBe(41);
  expect(figure('heating-per-heated-area', office).value).toBeCloseTo((20_000 * 0.31 + heat) / 8_000, 6);
  expect(figure('energy-per-area', office).excluded).toEqual(['data-centre', 'data-centre-it', 'canteen']);
});

test('of the survey: everything but resale counts, over everything’s area, by the survey’s coal factors', () => {
  const energy = 480_000 * 0.1229 + 34_120 + 1_330 + 1_000 * 0.73 * 1.4714;
  const answer = figure('energy-per-area', office, SURVEY_CALIBER);
  expect(answer.value).toBeCloseTo(energy / 11_000, 6);
  expect(answer.set).toBe('national-statistics');
  expect(answer.factors.every(({ id }) => id.includes('national-statistics') || id.includes('density'))).toBe(true);
});

test('one answer never mixes two sets of coal factors', () => {
  const coal = figure('energy-per-area', office).factors.filter(({ unit }) => unit.startsWith('kgce'));
  expect(coal.length).toBeGreaterThan(2);
  expect(coal.filter(({ id }) => !id.includes('shandong-quota'))).toEqual([]);
});

test('water, data centre, PV, carbon and what no sub-meter claims', () => {
  expect(figure('water-per-person', office).value).toBeCloseTo(6_000 / 420, 6);
  expect(figure('data-centre-eue', office).value).toBe(2.5);
  expect(figure('pv-share', office).value).toBeCloseTo(10 / 480, 6);
  const carbon = 470_000 * 0.6191 + 110_000 + 2_184 + 2_179;
  expect(figure('co2-per-area', office).value).toBeCloseTo(carbon / 11_000, 6);
  expect(figure('co2-per-area', office).residual?.value).toBeCloseTo(
    (carbon + 470_000 * (0.6096 - 0.6191)) / 11_000,
    6,
  );
  const claimed = (amount: number) => ({ ...office, unattributed: { amount, of: 100, coverage: 0.5 } });
  expect(figure('unattributed-share', claimed(5))).toMatchObject({ value: 0.05, coverage: 0.5 });
  expect(reason('unattributed-share', claimed(-5))).toMatch(/USE_NEGATIVE/);
  const ward = yearOf([quantity('water', m3(500))], ORGAN, { bedDays: 1_000 });
  expect(figure('water-per-bed-day', ward)).toMatchObject({ value: 500, unit: 'L/(bed·d)' });
});

test('no figure without its denominator', () => {
  expect(reason('energy-per-area', yearOf(OFFICE, ORGAN, {}))).toMatch(/denominators.areaM2.*not known/);
  expect(reason('energy-per-person', yearOf(OFFICE, ORGAN, { persons: 0 }))).toMatch(/number of persons is 0/);
  expect(reason('water-per-person', yearOf(OFFICE))).toMatch(/surveyDenominators/);
});

test('what was not recorded is missing, never 0', () => {
  const nothing = yearOf([]);
  expect(reason('energy-per-area', nothing)).toMatch(/quantity.electricity/);
  expect(reason('water-per-person', nothing)).toMatch(/quantity.water/);
  expect(reason('heating-per-heated-area', yearOf([quantity('electricity', 1)]))).toMatch(/quantity.heating/);
  expect(reason('data-centre-eue', nothing)).toMatch(/quantity.data-centre-it/);
  expect(reason('pv-share', yearOf([quantity('electricity', 1)]))).toMatch(/quantity.pv-self-used/);
  expect(reason('unattributed-share', nothing)).toMatch(/unattributed/);
});

test('a carrier without a factor makes the total missing, not smaller', () => {
  const cooled = yearOf([...OFFICE.slice(0, 1), quantity('cooling', GJ(5))]);
  expect(reason('energy-per-area', cooled)).toMatch(/coal factor:shandong-quota:cooling/);
});

test('carbon without a place is a question', () => {
  const { division: _, ...nowhere } = ORGAN;
  expect(reason('co2-per-area', yearOf([quantity('electricity', 1)], nowhere))).toMatch(/profile.division/);
});

test('coverage is that of the worst quantity in the figure; what is not in it does not matter', () => {
  const facts = yearOf([quantity('electricity', kWh(1)), quantity('petrol', 1, 'vehicles', 0.5)]);
  expect(figure('energy-per-area', facts).coverage).toBe(0.5);
  expect(figure('electricity-per-area', facts).coverage).toBe(1);
});

test('a month’s figure is not per year', () => {
  const month = { ...yearOf([quantity('electricity', kWh(10_000))]), ...monthPeriod(2025, 3) };
  expect(figure('electricity-per-area', month)).toMatchObject({ value: 1, unit: 'kWh/m2' });
});

test('every metric answers with a figure or a reason', () => {
  const answers = indicators(office, shandong, tables);
  expect(answers).toHaveLength(13);
  const cures = answers.flatMap(({ answer }) => (answer.ok ? [] : [answer.missing.cure.en]));
  expect(cures.length).toBeGreaterThan(0);
  expect(cures.every((cure) => cure.length > 5)).toBe(true);
});

test('change against the same period last year', () => {
  const now = figure('electricity-per-area', yearOf([quantity('electricity', kWh(95))]));
  const before = indicator('electricity-per-area', yearOf([quantity('electricity', kWh(100))]), shandong, tables);
  expect(changeAgainst(now, before)).toEqual({ ok: true, value: -0.05 });
  const zero = indicator('electricity-per-area', yearOf([quantity('electricity', 0)]), shandong, tables);
  expect(changeAgainst(now, zero).ok).toBe(false);
});

test('more energy is never a lower figure, and twelve months add up to the year', () => {
  const amounts = fc.array(fc.integer({ min: 0, max: 10 ** 11 }), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(amounts, fc.integer({ min: 0, max: 10 ** 10 }), (months, more) => {
      const total = months.reduce((a, b) => a + b, 0);
      const year = figure('energy-per-area', yearOf([quantity('electricity', total)], ORGAN, AREA));
      const parts = months.map((amount) => figure('energy-per-area', yearOf([quantity('electricity', amount)])).exact);
      const added = parts.reduce((sum, { num, den }) => sum + (num * year.exact.den) / den, 0n);
      expect(added).toBe(year.exact.num);
      const larger = figure('energy-per-area', yearOf([quantity('electricity', total + more)]));
      expect(larger.value).toBeGreaterThanOrEqual(year.value);
    }),
    { numRuns: 50 },
  );
});

test('a carrier whose meters are silent leaves no sum that needs it, and every other one stands', () => {
  const silent = quantity('natural-gas', 0, 'heating', 0);
  const facts = yearOf([quantity('electricity', kWh(400_000)), quantity('heat', GJ(1_000), 'heating'), silent]);
  const said = 'quantity.natural-gas: QUANTITY_MISSING: the meters of natural-gas were silent throughout the period';
  for (const metric of ['energy-per-area', 'heating-per-heated-area', 'co2-per-person'] as const)
    expect(reason(metric, facts)).toBe(said);
  expect(figure('non-heating-per-area', facts).value).toBe(12.4);
  expect(figure('electricity-per-area', facts).value).toBe(40);
});

test('readings that say that nothing was used are evidence', () => {
  const facts = yearOf([quantity('electricity', kWh(400_000)), quantity('natural-gas', 0)]);
  expect(figure('energy-per-area', facts)).toMatchObject({ value: 12.4, coverage: 1 });
});

test('what lacks a denominator names the keys that bring it: persons of a venue are its visitors too', () => {
  const answer = indicator('energy-per-person', { ...office, denominators: { areaM2: 10_000 } }, shandong, tables);
  if (answer.ok) throw new Error('persons are known');
  expect(answer.missing.cure.zh).toMatch(/headcount.*visitors/);
  expect(answer.missing.cure.en).toMatch(/headcount.*visitors/);
});
