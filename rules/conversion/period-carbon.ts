import type { Carrier } from '#domain';
import type { Answer, Quantity, Use } from '../contract.ts';
import { add, type Exact, multiply, roundHalfUp, roundParts, sum, ZERO } from '../exact.ts';
import type { FactorUse } from './factors.ts';
import { type Rate, type Rates, weigh } from './rates.ts';

/** What JS/T 303-2026 puts in the account, by source; parts add up to the total. */
export const CARBON_SOURCES = ['fixed-fuel', 'mobile-fuel', 'electricity', 'heat'] as const;
export type CarbonSource = (typeof CARBON_SOURCES)[number];

export interface PeriodCarbon {
  readonly kgCO2: number;
  readonly exact: Exact;
  /** Scope 1 and 2, purchased energy that was not resold. */
  readonly parts: readonly { readonly source: CarbonSource; readonly kgCO2: number }[];
  /** Shown, not counted: power and heat handed on (already outside the parts). */
  readonly resold: number;
  /** The whole account with electricity by the residual factor; null when no such factor is known. */
  readonly residual: { readonly kgCO2: number; readonly factor: FactorUse } | null;
  readonly factors: readonly FactorUse[];
}

/** Uses never overlap, so leaving `resold` out is formula (4) and (5): purchased less resold. PV of one's own is outside. */
const OUTSIDE: ReadonlySet<Use> = new Set<Use>(['resold', 'pv-self-used']);

const sourceOf = ({ carrier, use }: Quantity): CarbonSource => {
  if (carrier === 'electricity') return 'electricity';
  if (carrier === 'heat' || carrier === 'steam' || carrier === 'cooling') return 'heat';
  return use === 'vehicles' ? 'mobile-fuel' : 'fixed-fuel';
};

/** Carbon of a period by JS/T 303-2026, location-based; missing as soon as one carrier in it lacks a factor. */
export function carbonOfPeriod(quantities: readonly Quantity[], rates: Rates): Answer<PeriodCarbon> {
  const bySource = new Map<CarbonSource, Exact>(CARBON_SOURCES.map((source) => [source, ZERO]));
  const used = new Map<Carrier, Rate>();
  let resold = ZERO;
  let gridPower = 0n;
  for (const quantity of quantities) {
    const { carrier, use, amount } = quantity;
    if (carrier === 'water' || use === 'pv-self-used') continue;
    const rate = rates.carbon(carrier);
    if (!rate.ok) return rate;
    used.set(carrier, rate.value);
    const weighed = weigh(amount, rate.value);
    if (use === 'resold') resold = add(resold, weighed);
    if (OUTSIDE.has(use) || (carrier === 'electricity' && use === 'green-direct')) continue;
    if (carrier === 'electricity') gridPower += BigInt(amount);
    const source = sourceOf(quantity);
    bySource.set(source, add(bySource.get(source) ?? ZERO, weighed));
  }
  const parts = CARBON_SOURCES.map((source) => bySource.get(source) ?? ZERO);
  const rounded = roundParts(parts);
  const exact = sum(parts);
  return {
    ok: true,
    value: {
      kgCO2: roundHalfUp(exact),
      exact,
      parts: CARBON_SOURCES.map((source, at) => ({ source, kgCO2: rounded[at] ?? 0 })),
      resold: roundHalfUp(resold),
      residual: residualView(parts, gridPower, rates),
      factors: [...used.values()].flatMap(({ factors }) => factors),
    },
  };
}

function residualView(parts: readonly Exact[], gridPower: bigint, rates: Rates): PeriodCarbon['residual'] {
  const rate = rates.residual();
  if (!rate.ok) return null;
  const others = sum(parts.filter((_, at) => CARBON_SOURCES[at] !== 'electricity'));
  const power = multiply({ num: gridPower, den: 1n }, rate.value.perBase);
  return { kgCO2: roundHalfUp(add(others, power)), factor: rate.value.factors[0] };
}
