import type { Rational } from './rational.ts';

/**
 * What people enter about meters (ledger.md, 6). Never edited: a correction is a new event that supersedes. Face values
 * in face units, instants epoch ms.
 */
export type MeterEventBody =
  | {
      readonly kind: 'replacement';
      readonly point: string;
      readonly at: number;
      /** Of the old meter; absent: unknown, and what it counted since its last reading stays missing. */
      readonly final?: number | undefined;
      /** Of the new meter; absent: its first reading. */
      readonly initial?: number | undefined;
      readonly serial: string;
      /** Where they differ from the old meter's. */
      readonly device?: string | undefined;
      readonly register?: string | undefined;
      readonly multiplier?: Rational | undefined;
      readonly modulus?: number | undefined;
      readonly maxRate?: number | undefined;
    }
  | {
      readonly kind: 'reset';
      readonly device: string;
      readonly register: string;
      readonly at: number;
      readonly final?: number | undefined;
      readonly initial?: number | undefined;
    }
  | { readonly kind: 'multiplier'; readonly point: string; readonly from: number; readonly multiplier: Rational }
  | {
      readonly kind: 'exclude';
      readonly device: string;
      readonly register: string;
      readonly from: number;
      readonly to: number;
    }
  /** An outlier or pending reading is right; or, with `amount`, the amount of the break whose later reading stands at `at` is. */
  | {
      readonly kind: 'admit';
      readonly device: string;
      readonly register: string;
      readonly at: number;
      readonly amount?: number | undefined;
    };

export type MeterEventKind = MeterEventBody['kind'];
export const METER_EVENT_KINDS = [
  'replacement',
  'reset',
  'multiplier',
  'exclude',
  'admit',
] as const satisfies readonly MeterEventKind[];

export const NEEDS_SECOND_PERSON: Readonly<Record<MeterEventKind, boolean>> = {
  replacement: false,
  multiplier: false,
  reset: true,
  exclude: true,
  admit: true,
};

export const EVENT_STATES = ['proposed', 'active', 'superseded'] as const;

export interface MeterEvent {
  readonly id: number;
  readonly site: string;
  readonly state: (typeof EVENT_STATES)[number];
  readonly body: MeterEventBody;
  /** Claimed, not proven, until access control exists. */
  readonly by: string;
  readonly reason: string;
  readonly recordedAt: number;
  readonly confirmedBy?: string | undefined;
  readonly confirmedAt?: number | undefined;
  readonly supersedes?: number | undefined;
}
