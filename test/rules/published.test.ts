import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { loadCatalogue } from '../../rules/catalogue/index.ts';
import { convert } from '../../rules/conversion/index.ts';
import { add, divide, exactOf, multiply, parseExact, roundHalfUp, subtract, ZERO } from '../../rules/exact.ts';
import { hospitalHeads } from '../../rules/indicators/index.ts';

const pair = z.tuple([z.number(), z.string()]);
const triples = z.array(z.tuple([z.number(), z.number(), z.number()]));
const head = { id: z.string(), what: z.string() };
const vectorSchema = z.union([
  z.strictObject({ ...head, reproduces: z.literal(false), reason: z.string().min(20) }),
  z.strictObject({
    ...head,
    reproduces: z.literal(true),
    set: z.string(),
    inputs: z.record(z.string(), pair),
    printed: z.number(),
    within: z.number().optional(),
  }),
  z.strictObject({ ...head, reproduces: z.literal(true), quotients: triples }),
  z.strictObject({ ...head, reproduces: z.literal(true), changes: triples }),
  z.strictObject({
    ...head,
    reproduces: z.literal(true),
    carbon: z.strictObject({ carrier: z.string(), quantity: z.number(), unit: z.string() }),
    printed: z.number(),
  }),
  z.strictObject({ ...head, reproduces: z.literal(true), formulas: z.string() }),
]);
const vectors = z.array(vectorSchema).parse(parse(readFileSync('test/rules/published.yaml', 'utf8')));
const catalogue = loadCatalogue();
const V17 = ['electricity', 'natural-gas', 'petrol', 'coal', 'diesel'].map((carrier) => `V17-${carrier}`);

const kgce = (set: string, carrier: string, quantity: number, unit: string): number => {
  const answer = convert({ carrier, quantity, unit, year: 2019, region: '000000', quotaSet: set }, catalogue);
  return answer.coalEquivalentQuota[0]?.kgce ?? Number.NaN;
};

const named = <T extends { readonly id: string; readonly what: string }>(some: readonly T[]): [string, T][] =>
  some.map((vector) => [`${vector.id}, ${vector.what}`, vector]);
const weighed = vectors.filter((vector) => 'inputs' in vector);
const energyOf = ({ set, inputs }: (typeof weighed)[number]) =>
  Object.entries(inputs)
    .map(([carrier, [quantity, unit]]) => parseExact(kgce(set, carrier, quantity, unit)))
    .reduce(add, ZERO);

test.each(named(weighed.filter(({ within }) => within === undefined)))('%s: the factors give it', (_, vector) => {
  expect(roundHalfUp(energyOf(vector), 0)).toBe(vector.printed);
});

test.each(named(weighed.filter(({ within }) => within !== undefined)))('%s: the factors come near it', (_, vector) => {
  expect(Math.abs(roundHalfUp(energyOf(vector)) / vector.printed - 1)).toBeLessThan(vector.within ?? 0);
});

test.each(vectors.flatMap((vector) => ('quotients' in vector ? vector.quotients : [])))(
  '%d ÷ %d is %d',
  (cost, price, printed) => expect(roundHalfUp(divide(parseExact(cost), parseExact(price)), 1)).toBe(printed),
);

test.each(vectors.flatMap((vector) => ('changes' in vector ? vector.changes : [])))(
  '%d against %d is %d %%',
  (now, before, printed) => {
    const change = subtract(divide(parseExact(now), parseExact(before)), exactOf(1));
    expect(roundHalfUp(multiply(change, exactOf(100)), 2)).toBe(printed);
  },
);

test.each(named(vectors.filter((vector) => 'carbon' in vector)))('%s: JS/T 303-2026 gives it', (_, vector) => {
  const answer = convert({ ...vector.carbon, year: 2026, region: '620000' }, catalogue);
  expect(answer.carbon?.kgCO2).toBe(vector.printed);
});

const sets = vectors.flatMap((vector) => ('formulas' in vector ? [vector.formulas] : []));
const formulas = catalogue.rows.flatMap((row) =>
  row.kind === 'fuel-co2' && sets.includes(row.set) && row.formula ? [{ ...row, ...row.formula }] : [],
);

