import type { Carrier, QuantityTable, SiteFacts, TemperatureTable } from '#domain';
import type {
  ApplyFactsAnswer,
  ConfirmationAnswer,
  DocumentAnswer,
  FactsAnswer,
  ImportQuantitiesAnswer,
  ImportTemperatureAnswer,
  QuantityAnswer,
  TemperatureAnswer,
} from './answers-facts.ts';
import type {
  BaselineAnswer,
  ConvertAnswer,
  CostsAnswer,
  DecomposeAnswer,
  FactorMoves,
  FactorsAnswer,
  IndicatorPeriod,
  IndicatorsAnswer,
  JudgeAnswer,
  TargetsAnswer,
} from './answers-rules.ts';
import type { Claim } from './service.ts';

/** What the rules are asked: part of the pipeline's one door (service.ts). */
export interface RulesService {
  /** Reads the catalogue, so that the first question need not wait for it. */
  readonly warm: () => Promise<void>;
  /** Facts in force; undefined before the first were applied. */
  readonly facts: (site: string) => Promise<FactsAnswer | undefined>;
  /** Writes a new version when `commit` and something differs. Throws FACTS_UNKNOWN for what the registry does not have, CLAIM_NEEDED. */
  readonly applyFacts: (
    facts: SiteFacts,
    options: Partial<Claim> & { readonly commit: boolean },
  ) => Promise<ApplyFactsAnswer>;

  readonly quantities: (query: QuantitiesQuery) => Promise<readonly QuantityAnswer[]>;
  /** Takes every row that can be taken and names each that cannot. A file imported twice changes nothing. */
  readonly importQuantities: (
    site: string,
    table: QuantityTable,
    options: ImportQuantitiesOptions,
  ) => Promise<ImportQuantitiesAnswer>;
  /** Keeps a document (at most 20 MB) by its SHA-256. Throws DOCUMENT_REFUSED, CLAIM_NEEDED. */
  readonly keepDocument: (
    site: string,
    document: { readonly name: string; readonly bytes: Uint8Array },
    by: string,
  ) => Promise<DocumentAnswer>;
  /** A document byte for byte. Throws DOCUMENT_UNKNOWN, DOCUMENT_DAMAGED. */
  readonly document: (
    site: string,
    sha256: string,
  ) => Promise<{ readonly document: DocumentAnswer; readonly content: Uint8Array }>;
  /** The XLSX to fill in: institutions and months of a year, what may be written in each column. */
  readonly quantityTemplate: (site: string, year: number) => Promise<Uint8Array>;

  /** Outdoor temperature by local day: of the series named, else of the source that the facts name. */
  readonly temperature: (query: TemperatureQuery) => Promise<TemperatureAnswer>;
  /** Takes every day that can be taken and names each row that cannot, and each day of too few hours. Throws CLAIM_NEEDED, SERIES_NAME_INVALID. */
  readonly importTemperature: (
    site: string,
    table: TemperatureTable,
    options: ImportTemperatureOptions,
  ) => Promise<ImportTemperatureAnswer>;
  /** Expected use by weather and workdays, and savings against it. Throws TIME_INVALID, PERIOD_EMPTY, SUBJECT_UNKNOWN. */
  readonly baseline: (query: BaselineQuery) => Promise<BaselineAnswer>;

  readonly indicators: (query: IndicatorsQuery) => Promise<IndicatorsAnswer>;
  readonly judge: (query: JudgeQuery) => Promise<JudgeAnswer>;
  readonly targets: (query: TargetsQuery) => Promise<TargetsAnswer>;
  /**
   * A total target divided among those who hold it, to the unit. Throws DECOMPOSITION_INVALID, QUANTITY_INVALID, UNIT_UNKNOWN, ROW_UNKNOWN,
   * each with its place.
   */
  readonly decompose: (query: DecomposeQuery) => Promise<DecomposeAnswer>;
  readonly costs: (query: CostsQuery) => Promise<CostsAnswer>;
  readonly convert: (query: ConvertQuery) => Promise<ConvertAnswer>;
  readonly factors: (query: FactorsQuery) => Promise<FactorsAnswer>;

  readonly confirmations: () => Promise<readonly ConfirmationAnswer[]>;
  /** A named person says that a row agrees with the official text. Throws ROW_UNKNOWN. */
  readonly confirmRow: (
    row: string,
    word: { readonly by: string; readonly text: string },
  ) => Promise<ConfirmationAnswer>;
  /** Rows that changed since they were last used, the closes that rest on the old ones, the open figures that moved. */
  readonly factorMoves: (site: string) => Promise<FactorMoves>;
}

