import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Catalogue, catalogueOf, loadCatalogue } from '../../../rules/catalogue/index.ts';
import type { Confidence, PeriodFacts, Profile, Quantity } from '../../../rules/contract.ts';
import { rateTables } from '../../../rules/conversion/index.ts';
import { monthPeriod } from '../../../rules/indicators/index.ts';
import { judge, judgeUnder, levelOf, LEVELS, tally } from '../../../rules/judgement/index.ts';
import { parseExact } from '../../../rules/exact.ts';
import { GJ, kWh, m3, ORGAN, QINGDAO, quantity, yearOf } from '../facts.ts';

const catalogue = loadCatalogue();
const tables = rateTables(catalogue);
const shandong = (facts: PeriodFacts) => judge(facts, 'shandong', catalogue, tables);
const verdict = (facts: PeriodFacts, metric: string) => shandong(facts).verdicts.find((each) => each.metric === metric);
const power = (perM2: number, coverage = 1): readonly Quantity[] => [
  quantity('electricity', kWh(perM2 * 10_000), 'ordinary', coverage),
];

test.each([
  [31.9, 'advanced'],
  [31.91, 'reasonable'],
  [51.5, 'reasonable'],
  [80, 'compliant'],
  [80.01, 'over'],
])('an office of the city of Jinan at %d kWh/m² is %s', (perM2, level) => {
  const answer = verdict(yearOf(power(perM2)), 'electricity-per-area');
  expect(answer).toMatchObject({ level, value: perM2, unit: 'kWh/(m2·a)' });
  expect(answer?.row).toMatchObject({ standard: 'DB37/T 2672-2019', level: 'city', zone: 'B' });
  expect(answer?.zone).toMatchObject({ region: '370100', zone: 'B' });
});

test('the zone decides: the same office in Qingdao is held to other limits', () => {
  const facts = yearOf(power(75), { ...ORGAN, division: QINGDAO });
  expect(verdict(facts, 'electricity-per-area')).toMatchObject({ level: 'over', row: { zone: 'A' } });
  expect(verdict(yearOf(power(75)), 'electricity-per-area')).toMatchObject({ level: 'compliant', row: { zone: 'B' } });
});

test('energy is judged by the quota’s own coal factors', () => {
  const answer = verdict(yearOf(power(40)), 'non-heating-per-area');
  expect(answer).toMatchObject({ value: 12.4, level: 'reasonable', ratio: 0.556054 });
  expect(answer?.factors.map(({ id }) => id)).toEqual(['coal/shandong-quota-electricity-kwh']);
});

test('water has two values: advanced and general', () => {
  const levels = [4_000, 4_001, 10_000, 10_001].map(
    (volume) => verdict(yearOf([quantity('water', m3(volume))]), 'water-per-person')?.level,
  );
  expect(levels).toEqual(['advanced', 'compliant', 'compliant', 'over']);
});

test('heating is judged by how the building is heated, and asks when that is unknown', () => {
  const heated = [...power(40), quantity('heat', GJ(2_500), 'heating')];
  const answer = verdict(yearOf(heated), 'heating-per-heated-area');
  expect(answer).toMatchObject({ value: 10.6625, level: 'reasonable', row: { heating: 'district-metered' } });
  const { heating: _, ...unknown } = ORGAN;
  expect(shandong(yearOf(heated, unknown)).questions).toMatchObject([{ what: 'profile.heating' }]);
});

test('under 90 % coverage there is no verdict, and the reason is said', () => {
  const answer = shandong(yearOf(power(40, 0.8999)));
  expect(answer.verdicts).toEqual([]);
  const low = answer.missing.find(({ metric }) => metric === 'electricity-per-area');
  expect(low?.missing.reason).toMatch(/COVERAGE_LOW: 89.9 %/);
  expect(shandong(yearOf(power(40, 0.9))).verdicts.length).toBeGreaterThan(0);
});

test('a month is no year', () => {
  const month = { ...yearOf(power(4)), ...monthPeriod(2025, 3) };
  expect(shandong(month)).toMatchObject({ verdicts: [], missing: [{ missing: { what: 'period' } }] });
});

const without = (fact: keyof Profile): Profile =>
  Object.fromEntries(Object.entries(ORGAN).filter(([key]) => key !== fact)) as unknown as Profile; // one field less

test.each([
  ['type', /organ/],
  ['level', /city.*county|county.*city/],
  ['division', /city or county/],
] as const)('an institution whose %s is unknown gets a question with what is possible', (fact, choices) => {
  const { verdicts, questions } = shandong(yearOf(power(40), without(fact)));
  expect(verdicts.filter(({ metric }) => metric === 'electricity-per-area')).toEqual([]);
  const question = questions.find(({ what }) => what === `profile.${fact}`);
  expect(question?.cure.en).toMatch(choices);
  expect(questions.filter(({ what }) => what === `profile.${fact}`)).toHaveLength(1);
});

test('a type for which the pack has nothing is told so', () => {
  const answer = shandong(yearOf(power(40), { ...ORGAN, type: 'service-centre' }));
  expect(answer).toMatchObject({ verdicts: [], missing: [{ missing: { what: 'quota:shandong:service-centre' } }] });
});

test('two rule packs side by side, each with its own coal factors and standing', () => {
  const [first, second] = judgeUnder(yearOf(power(50)), ['shandong', 'gbt-51161'], catalogue, tables);
  expect(first?.verdicts.every(({ row }) => row.factorSet === 'shandong-quota')).toBe(true);
  expect(second?.verdicts.every(({ row }) => row.factorSet === 'gbt-2589')).toBe(true);
  expect(first?.verdicts.every(({ standing }) => standing === 'single-source')).toBe(true);
  expect(second?.verdicts.every(({ standing, counted }) => standing === 'for-reference' && !counted)).toBe(true);
  expect(second?.verdicts.length).toBeGreaterThan(0);
});