test.each(formulas)('$id is NCV × carbon × oxidation × 44/12', ({ value, per, ncv, carbon, oxidation }) => {
  // t/t = kg/kg; of gas t per 10⁴ m³ from GJ per 10⁴ m³: kg/m³ is a tenth of it.
  const perThousand = ['kg', 't'].includes(per) ? 1 : 10;
  const factor = (ncv * carbon * oxidation * 44) / 12 / 1000 / perThousand;
  // printed to four or five digits
  expect(Math.abs(value / factor - 1)).toBeLessThan(1e-4);
});

test('the list is whole: what reproduces, and what does not with its reason', () => {
  const of = (reproduces: boolean) => vectors.filter((vector) => vector.reproduces === reproduces).map(({ id }) => id);
  expect(of(true)).toEqual(['V1', 'V2', 'V3', 'V5', 'V6', 'V7', 'V10', 'V11', ...V17.slice(0, 4)]);
  expect(of(false)).toEqual(['V4', 'V8', 'V9', 'V12', 'V13', 'V14', 'V15', 'V16', ...V17.slice(4)]);
  expect(formulas.length).toBeGreaterThanOrEqual(10);
});

test('the printed heads of V14 are not what its inputs give', () => {
  const heads = hospitalHeads({
    permanent: 1800,
    temporary: 2500,
    interns: 600,
    internMonths: 11,
    beds: 2600,
    occupancy: 0.95,
    outpatientVisits: 202_530,
  });
  expect(heads.toFixed(2)).toBe('7874.88');
});

test('diesel of V17 does not reproduce', () => {
  expect(kgce('national-statistics', 'diesel', 5_068_100, 'L') / 6_300_000).toBeGreaterThan(1.007);
});

test('factors per litre of JS/T 303-2026 are heating value × IPCC factor × density', () => {
  const printed = {
    'fuel-oil': [41.816, 77.4],
    petrol: [43.07, 69.3],
    diesel: [42.652, 74.1],
    kerosene: [43.07, 71.9],
  };
  for (const [fuel, [lhv = 0, perTJ = 0]] of Object.entries(printed)) {
    const answer = convert({ carrier: fuel, quantity: 1, unit: 'kg', year: 2026, region: '000000' }, catalogue);
    expect(answer.carbon?.kgCO2, fuel).toBeCloseTo((lhv * perTJ) / 1000, 2);
  }
});

test('what the five-year plan derives for 2025 follows from base and change', () => {
  const rows = catalogue.rows.filter(
    (row) => row.kind === 'target' && row.region === '000000' && row.targetYear === 2025,
  );
  const derived = { 'energy-per-area': 17.556, 'energy-per-person': 309.79, 'water-per-person': 20.238 };
  for (const [metric, value] of Object.entries(derived)) {
    const row = rows.find((each) => each.kind === 'target' && each.metric === metric);
    if (row?.kind !== 'target' || row.base === undefined || row.change === undefined) throw new Error(`no ${metric}`);
    const exact = multiply(parseExact(row.base), add(exactOf(1), parseExact(row.change)));
    expect(roundHalfUp(exact, value === 309.79 ? 2 : 3)).toBe(value);
  }
});

test('the Shandong quotas of organs are plausible: non-heating energy at 0.31 is within 12 % of the electricity', () => {
  const organs = catalogue.rows.filter(
    (row) => row.kind === 'quota' && row.pack === 'shandong' && row.type === 'organ',
  );
  const limit = (metric: string, level?: string, zone?: string): number => {
    const row = organs.find(
      (each) => each.kind === 'quota' && each.metric === metric && each.level === level && each.zone === zone,
    );
    return row?.kind === 'quota' ? (row.limits.constraint ?? Number.NaN) : Number.NaN;
  };
  const pairs = organs.flatMap((row) => (row.kind === 'quota' && row.metric === 'non-heating-per-area' ? [row] : []));
  expect(pairs).toHaveLength(5);
  for (const { level, zone } of pairs) {
    const ratio = limit('non-heating-per-area', level, zone) / 0.31 / limit('electricity-per-area', level, zone);
    expect(Math.abs(ratio - 1), `${level} ${zone}`).toBeLessThan(0.12);
  }
});
