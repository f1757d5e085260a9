import type {
  CatalogueRow,
  CoalFactor,
  Density,
  ElectricityCarbonFactor,
  FuelCarbonFactor,
  InstitutionType,
  QuotaRow,
  TargetRow,
} from '../contract.ts';

/** A province in a grid region (`grid:south`), for the fallback of electricity factors. `region` is the province. */
export interface GridMembership extends CatalogueRow {
  readonly kind: 'grid';
  readonly grid: string;
}

/** A place in a scheme of climate zones. `region` is its division code; a county without a row takes its city's. */
export interface ZoneRow extends CatalogueRow {
  readonly kind: 'zone';
  /** `gb-50189`, `shandong`. */
  readonly scheme: string;
  readonly place: string;
  /** What quotas of the scheme are keyed by. */
  readonly zone: string;
  readonly subzone?: string | undefined;
  /** ℃·d below 18 ℃ and above 26 ℃. */
  readonly hdd18?: number | undefined;
  readonly cdd26?: number | undefined;
  readonly heatingDays?: number | undefined;
}

/**
 * Correction for actual use: the measured value × Π factors is what is compared with the limit; factor = constant + slope × ratio, where
 * ratio is reference ÷ actual (`reference-over-actual`) or actual ÷ reference.
 */
export interface CorrectionRow extends CatalogueRow {
  readonly kind: 'correction';
  readonly pack: string;
  readonly type: InstitutionType;
  readonly parameter: 'hours-per-year' | 'area-per-person';
  readonly constant: number;
  readonly slope: number;
  readonly ratio: 'reference-over-actual' | 'actual-over-reference';
  readonly reference: number;
  readonly unit: string;
}

export const COMPARISONS = ['yearly-task', 'plan-schedule', 'growth-limit'] as const;
export type Comparison = (typeof COMPARISONS)[number];

/**
 * Level 1 (worst) when the lag is at or above `level1`, 2 at or above `level2`, else 3. The lag is (task pro rata − progress) ÷ task of the
 * whole period, or, of `growth-limit`, (growth − limit pro rata) ÷ limit.
 */
export interface BarometerRow extends CatalogueRow {
  readonly kind: 'barometer';
  readonly comparison: Comparison;
  readonly level1: number;
  readonly level2: number;
}

/** The rules of one region that are judged by together; two packs can be laid side by side on one institution. */
export interface RulePack extends CatalogueRow {
  readonly kind: 'pack';
  readonly pack: string;
  readonly name: { readonly zh: string; readonly en: string };
  /** Scheme of climate zones that the pack's quotas are keyed by. */
  readonly zoneScheme?: string | undefined;
}

/** A published limit that none of our indicators computes; shown, never judged. */
export interface ReferenceLimit extends CatalogueRow {
  readonly kind: 'reference-limit';
  readonly subject: string;
  readonly unit: string;
  readonly level?: string | undefined;
  readonly limits: QuotaRow['limits'];
}

export type CatalogueEntry =
  | CoalFactor
  | Density
  | ElectricityCarbonFactor
  | (FuelCarbonFactor & { readonly kind: 'fuel-co2' })
  | (FuelCarbonFactor & { readonly kind: 'heat-co2' })
  | QuotaRow
  | TargetRow
  | GridMembership
  | ZoneRow
  | CorrectionRow
  | BarometerRow
  | RulePack
  | ReferenceLimit;

export type EntryKind = CatalogueEntry['kind'];
export type EntryOf<K extends EntryKind> = Extract<CatalogueEntry, { readonly kind: K }>;

/** A named person's word that a row says what the official text says. `at` is `YYYY-MM-DD`, `text` where it was read. */
export interface Confirmation {
  readonly row: string;
  readonly by: string;
  readonly at: string;
  readonly text: string;
}

export interface Catalogue {
  readonly rows: readonly CatalogueEntry[];
  readonly byId: ReadonlyMap<string, CatalogueEntry>;
  /** Rows whose values under `lookup` (a kind's own short key) are equal; what the choice functions read. */
  readonly byKey: ReadonlyMap<string, readonly CatalogueEntry[]>;
}
