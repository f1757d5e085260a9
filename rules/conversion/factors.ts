import type { Carrier } from '#domain';
import type { CatalogueRow, Confidence, OtherFuel, Source } from '../contract.ts';

export interface LocalNote {
  readonly zh: string;
  readonly en: string;
}

/** What the calculator knows: the carriers of meters, and fuels that no meter of ours measures. */
export type Fuel = Carrier | OtherFuel;

/** A row as an answer names it. */
export interface FactorUse {
  readonly id: string;
  readonly value: number;
  /** Such as `kgce/kWh`, `kg/L`. */
  readonly unit: string;
  readonly region: string;
  readonly source: Source;
  readonly confidence: Confidence;
  readonly verified: boolean;
  /** What was given up to find it: an earlier year, a wider region. Absent when the row is the one asked for. */
  readonly fallback?: LocalNote | undefined;
  readonly note?: string | undefined;
}

export function factorUse(
  row: CatalogueRow & { readonly value: number },
  unit: string,
  fallback?: LocalNote,
): FactorUse {
  return {
    id: row.id,
    value: row.value,
    unit,
    region: row.region,
    source: row.source,
    confidence: row.confidence,
    verified: row.verified,
    ...(fallback && { fallback }),
    ...(row.note !== undefined && { note: row.note }),
  };
}

/** The statistics caliber (national survey), beside which a quota's own set may stand. */
export const STATISTICS_SET = 'national-statistics';
