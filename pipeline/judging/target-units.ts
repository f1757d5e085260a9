/** What a target's amounts count. */
export type Measure = 'kgce' | 'kgCO2' | 'waterM3';

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