test('GB/T 51161 corrects what was measured for hours and density', () => {
  // γ1 = 0.3 + 0.7 × 2500/5000 = 0.65; γ2 = 0.7 + 0.3 × 25/10 = 1.45
  const facts = yearOf(power(60), { ...ORGAN, hoursPerYear: 5_000 });
  const [answer] = judge(facts, 'gbt-51161', catalogue, tables).verdicts;
  expect(answer).toMatchObject({
    measured: { value: 60 },
    value: 56.55,
    level: 'over',
    row: { limits: { constraint: 55 } },
  });
  const unknown = judge(yearOf(power(60), without('hoursPerYear')), 'gbt-51161', catalogue, tables);
  expect(unknown).toMatchObject({ verdicts: [], questions: [{ what: 'profile.hoursPerYear' }] });
});

test('another region’s quota is for comparison only', () => {
  const lanzhou: Profile = { ...ORGAN, division: '620100' };
  const water = shandong(yearOf([quantity('water', m3(5_000))], lanzhou)).verdicts;
  expect(water).toMatchObject([{ standing: 'for-reference', counted: false }]);
});

/** The catalogue with every row of this confidence, to see what becomes of verdicts. */
const marked = (confidence: Confidence, verified: boolean): Catalogue =>
  catalogueOf(
    catalogue.rows.map((row) =>
      row.kind === 'quota' ? { ...row, confidence, verified } : { ...row, confidence: 'A', verified: true },
    ),
  );

test('A verified is official, B single-source, C and whatever is unverified for reference and uncounted', () => {
  const standing = (confidence: Confidence, verified: boolean) => {
    const changed = marked(confidence, verified);
    const { verdicts } = judge(yearOf(power(40)), 'shandong', changed, rateTables(changed));
    expect(verdicts.length).toBeGreaterThan(2);
    return [...new Set(verdicts.map((each) => `${each.standing} ${each.counted}`))].join();
  };
  expect(standing('A', true)).toBe('official true');
  expect(standing('A', false)).toBe('for-reference false');
  expect(standing('B', false)).toBe('single-source true');
  expect(standing('B', true)).toBe('official true');
  expect(standing('C', false)).toBe('for-reference false');
  expect(standing('D', false)).toBe('for-reference false');
});

test('rows marked C never make an official verdict, whatever else holds', () => {
  const amounts = fc.integer({ min: 1, max: 10 ** 13 });
  fc.assert(
    fc.property(fc.boolean(), amounts, fc.constantFrom<Confidence>('C', 'D'), (verified, amount, confidence) => {
      const changed = marked(confidence, verified);
      const { verdicts } = judge(yearOf([quantity('electricity', amount)]), 'shandong', changed, rateTables(changed));
      expect(verdicts.some(({ standing }) => standing === 'official')).toBe(false);
      expect(tally(verdicts).total).toBe(verified ? verdicts.length : 0);
    }),
    { numRuns: 20 },
  );
});

test('a weak factor weakens the verdict that rests on it', () => {
  const rows = marked('A', true).rows.map((row) =>
    row.kind === 'coal' && row.set === 'shandong-quota' ? { ...row, confidence: 'C' as const, verified: false } : row,
  );
  const changed = catalogueOf(rows);
  const { verdicts } = judge(yearOf(power(40)), 'shandong', changed, rateTables(changed));
  const standing = (metric: string) => verdicts.find((each) => each.metric === metric)?.standing;
  expect(standing('non-heating-per-area')).toBe('for-reference');
  expect(standing('electricity-per-area')).toBe('official');
});

test('more energy never makes a better verdict', () => {
  const limits = fc
    .tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000))
    .map((some) => some.toSorted((a, b) => a - b))
    .map(([guide, base, constraint]) => ({ guide, base, constraint }));
  fc.assert(
    fc.property(limits, fc.nat(1200), fc.nat(100), (row, value, more) => {
      const rank = (amount: number): number => LEVELS.findIndex((level) => level === levelOf(parseExact(amount), row));
      expect(rank(value)).toBeGreaterThanOrEqual(0);
      expect(rank(value + more)).toBeGreaterThanOrEqual(rank(value));
    }),
  );
});

test('totals hold what is counted, and tell what rests on one source', () => {
  const of = (level: (typeof LEVELS)[number], standing: 'official' | 'single-source' | 'for-reference') => ({
    level,
    standing,
    counted: standing !== 'for-reference',
  });
  const totals = tally([of('over', 'official'), of('advanced', 'single-source'), of('over', 'for-reference')]);
  expect(totals).toEqual({
    advanced: 1,
    reasonable: 0,
    compliant: 0,
    over: 1,
    total: 2,
    singleSource: 1,
    forReference: 1,
  });
});

test('a pack that there is not is said to be none, with those that there are; the type of the institution would not help', () => {
  const { questions, missing } = judge(
    yearOf(power(40), { ...ORGAN, type: undefined }),
    'shangdong',
    catalogue,
    tables,
  );
  expect(questions).toEqual([]);
  expect(missing).toMatchObject([
    {
      missing: {
        reason: 'QUOTA_MISSING: there is no pack shangdong with quotas',
        cure: { en: expect.stringContaining('shandong') },
      },
    },
  ]);
});

test('a pack that there is not is named as such of an institution whose type is known, too', () => {
  const { missing } = judge(yearOf(power(40)), 'shangdong', catalogue, tables);
  expect(missing[0]?.missing.reason).toBe('QUOTA_MISSING: there is no pack shangdong with quotas');
});
