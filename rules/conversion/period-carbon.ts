import type { Answer, Quantity } from '../contract.ts';
import { add, type Exact, roundHalfUp, roundParts, ZERO } from '../exact.ts';
import { unfitIn } from '../evidence.ts';
import type { FactorUse } from './factors.ts';
import { type Rates, weigh } from './rates.ts';

/** What JS/T 303-2026 puts in the account, by source; parts add up to the total. */
export const CARBON_SOURCES = ['fixed-fuel', 'mobile-fuel', 'electricity', 'heat'] as const;
export type CarbonSource = (typeof CARBON_SOURCES)[number];

export interface PeriodCarbon {
  readonly kgCO2: number;
  /** Scope 1 and 2, purchased energy that was not resold. */
  readonly parts: readonly { readonly source: CarbonSource; readonly kgCO2: number }[];
  /** Shown, not counted: power and heat handed on (already outside the parts). */
  readonly resold: number;
  /** The whole account with electricity by the residual factor; null when no such factor is known. */
  readonly residual: { readonly kgCO2: number; readonly factor: FactorUse } | null;
  readonly factors: readonly FactorUse[];
}

/** The account before rounding. */
export interface WeighedCarbon {
  readonly total: Exact;
  readonly bySource: Readonly<Record<CarbonSource, Exact>>;
  readonly resold: Exact;
  readonly residual: { readonly total: Exact; readonly factor: FactorUse } | null;
  readonly factors: readonly FactorUse[];
}

const sourceOf = ({ carrier, use }: Quantity): CarbonSource => {
  if (carrier === 'electricity') return 'electricity';
  if (carrier === 'heat' || carrier === 'steam' || carrier === 'cooling') return 'heat';
  return use === 'vehicles' ? 'mobile-fuel' : 'fixed-fuel';
};

/**
 * Carbon of a period by JS/T 303-2026, location-based; missing as soon as one carrier in it lacks a factor or a fit amount. Uses never
 * overlap, so leaving `resold` out is formula (4) and (5), purchased less resold; PV of one's own is outside.
 */
export function weighCarbon(quantities: readonly Quantity[], rates: Rates): Answer<WeighedCarbon> {
  const unfit = unfitIn(
    quantities.filter(({ carrier, use }) => carrier !== 'water' && use !== 'pv-self-used' && use !== 'resold'),
  );
  if (unfit) return { ok: false, missing: unfit };
  const bySource = { 'fixed-fuel': ZERO, 'mobile-fuel': ZERO, electricity: ZERO, heat: ZERO };
  const used = new Set<FactorUse>();
  let resold = ZERO;
  let gridPower = 0;
  for (const quantity of quantities) {
    const { carrier, use, amount } = quantity;
    if (carrier === 'water' || use === 'pv-self-used') continue;
    const rate = rates.carbon(carrier);
    if (!rate.ok) return rate;
    for (const factor of rate.value.factors) used.add(factor);
    if (use === 'resold') {
      resold = add(resold, weigh(amount, rate.value));
    } else if (carrier !== 'electricity' || use !== 'green-direct') {
      if (carrier === 'electricity') gridPower += amount;
      const source = sourceOf(quantity);
      bySource[source] = add(bySource[source], weigh(amount, rate.value));
    }
  }
  const burnt = add(add(bySource['fixed-fuel'], bySource['mobile-fuel']), bySource.heat);
  const other = rates.residual();
  const residual = other.ok
    ? { total: add(burnt, weigh(gridPower, other.value)), factor: other.value.factors[0] }
    : null;
  const total = add(burnt, bySource.electricity);
  return { ok: true, value: { total, bySource, resold, residual, factors: [...used] } };
}

/** The account of a period, rounded: parts add up to the total. */
export function carbonOfPeriod(quantities: readonly Quantity[], rates: Rates): Answer<PeriodCarbon> {
  const weighed = weighCarbon(quantities, rates);
  if (!weighed.ok) return weighed;
  const { total, bySource, resold, residual, factors } = weighed.value;
  const parts = roundParts(CARBON_SOURCES.map((source) => bySource[source]));
  return {
    ok: true,
    value: {
      kgCO2: roundHalfUp(total),
      parts: CARBON_SOURCES.map((source, at) => ({ source, kgCO2: parts[at] ?? 0 })),
      resold: roundHalfUp(resold),
      residual: residual && { kgCO2: roundHalfUp(residual.total), factor: residual.factor },
      factors,
    },
  };
}
