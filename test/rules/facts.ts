import type { Denominators, PeriodFacts, Profile, Quantity } from '../../rules/contract.ts';

export const JINAN = '370100';
export const QINGDAO = '370200';

/** An agency of the city of Jinan (zone B of the Shandong quotas). */
export const ORGAN: Profile = {
  institution: 'office',
  type: 'organ',
  level: 'city',
  division: JINAN,
  heating: 'district-metered',
  class: 'A',
  hoursPerYear: 2500,
};

export const quantity = (
  carrier: Quantity['carrier'],
  amount: number,
  use: Quantity['use'] = 'ordinary',
  coverage = 1,
): Quantity => ({ carrier, use, amount, coverage, quality: 'metered' });

export const AREA: Denominators = { areaM2: 10_000, heatedAreaM2: 8_000, persons: 400, bedDays: 1_000 };

export const yearOf = (
  quantities: readonly Quantity[],
  profile: Profile = ORGAN,
  denominators: Denominators = AREA,
): PeriodFacts => ({ profile, from: '2025-01-01', to: '2026-01-01', quantities, denominators });

export const kWh = (amount: number): number => amount * 1_000;
export const m3 = (amount: number): number => amount * 1_000;
export const GJ = (amount: number): number => amount * 1_000_000;
