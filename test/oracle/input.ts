/**
 * What the oracle is given, in its own words: plain JSON in the shape of the product's registry and meter events, and log
 * records as raw text. Declared here again on purpose: nothing of the product is imported.
 */
export interface OracleInput {
  readonly registry: RegistryJson;
  readonly events: readonly EventJson[];
  readonly records: readonly RecordJson[];
}

export interface RecordJson {
  readonly partition?: number | undefined;
  readonly offset?: number | undefined;
  /** Epoch ms at which the record was appended to the log. */
  readonly appendedAt: number;
  /** The record as it lies in the log; it may be anything. */
  readonly value: string;
}

export interface RatioJson {
  readonly num: number;
  readonly den: number;
}

export interface TextJson {
  readonly zh: string;
  readonly en: string;
}

/** `from` is a local day, counted from 1970-01-01. */
export interface DatedJson<T> {
  readonly from: number;
  readonly value: T;
}

export interface RegistryJson {
  readonly site: {
    readonly id: string;
    readonly name: TextJson;
    readonly zone: string;
    readonly slotMinutes: 15 | 30 | 60;
  };
  readonly institutions: readonly InstitutionJson[];
  readonly premises: readonly {
    readonly id: string;
    readonly name: TextJson;
    readonly area: readonly DatedJson<number>[];
  }[];
  readonly devices: readonly DeviceJson[];
  readonly points: readonly PointJson[];
  readonly mountings: readonly MountingJson[];
}

export interface InstitutionJson {
  readonly id: string;
  readonly name: TextJson;
  readonly headcount: readonly DatedJson<number>[];
  readonly area: readonly DatedJson<number>[];
}

export type CarrierJson = 'electricity' | 'water' | 'natural-gas' | 'heat';

export interface RegisterJson {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly carrier?: CarrierJson | undefined;
  readonly unit: string;
  readonly scale: RatioJson;
  readonly modulus?: number | undefined;
}

export interface DeviceJson {
  readonly id: string;
  readonly model: string;
  readonly intervalMs: number;
  readonly registers: readonly RegisterJson[];
}

export interface PointJson {
  readonly id: string;
  readonly name: TextJson;
  readonly carrier: CarrierJson;
  readonly role: 'main' | 'sub' | 'generation' | 'export' | 'formula';
  readonly parent?: string | undefined;
  readonly terms?: readonly { readonly point: string; readonly sign: 1 | -1 }[] | undefined;
  readonly allocations: readonly DatedJson<AllocationJson>[];
}

export type AllocationJson =
  | { readonly basis: 'fixed'; readonly shares: readonly { readonly institution: string; readonly share: RatioJson }[] }
  | { readonly basis: 'area' | 'headcount'; readonly among: readonly string[]; readonly of?: number | undefined }
  | { readonly basis: 'sub-meter'; readonly by: readonly { readonly institution: string; readonly point: string }[] };

export interface MountingJson {
  readonly id: string;
  readonly point: string;
  readonly serial: string;
  readonly device: string;
  readonly register: string;
  readonly multiplier: RatioJson;
  readonly scale: RatioJson;
  readonly modulus?: number | undefined;
  readonly maxRate?: number | undefined;
  readonly backlash?: number | undefined;
  readonly mountedAt?: number | undefined;
  readonly initial?: number | undefined;
  readonly removedAt?: number | undefined;
  readonly final?: number | undefined;
}

export interface EventJson {
  readonly id: number;
  readonly site: string;
  readonly state: 'proposed' | 'active' | 'superseded';
  readonly body: EventBodyJson;
  readonly by: string;
  readonly reason: string;
  readonly recordedAt: number;
  readonly confirmedBy?: string | undefined;
  readonly confirmedAt?: number | undefined;
  readonly supersedes?: number | undefined;
}

export interface ReplacementJson {
  readonly kind: 'replacement';
  readonly point: string;
  readonly at: number;
  readonly final?: number | undefined;
  readonly initial?: number | undefined;
  readonly serial: string;
  readonly device?: string | undefined;
  readonly register?: string | undefined;
  readonly multiplier?: RatioJson | undefined;
  readonly modulus?: number | undefined;
  readonly maxRate?: number | undefined;
}

interface OfRegister {
  readonly device: string;
  readonly register: string;
}

export type ResetJson = OfRegister & {
  readonly kind: 'reset';
  readonly at: number;
  readonly final?: number | undefined;
  readonly initial?: number | undefined;
};
export type MultiplierJson = {
  readonly kind: 'multiplier';
  readonly point: string;
  readonly from: number;
  readonly multiplier: RatioJson;
};
export type ExcludeJson = OfRegister & { readonly kind: 'exclude'; readonly from: number; readonly to: number };
export type AdmitJson = OfRegister & {
  readonly kind: 'admit';
  readonly at: number;
  readonly amount?: number | undefined;
};
export type EventBodyJson = ReplacementJson | ResetJson | MultiplierJson | ExcludeJson | AdmitJson;
