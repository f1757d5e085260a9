import type { Quantity } from '../../rules/contract.ts';
import { type Evidence, evidenceOf } from '../../rules/evidence.ts';

/** What a target's amounts count. */
export type Measure = 'kgce' | 'kgCO2' | 'waterM3';

/** How well what a measure counts is evidenced; not at all where there is nothing. */
export function evidenceIn(measure: Measure, quantities: readonly Quantity[]): Evidence {
  const counted = quantities.filter(
    ({ carrier, use }) => (carrier === 'water') === (measure === 'waterM3') && use !== 'resold',
  );
  return counted.length === 0 ? { ...evidenceOf(counted), coverage: 0 } : evidenceOf(counted);
}

export interface TargetUnit {
  readonly measure: Measure;
  /** Base units (grams of coal or carbon dioxide, litres) in one. */
  readonly per: number;
}

/** Units of totals and caps. */
export const TARGET_UNITS: Readonly<Record<string, TargetUnit>> = {
  kgce: { measure: 'kgce', per: 1_000 },
  tce: { measure: 'kgce', per: 1_000_000 },
  kgCO2: { measure: 'kgCO2', per: 1_000 },
  tCO2: { measure: 'kgCO2', per: 1_000_000 },
  m3: { measure: 'waterM3', per: 1_000 },
  'm³': { measure: 'waterM3', per: 1_000 },
};