export interface QuantitiesQuery {
  readonly site: string;
  readonly institution?: string | undefined;
  /** Months since year 0, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Also rows that were replaced. */
  readonly superseded?: boolean | undefined;
}

export interface ImportQuantitiesOptions {
  readonly by: string;
  readonly commit: boolean;
  /** Replaces what stands for a month with another value; needs a reason. */
  readonly replace?: boolean | undefined;
  readonly reason?: string | undefined;
  /**
   * SHA-256 of the documents that the rows name, by their name; the books must hold them. A single one is that of all rows which name none.
   * Rows that stand without their document get it.
   */
  readonly documents?: Readonly<Record<string, string>> | undefined;
}

export interface TemperatureQuery {
  readonly site: string;
  /** Local days as text: 2025, 2025-03..2026-02; both ends included. */
  readonly period: string;
  /** An imported series; absent: the source that the facts name. */
  readonly series?: string | undefined;
}

export interface ImportTemperatureOptions {
  readonly series: string;
  /** Who measured: station and its keeper. */
  readonly source: string;
  readonly by: string;
  readonly commit: boolean;
  /** Replaces what stands for a day with another value; needs a reason. */
  readonly replace?: boolean | undefined;
  readonly reason?: string | undefined;
}

export interface BaselineQuery {
  readonly site: string;
  /** Absent: the whole site. */
  readonly institution?: string | undefined;
  readonly carrier: Carrier;
  /** Of the baseline, as TemperatureQuery has it. */
  readonly period: string;
  /** What is compared with it; absent: the model alone. */
  readonly reporting?: string | undefined;
  readonly series?: string | undefined;
}

export interface IndicatorsQuery {
  readonly site: string;
  readonly institution: string;
  readonly year: number;
  /** 1–12: the month asked for; else the last that has ended in that year. */
  readonly month?: number | undefined;
  /** Absent: all. */
  readonly periods?: readonly IndicatorPeriod[] | undefined;
}

export interface JudgeQuery {
  readonly site: string;
  readonly institution: string;
  readonly year: number;
  /** Twelve months that end with this month of the year (1–12) in place of the calendar year. */
  readonly rollingTo?: number | undefined;
  /** Rule packs; absent: those of its region. */
  readonly packs?: readonly string[] | undefined;
}

export interface TargetsQuery {
  readonly site: string;
  readonly institution?: string | undefined;
  readonly year: number;
}

/** A holder as it is written; texts are decimals in the target's unit. */
export interface HolderText {
  /** Where it was written, for errors. */
  readonly place: string;
  readonly id: string;
  readonly parent?: string | undefined;
  readonly base?: string | undefined;
  readonly class?: string | undefined;
  /** Part of its parent's target, such as 0.25. */
  readonly share?: string | undefined;
  /** For those below it: equal-rate, classes, share. */
  readonly rule?: string | undefined;
}

export interface DecomposeQuery {
  /** A total, or a row of the catalogue that gives one. */
  readonly target: { readonly value: string; readonly unit: string; readonly year: number } | { readonly row: string };
  /** Of the bases. With a row it is the row's. */
  readonly baseYear?: number | undefined;
  readonly rule: 'equal-rate' | 'classes' | 'share';
  /** Change by class, such as −0.05. */
  readonly changes: Readonly<Record<string, number>>;
  /** Who shares it; else the institutions of a site by their figures of the base year, each with its share where the rule is by shares. */
  readonly among:
    | { readonly holders: readonly HolderText[] }
    | { readonly site: string; readonly shares: Readonly<Record<string, number>> };
}

export interface CostsQuery {
  readonly site: string;
  readonly institution: string;
  readonly year: number;
}

export interface ConvertQuery {
  /** A carrier, or a fuel of the catalogue. */
  readonly carrier: string;
  readonly quantity: string;
  readonly unit: string;
  readonly year: number;
  /** Division code; 000000 the nation. */
  readonly region: string;
}

export interface FactorsQuery {
  readonly kind?: string | undefined;
  readonly carrier?: string | undefined;
  readonly region?: string | undefined;
  readonly year?: number | undefined;
  readonly set?: string | undefined;
  /** Text within id, note or source. */
  readonly text?: string | undefined;
  readonly verified?: boolean | undefined;
  readonly limit?: number | undefined;
}
