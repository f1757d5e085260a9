import type { Carrier } from './carrier.ts';
import type { Rational } from './rational.ts';
import type { Dated } from './registry.ts';

/**
 * Standing facts of a site that no meter tells and that rules ask for: what an institution is, who uses its energy, what a point's energy is used
 * for, what it costs, what it is to become. The books hold them by version. Days are local day numbers, months are months since year 0 (calendar.ts).
 */
export const INSTITUTION_TYPES = [
  'organ',
  'hospital',
  'library',
  'museum',
  'theatre',
  'gymnasium',
  'science-museum',
  'university',
  'school',
  'kindergarten',
  'service-centre',
  'other',
] as const;
export type InstitutionType = (typeof INSTITUTION_TYPES)[number];

export const USES = [
  'ordinary',
  'heating',
  'vehicles',
  'data-centre',
  'data-centre-it',
  'canteen',
  'laundry',
  'resold',
  'green-direct',
  'pv-self-used',
] as const;
export type Use = (typeof USES)[number];

/** Of quantities by hand: a use, or that meters count it already and the row is their bill, whose cost alone is used. */
export const QUANTITY_USES = [...USES, 'metered'] as const;
export type QuantityUse = (typeof QUANTITY_USES)[number];

/** Uses whose area and persons a standard takes out of the denominators with their energy. */
export const EXCLUDED_USES = ['data-centre', 'canteen', 'laundry'] as const;
export type ExcludedUse = (typeof EXCLUDED_USES)[number];

export interface SiteFacts {
  readonly site: string;
  readonly institutions: readonly InstitutionFacts[];
  readonly points: readonly PointFacts[];
  readonly tariffs: readonly Tariff[];
  readonly targets: readonly TargetFacts[];
  readonly temperature?: TemperatureSource | undefined;
}

/** Absent means unknown: the answer is then a question, never a guess. */
export interface InstitutionFacts {
  readonly id: string;
  readonly type?: InstitutionType | undefined;
  /** province, city, county, township. */
  readonly level?: string | undefined;
  /** Division code (GB/T 2260) of its city or county. */
  readonly division?: string | undefined;
  /** Of a hospital or a school: as the quota's table has it. */
  readonly grade?: string | undefined;
  readonly heating?: string | undefined;
  /** A or B of GB/T 51161; day or boarding of a school. */
  readonly class?: string | undefined;
  readonly hoursPerYear?: number | undefined;
  readonly heatedArea: readonly Dated<number>[];
  /** Daily averages: students present, persons served in hospital, visitors (survey's definition of 用能人数). */
  readonly students: readonly Dated<number>[];
  readonly patients: readonly Dated<number>[];
  readonly visitors: readonly Dated<number>[];
  readonly beds: readonly Dated<number>[];
  /** Occupied bed-days of a month. */
  readonly bedDays: readonly { readonly month: number; readonly value: number }[];
  readonly excluded: readonly ExcludedFacts[];
}

export interface ExcludedFacts {
  readonly use: ExcludedUse;
  readonly area: readonly Dated<number>[];
  readonly persons: readonly Dated<number>[];
}

export interface PointFacts {
  readonly point: string;
  readonly use?: Use | undefined;
  /** Id of a tariff of its carrier. */
  readonly tariff?: string | undefined;
}

export interface TargetFacts {
  readonly id: string;
  /** Absent: of the whole site. */
  readonly institution?: string | undefined;
  /** A metric of rules/contract.ts, or energy-total, water-total, co2-total. */
  readonly metric: string;
  readonly baseYear: number;
  readonly targetYear: number;
  /** Change against the base year, such as −0.05; or a cap in `unit`. */
  readonly change?: number | undefined;
  readonly cap?: number | undefined;
  readonly unit?: string | undefined;
  /** Who set it: document and number. */
  readonly source: string;
}

/** Unit of a gauge that can stand for the outdoor temperature: thousandths of a degree. */
export const TEMPERATURE_UNIT = 'm°C';

export type TemperatureSource =
  | { readonly kind: 'gauge'; readonly device: string; readonly register: string }
  | { readonly kind: 'series'; readonly name: string };

/** What a carrier costs, from a day on. Prices are millionths of a yuan per base unit, exact. */
export interface Tariff {
  readonly id: string;
  readonly carrier: Carrier;
  readonly terms: readonly Dated<TariffTerms>[];
}

export type TariffTerms = (FlatTerms | TieredTerms | TimeOfUseTerms) & { readonly capacity?: Capacity | undefined };

export interface FlatTerms {
  readonly kind: 'flat';
  readonly price: Rational;
}

export interface TieredTerms {
  readonly kind: 'tiered';
  readonly cycle: 'month' | 'year';
  /** Rising; the last has no end. `upTo` in base units of the cycle's total. */
  readonly tiers: readonly { readonly upTo?: number | undefined; readonly price: Rational }[];
}

export const TARIFF_PERIODS = ['sharp', 'peak', 'flat', 'valley', 'deep-valley'] as const;
export type TariffPeriod = (typeof TARIFF_PERIODS)[number];

export interface TimeOfUseTerms {
  readonly kind: 'time-of-use';
  readonly seasons: readonly TariffSeason[];
}

/** Months 1–12; every local hour 0–23 in one period. Seasons cover the year once. */
export interface TariffSeason {
  readonly months: readonly number[];
  readonly hours: readonly TariffPeriod[];
  readonly prices: Readonly<Partial<Record<TariffPeriod, Rational>>>;
}

/** Charged a month: fen × 10⁴ (millionths of a yuan). */
export interface Capacity {
  readonly perMonth: number;
}

/** What is entered by hand, month by month, where no meter counts it. */
export const QUANTITY_KINDS = [
  'electricity',
  'water',
  'natural-gas',
  'heat',
  'cooling',
  'steam',
  'coal',
  'petrol',
  'diesel',
  'lpg',
  'heat-by-area',
  'paper',
  'food-waste',
] as const;
export type QuantityKind = (typeof QUANTITY_KINDS)[number];

/** A row of a file or request as people wrote it: texts by column, the row's number, and what makes a cell unusable before it is read. */
export interface QuantityDraft {
  readonly row: number;
  readonly cells: Readonly<Partial<Record<QuantityColumn, string>>>;
  readonly faults?: readonly { readonly column: QuantityColumn; readonly code: 'FORMULA' | 'MERGED' }[] | undefined;
}

export const QUANTITY_COLUMNS = [
  'institution',
  'month',
  'kind',
  'use',
  'quantity',
  'unit',
  'cost',
  'document',
  'note',
] as const;
export type QuantityColumn = (typeof QUANTITY_COLUMNS)[number];

/** A file of quantities, read but not judged. */
export interface QuantityTable {
  readonly name: string;
  readonly sha256: string;
  readonly drafts: readonly QuantityDraft[];
}

/** What a row of outdoor temperatures says: `time` a local day, or a day and a full hour. */
export const TEMPERATURE_COLUMNS = ['time', 'temperature', 'unit'] as const;
export type TemperatureColumn = (typeof TEMPERATURE_COLUMNS)[number];

export interface TemperatureDraft {
  readonly row: number;
  readonly cells: Readonly<Partial<Record<TemperatureColumn, string>>>;
  readonly faults?: readonly { readonly column: TemperatureColumn; readonly code: 'FORMULA' | 'MERGED' }[] | undefined;
}

/** A file of outdoor temperatures, read but not judged. */
export interface TemperatureTable {
  readonly name: string;
  readonly sha256: string;
  readonly drafts: readonly TemperatureDraft[];
}
