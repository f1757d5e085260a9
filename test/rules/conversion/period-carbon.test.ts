import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadCatalogue } from '../../../rules/catalogue/index.ts';
import type { Quantity } from '../../../rules/contract.ts';
import { carbonOfPeriod, rateTables } from '../../../rules/conversion/index.ts';
import { GJ, JINAN, kWh, m3, quantity } from '../facts.ts';

const rates = rateTables(loadCatalogue())('national-statistics', JINAN, '2026-01-01');
const carbon = (quantities: readonly Quantity[]) => {
  const answer = carbonOfPeriod(quantities, rates);
  if (!answer.ok) throw new Error(answer.missing.reason);
  return answer.value;
};

test('scope 1 and 2 with vehicles, heat, green power, resale and PV as JS/T 303-2026 has them', () => {
  const account = carbon([
    quantity('electricity', kWh(1000)),
    quantity('electricity', kWh(500), 'green-direct'),
    quantity('electricity', kWh(300), 'pv-self-used'),
    quantity('electricity', kWh(100), 'resold'),
    quantity('heat', GJ(10), 'heating'),
    quantity('natural-gas', m3(10)),
    quantity('petrol', 100_000, 'vehicles'),
    quantity('water', m3(500)),
  ]);
  expect(account.parts).toEqual([
    { source: 'fixed-fuel', kgCO2: 21.84 },
    { source: 'mobile-fuel', kgCO2: 217.9 },
    { source: 'electricity', kgCO2: 619.1 },
    { source: 'heat', kgCO2: 1100 },
  ]);
  expect(account.kgCO2).toBe(1958.84);
  expect(account.resold).toBe(61.91);
  expect(account.residual?.kgCO2).toBe(1949.34);
});

test('a carrier without a factor makes the whole account missing', () => {
  expect(carbonOfPeriod([quantity('cooling', GJ(1))], rates)).toMatchObject({ ok: false });
});

test('parts add up to the total, and more of anything is never less carbon', () => {
  const uses = fc.constantFrom('ordinary' as const, 'vehicles' as const, 'green-direct' as const, 'heating' as const);
  const carriers = fc.constantFrom('electricity' as const, 'heat' as const, 'natural-gas' as const, 'petrol' as const);
  const quantities = fc
    .tuple(carriers, uses, fc.integer({ min: 0, max: 10 ** 12 }))
    .map(([carrier, use, amount]) => quantity(carrier, amount, use));
  fc.assert(
    fc.property(fc.array(quantities, { maxLength: 6 }), quantities, (some, more) => {
      const account = carbon(some);
      const added = account.parts.reduce((total, part) => total + BigInt(Math.round(part.kgCO2 * 1e6)), 0n);
      expect(Math.abs(Number(added) - account.kgCO2 * 1e6)).toBeLessThanOrEqual(account.kgCO2 * 1e-6 + 1e-3);
      expect(carbon([...some, more]).kgCO2).toBeGreaterThanOrEqual(account.kgCO2);
    }),
  );
});
