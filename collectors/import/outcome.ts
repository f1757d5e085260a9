import type { FrameDraft, LocalText } from '#domain';

/** What a file of readings was understood to be, for a person to check before anything is written. */
export interface Understood {
  readonly name: string;
  readonly format: 'csv' | 'xlsx';
  readonly encoding?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly sheet?: string | undefined;
  /** long: a row is a reading; wide: a row is a time, a column a register. */
  readonly form: 'long' | 'wide';
  /** Number of the row with the names of the columns. */
  readonly headerRow: number;
  readonly columns: readonly UnderstoodColumn[];
  /** Zone of times that carry none, and who said so. */
  readonly zone: string;
  readonly zoneFrom: 'option' | 'header' | 'site';
  /** How 03/04/2025 was read, and how many dates could as well be read the other way. */
  readonly dates: DateOrder;
  readonly ambiguousDates: number;
  /** Dates such as 25/04/2025 that can only be read in this order: they show that it is right. */
  readonly provenDates: number;
  /** Times without a time of day: read as local midnight. */
  readonly datesOnly: number;
  /** Local times that the clock showed twice: read as the first. */
  readonly repeatedTimes: number;
  /** Rows below the header, empty ones not counted. */
  readonly rows: number;
  /** Distinct readings, those that stand more than once, and cells without a reading in wide form. */
  readonly readings: number;
  readonly duplicates: number;
  readonly blanks: number;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export type DateOrder = 'day-first' | 'month-first';

export const COLUMN_ROLES = ['register', 'device', 'date', 'time', 'value', 'unit'] as const;
export type ColumnRole = (typeof COLUMN_ROLES)[number];

export interface UnderstoodColumn {
  /** From 1. */
  readonly column: number;
  readonly header: string;
  readonly role: ColumnRole | 'ignored';
  /** Of values: the unit, where the column has one of its own. */
  readonly unit?: string | undefined;
}

export const REFUSALS = [
  'REGISTER_MISSING',
  'REGISTER_UNKNOWN',
  'REGISTER_AMBIGUOUS',
  'NO_METER_THEN',
  'NOT_A_COUNTER',
  'TIME_MISSING',
  'TIME_INVALID',
  'TIME_SKIPPED',
  'VALUE_MISSING',
  'VALUE_INVALID',
  'VALUE_FINER',
  'NUMBER_AMBIGUOUS',
  'UNIT_MISSING',
  'UNIT_UNKNOWN',
  'FORMULA',
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

/** A row (of wide form: a cell) that is not taken, as the file has it. Row and column count from 1. */
export interface RefusedRow {
  readonly row: number;
  readonly column?: number | undefined;
  readonly text: string;
  readonly code: RefusalCode;
  readonly reason: LocalText;
}

export interface Readings {
  readonly understood: Understood;
  /** One per device and time, sorted, ready for the spool. Two values of one register at one time make two frames. */
  readonly frames: readonly FrameDraft[];
  readonly refused: readonly RefusedRow[];
}

/** Part of a row read, or why not. */
export type Part<T> = { readonly ok: true; readonly value: T } | Refused;
export interface Refused {
  readonly ok: false;
  readonly code: RefusalCode;
  readonly reason: LocalText;
}

export const part = <T>(value: T): Part<T> => ({ ok: true, value });
export const refused = (code: RefusalCode, zh: string, en: string): Refused => ({
  ok: false,
  code,
  reason: { zh, en },
});
