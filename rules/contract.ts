import type { Carrier, InstitutionType, Use } from '#domain';

/**
 * Shapes that the parts of the rules share. Every figure is a row with its source; every answer names the rows it used. Pure data: dates are
 * `YYYY-MM-DD` texts (half-open validity), regions are division codes (`000000` the nation, `620000` a province, `620100` a city) or grid regions (`grid:northwest`).
 */
export type Confidence = 'A' | 'B' | 'C' | 'D';

export interface Source {
  /** Number and title of the document. */
  readonly document: string;
  /** Clause, table or formula. */
  readonly clause: string;
  readonly year: number;
}

/** What every row of the catalogue carries. `verified` only for confidence A, or once a named person has confirmed the text. */
export interface CatalogueRow {
  /** `<file>/<row>`, stable: what an answer names. */
  readonly id: string;
  readonly region: string;
  readonly from: string;
  readonly to?: string | undefined;
  readonly source: Source;
  readonly confidence: Confidence;
  readonly verified: boolean;
  /** Who compared the row with the official text, when (`YYYY-MM-DD`) and where it was seen. */
  readonly confirmed?: { readonly by: string; readonly at: string; readonly text: string } | undefined;
  readonly note?: string | undefined;
}

/** The two bases of coal equivalent, never mixed in one answer. `statistics`: the national survey; else the quota standard's own set. */
export type FactorSetId = string;

/** Fuels that no meter of ours counts but the tables have. */
export const OTHER_FUELS = [
  'fuel-oil',
  'kerosene',
  'lng',
  'anthracite',
  'bituminous',
  'lignite',
  'washed-coal',
  'middlings',
  'coal-slurry',
  'briquette',
  'coke',
  'coke-oven-gas',
  'blast-furnace-gas',
  'piped-gas',
  'refinery-dry-gas',
] as const;
export type OtherFuel = (typeof OTHER_FUELS)[number];

export interface CoalFactor extends CatalogueRow {
  readonly kind: 'coal';
  /** `national-statistics`, `shandong-quota`, … */
  readonly set: FactorSetId;
  readonly carrier: Carrier | OtherFuel;
  /** Rows of one carrier that a table keeps apart: `gas-field`, `oil-field`, `low-pressure`, … */
  readonly variant?: string | undefined;
  /** kgce per `per`. */
  readonly value: number;
  readonly per: string;
}

export interface Density extends CatalogueRow {
  readonly kind: 'density';
  /** Whose practice: `JS/T 303-2026`, `audit-practice`. */
  readonly set: string;
  readonly carrier: Carrier | OtherFuel;
  readonly variant?: string | undefined;
  /** kg per litre. */
  readonly value: number;
}

export interface ElectricityCarbonFactor extends CatalogueRow {
  readonly kind: 'electricity-co2';
  readonly dataYear: number;
  /** `ets`: the series for enterprises in carbon trading, never mixed with the other three. */
  readonly basis: 'average' | 'residual' | 'fossil' | 'ets';
  /** kgCO2 per kWh. */
  readonly value: number;
  readonly published: string;
}

export interface FuelCarbonFactor extends CatalogueRow {
  readonly kind: 'fuel-co2' | 'heat-co2';
  /** `JS/T 303-2026`, `provincial-inventory`, … */
  readonly set: string;
  readonly carrier: Carrier | OtherFuel;
  readonly variant?: string | undefined;
  /** kgCO2 per `per`. */
  readonly value: number;
  readonly per: string;
  /** What the value is computed from: GJ/t (gas: GJ per 10⁴ Nm³), tC/TJ, share oxidised. */
  readonly formula?: { readonly ncv: number; readonly carbon: number; readonly oxidation: number } | undefined;
}

export const METRICS = [
  'energy-per-area',
  'non-heating-per-area',
  'energy-per-person',
  'electricity-per-area',
  'heating-per-heated-area',
  'data-centre-eue',
  'water-per-person',
  'water-per-bed-day',
  'water-per-area',
  'co2-per-area',
  'co2-per-person',
  'pv-share',
  'unattributed-share',
] as const;
export type Metric = (typeof METRICS)[number];

export { INSTITUTION_TYPES, type InstitutionType } from '#domain';

