import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadCatalogue } from '../../../rules/catalogue/index.ts';
import { convert, type ConvertRequest } from '../../../rules/conversion/index.ts';

const catalogue = loadCatalogue();
const gansu = { year: 2024, region: '620000' };
const of = (request: Partial<ConvertRequest>) =>
  convert({ carrier: 'electricity', quantity: 1000, unit: 'kWh', ...gansu, ...request }, catalogue);

test('1000 kWh in Gansu: both calibers of coal, carbon of the province, the residual view beside it', () => {
  const answer = of({ quotaSet: 'shandong-quota' });
  expect(answer.coalEquivalent).toMatchObject({ kgce: 122.9, caliber: 'national-statistics' });
  expect(answer.coalEquivalentQuota).toMatchObject([{ kgce: 310, caliber: 'shandong-quota' }]);
  expect(answer.carbon).toMatchObject({ kgCO2: 447.1, scope: 2 });
  expect(answer.carbon?.factor).toMatchObject({ region: '620000', confidence: 'A', verified: true });
  expect(answer.carbon?.factor.fallback?.en).toMatch(/2023.*2024/);
  expect(answer.carbonResidual).toMatchObject({ kgCO2: 609.6 });
  expect(answer.missing).toEqual([]);
  expect(answer.notes.map(({ en }) => en).join('\n')).toMatch(/region 370000, for comparison only/);
});

test('a region with quota standards is given their set alone, without a word about comparison', () => {
  const answer = of({ region: '370100' });
  expect(answer.coalEquivalentQuota.map(({ caliber }) => caliber)).toEqual(['shandong-quota']);
  expect(answer.notes.some(({ en }) => en.includes('comparison'))).toBe(false);
});

test('litres become kilograms by density, and the density stands among the rows', () => {
  const answer = of({ carrier: 'petrol', quantity: '1', unit: 'L' });
  expect(answer.coalEquivalent?.kgce).toBe(1.074122);
  expect(answer.coalEquivalent?.rows.map(({ unit }) => unit)).toEqual(['kgce/kg', 'kg/L']);
  expect(of({ carrier: 'petrol', quantity: '0.73', unit: 'kg' }).carbon?.kgCO2).toBe(2.179);
});

test('water has no coal equivalent and says so', () => {
  const answer = of({ carrier: 'water', unit: 't' });
  expect([answer.coalEquivalent, answer.carbon]).toEqual([null, null]);
  expect(answer.missing.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['coal factor:national-statistics:water', 'carbon factor:water']),
  );
});

test('what lacks a factor is named, and nothing stands in', () => {
  expect(of({ carrier: 'hydrogen', unit: 'kg' })).toMatchObject({ coalEquivalent: null, carbon: null });
  expect(of({ carrier: 'hydrogen', unit: 'kg' }).missing[0]).toMatchObject({ what: 'carrier:hydrogen' });
  expect(
    of({ carrier: 'cooling', unit: 'GJ' })
      .missing.map(({ what }) => what)
      .join(),
  ).toMatch(/coal factor.*carbon factor/);
});

test('green power of a direct line is 0, PV of one’s own outside, what is resold deducted', () => {
  expect(of({ use: 'green-direct' }).carbon?.kgCO2).toBe(0);
  expect(of({ use: 'pv-self-used' }).carbon?.kgCO2).toBe(0);
  expect(of({ use: 'resold' }).carbon?.kgCO2).toBe(-447.1);
});

test.each([
  [{ unit: 'm3' }, 'UNIT_UNKNOWN'],
  [{ carrier: 'natural-gas', unit: 't' }, 'UNIT_UNKNOWN'],
  [{ quantity: '-1' }, 'QUANTITY_INVALID'],
  [{ quantity: 'many' }, 'QUANTITY_INVALID'],
  [{ region: 'Gansu' }, 'REGION_INVALID'],
  [{ year: 24 }, 'YEAR_INVALID'],
])('%j is refused with a cure', (request, code) => {
  expect(() => of(request)).toThrow(expect.objectContaining({ code, cure: expect.any(String) }));
});

test('a set that keeps several rows of a carrier asks for the variant', () => {
  const gas = { carrier: 'natural-gas', unit: 'm3', quotaSet: 'gbt-2589' };
  expect(of(gas).missing.some(({ reason }) => reason.startsWith('FACTOR_AMBIGUOUS'))).toBe(true);
  expect(of({ ...gas, variant: 'gas-field' }).coalEquivalentQuota[0]?.kgce).toBe(1214.3);
});

test('twice as much is exactly twice the coal and carbon, in every unit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 9 }), fc.constantFrom('kWh', 'MWh', '度'), (quantity, unit) => {
      const [one, two] = [of({ quantity, unit }), of({ quantity: 2 * quantity, unit })];
      expect(two.coalEquivalent?.kgce).toBeCloseTo(2 * (one.coalEquivalent?.kgce ?? -1), 3);
      expect(two.carbon?.kgCO2).toBeCloseTo(2 * (one.carbon?.kgCO2 ?? -1), 3);
    }),
  );
});
