import type { Bracket, GaugeSlot } from '#domain';

/** The brackets of one (device, UTC day, part): by register ordinal, each in order of `start`. */
export type DayBrackets = ReadonlyMap<number, readonly Bracket[]>;
export type DayGauges = ReadonlyMap<number, readonly GaugeSlot[]>;

/** Devices of more than 15 registers are split so that rows stay under 2 KB. */
export const REGISTERS_PER_PART = 15;
export const partOf = (ordinal: number): number => Math.floor(ordinal / REGISTERS_PER_PART);