/** Limits of one metric. Energy has constraint ≥ base ≥ guide; water has general ≥ advanced; GB/T 51161 has constraint ≥ guide. */
export interface QuotaRow extends CatalogueRow {
  readonly kind: 'quota';
  /** Rule pack: `shandong`, `gbt-51161`, … */
  readonly pack: string;
  readonly standard: string;
  readonly table: string;
  readonly metric: Metric;
  readonly unit: string;
  readonly type: InstitutionType;
  /** province, city, county; hospital grade; absent: any. */
  readonly level?: string | undefined;
  /** A, B (Shandong) or a climate zone; absent: any. */
  readonly zone?: string | undefined;
  /** district-metered, air-conditioning, boiler; absent: any. */
  readonly heating?: string | undefined;
  /** A or B of GB/T 51161; day, boarding; absent: any. */
  readonly class?: string | undefined;
  readonly limits: {
    readonly constraint?: number | undefined;
    readonly base?: number | undefined;
    readonly guide?: number | undefined;
    readonly general?: number | undefined;
    readonly advanced?: number | undefined;
  };
  /** Its own coal factors. */
  readonly factorSet: FactorSetId;
}

export interface TargetRow extends CatalogueRow {
  readonly kind: 'target';
  readonly plan: string;
  readonly jurisdictionClass?: string | undefined;
  readonly metric: Metric | 'energy-total' | 'water-total' | 'co2-total';
  readonly baseYear: number;
  readonly targetYear: number;
  /** Change against the base year, such as −0.05. */
  readonly change?: number | undefined;
  /** Published value of the base year, in `unit`. */
  readonly base?: number | undefined;
  /** Cap, in `unit`. */
  readonly cap?: number | undefined;
  readonly unit: string;
}

/** An institution's standing facts that rules ask for. Absent means unknown: the answer is a question, never a guess. */
export interface Profile {
  readonly institution: string;
  readonly type?: InstitutionType | undefined;
  readonly level?: string | undefined;
  /** Division code of its city or county. */
  readonly division?: string | undefined;
  readonly heating?: string | undefined;
  readonly class?: string | undefined;
  /** Hours of use a year, for GB/T 51161. */
  readonly hoursPerYear?: number | undefined;
}

/** Time-weighted means over the period, exclusions already taken out with their area and heads. */
export interface Denominators {
  readonly areaM2?: number | undefined;
  readonly heatedAreaM2?: number | undefined;
  /** 用能人数, daily average. */
  readonly persons?: number | undefined;
  readonly bedDays?: number | undefined;
}

export type { Use } from '#domain';

/** One carrier's quantity in a period. `ordinary` holds what no other use claims: uses never overlap. */
export interface Quantity {
  readonly carrier: Carrier;
  readonly use: Use;
  /** Integer base units (Wh, L, kJ, g, mL). */
  readonly amount: number;
  /** Share of the time that is evidenced: by readings, or by documents. */
  readonly coverage: number;
  readonly quality: 'metered' | 'manual';
}

/** Everything that judging an institution's period needs. */
export interface PeriodFacts {
  readonly profile: Profile;
  /** First day included, day after the last. */
  readonly from: string;
  readonly to: string;
  readonly quantities: readonly Quantity[];
  readonly denominators: Denominators;
  /** The same with nothing taken out, as the national survey counts; absent where nothing is excluded. */
  readonly surveyDenominators?: Denominators | undefined;
  /** Electricity (Wh) that entered, and of it what no item or sub-meter claims; how well the sub-meters are evidenced. */
  readonly unattributed?: { readonly amount: number; readonly of: number; readonly coverage: number } | undefined;
}

/** Why a figure cannot be given. */
export type MissingCode =
  | 'BASE_MISSING'
  | 'COVERAGE_LOW'
  | 'DENOMINATOR_MISSING'
  | 'FACTOR_AMBIGUOUS'
  | 'FACTOR_MISSING'
  | 'FORECAST_MISSING'
  | 'HEAT_BY_AREA'
  | 'HISTORY_SHORT'
  | 'HOURS_MISSING'
  | 'METERED_AND_ENTERED'
  | 'MODEL_MISSING'
  | 'NOT_COUNTED'
  | 'PERIOD_NOT_A_YEAR'
  | 'PERIOD_SHORT'
  | 'PROFILE_INCOMPLETE'
  | 'QUANTITY_MISSING'
  | 'QUOTA_MISSING'
  | 'SERIES_UNKNOWN'
  | 'TARGET_MISSING'
  | 'TARGET_UNFIT'
  | 'TARIFF_MISSING'
  | 'TEMPERATURE_UNNAMED'
  | 'THRESHOLD_MISSING'
  | 'USE_ADRIFT'
  | 'USE_NEGATIVE'
  | 'USE_UNKNOWN'
  | 'ZONE_MISSING';

/** The code, which stays as it is, and particulars in English. */
export type MissingReason = `${MissingCode}: ${string}`;

/** A figure that could not be given, and what would make it possible. */
export interface Missing {
  readonly what: string;
  readonly reason: MissingReason;
  readonly cure: { readonly zh: string; readonly en: string };
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly missing: Missing };
