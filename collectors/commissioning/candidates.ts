import { parseRational } from '#domain';
import { WORD_ORDERS, WORD_TYPES, type WordOrder, type WordType } from '../contract.ts';
import { WORDS_OF, wordsOfOrder } from '../devices/index.ts';
import { readerOf } from '../modbus/decode.ts';

/** Scales that meters are known to have (hidden divisors among them). */
export const SCALES = ['1', '0.1', '0.01', '0.001', '0.0001', '10', '100', '1000'] as const;

/** What speaks against an interpretation. The first five make it implausible. */
export const DOUBTS = [
  'not-finite',
  'no-value-marker',
  'out-of-range',
  'low-word-zero',
  'jumped',
  'fell',
  'negative',
  'zero',
] as const;
export type Doubt = (typeof DOUBTS)[number];

const WEIGHT: Readonly<Record<Doubt, number>> = {
  'not-finite': 100,
  'no-value-marker': 50,
  'out-of-range': 40,
  'low-word-zero': 25,
  jumped: 25,
  fell: 10,
  negative: 5,
  zero: 3,
};
const IMPLAUSIBLE = 25;
/** A float within the range of measured things hardly comes about by chance. */
const FLOAT_IN_RANGE = -2;

/** One way to read the words of a register. */
export interface Candidate {
  readonly type: WordType;
  readonly order: WordOrder;
  readonly scale: string;
  /** raw × scale, from the last of the readings. */
  readonly value: number;
  readonly doubts: readonly Doubt[];
  readonly plausible: boolean;
  /** Distance from what the face shows, as a share of it; absent where that is not known. */
  readonly off?: number | undefined;
}

interface Interpretation {
  readonly type: WordType;
  readonly order: WordOrder;
  readonly raw: number | bigint;
  readonly before: number | bigint | undefined;
}

/** What a face shows, and how much its last digit is worth. */
export interface Expected {
  readonly value: number;
  readonly digit: number;
}

/** A value this far from the face is another one. */
const NEAR = 0.05;

/**
 * What the words at one address may mean, likeliest first. `readings` are one or two replies, the later one last. Given
 * what the face shows, every type, order and scale by nearness, and only what is within 5 % of it; what agrees to the last
 * digit is ranked by plausibility. Else every type and order at scale 1 by plausibility.
 */
export function candidatesOf(readings: readonly (readonly number[])[], expected?: Expected): readonly Candidate[] {
  const interpretations = interpretationsOf(readings);
  if (expected === undefined) {
    return interpretations.map((one) => candidateOf(one, '1')).sort((a, b) => weightOf(a) - weightOf(b));
  }
  return interpretations
    .flatMap((one) => SCALES.map((scale) => candidateOf(one, scale, expected)))
    .map((one) => ({ one, beyond: beyondDigit(one.value, expected) }))
    .filter(({ one, beyond }) => beyond === 0 || (one.off ?? Infinity) <= NEAR)
    .sort((a, b) => a.beyond - b.beyond || weightOf(a.one) - weightOf(b.one) || (a.one.off ?? 0) - (b.one.off ?? 0))
    .map(({ one }) => one);
}

/** All types and orders for which the words suffice; integers with their unsigned form first. */
function interpretationsOf(readings: readonly (readonly number[])[]): readonly Interpretation[] {
  const [before, last = before] = readings.slice(-2);
  if (!before || !last) return [];
  return WORD_TYPES.flatMap((type) =>
    WORD_ORDERS.filter((order) => wordsOfOrder(order) === WORDS_OF[type] && WORDS_OF[type] <= last.length).flatMap(
      (order): readonly Interpretation[] => {
        const read = readerOf({ type, order });
        const raw = read(last, 0);
        return raw === undefined ? [] : [{ type, order, raw, before: before === last ? undefined : read(before, 0) }];
      },
    ),
  );
}

function candidateOf({ type, order, raw, before }: Interpretation, scale: string, expected?: Expected): Candidate {
  const value = scaled(raw, scale);
  const doubts = doubtsOf({ type, order, raw, before });
  return {
    type,
    order,
    scale,
    value,
    doubts,
    plausible: doubts.every((doubt) => WEIGHT[doubt] < IMPLAUSIBLE),
    ...(expected === undefined ? {} : { off: offOf(value, expected) }),
  };
}

function scaled(raw: number | bigint, scale: string): number {
  const { num, den } = parseRational(scale);
  return (Number(raw) * num) / den;
}

const offOf = (value: number, expected: Expected): number =>
  Math.abs(value - expected.value) / Math.max(Math.abs(expected.value), expected.digit);

/** Faces cut off or round what they have no digit for: 0 where the value is within one of the last digit. */
const beyondDigit = (value: number, expected: Expected): number => {
  const distance = Math.abs(value - expected.value);
  return distance <= expected.digit * (1 + 1e-9) ? 0 : distance;
};

const weightOf = ({ type, doubts }: Candidate): number =>
  doubts.reduce((sum, doubt) => sum + WEIGHT[doubt], isFloat(type) && doubts.length === 0 ? FLOAT_IN_RANGE : 0);

const isFloat = (type: WordType): boolean => type.startsWith('f');

/** Of measured things in the units that meters use. */
const LEAST_FLOAT = 1e-6;
const GREATEST_FLOAT = 1e9;
/** A counter of nine digits; what is beyond is a float or a wrong order. */
const GREATEST_INTEGER = 1e9;
const GREATEST_WIDE_INTEGER = 1e12;
/** Within seconds a meter moves by less. */
const JUMP = 0.2;
const LEAST_JUMP = 1_000;

function doubtsOf({ type, raw, before }: Interpretation): readonly Doubt[] {
  const value = Number(raw);
  if (!Number.isFinite(value)) return ['not-finite'];
  const size = Math.abs(value);
  const then = before === undefined ? value : Number(before);
  const moved = Math.abs(value - then);
  const checks: readonly (readonly [Doubt, boolean])[] = [
    ['no-value-marker', isMarker(type, value)],
    ['out-of-range', isFloat(type) ? size > 0 && (size < LEAST_FLOAT || size > GREATEST_FLOAT) : size > greatest(type)],
    ['low-word-zero', !isFloat(type) && WORDS_OF[type] > 1 && value !== 0 && value % 65_536 === 0],
    ['jumped', !Number.isFinite(then) || moved > Math.max(LEAST_JUMP, JUMP * Math.max(size, Math.abs(then)))],
    ['fell', value < then],
    ['negative', value < 0],
    ['zero', value === 0],
  ];
  return checks.flatMap(([doubt, holds]) => (holds ? [doubt] : []));
}

const greatest = (type: WordType): number => (WORDS_OF[type] > 2 ? GREATEST_WIDE_INTEGER : GREATEST_INTEGER);

/** All ones, the most negative and the most positive number: what meters say for "no value" (field facts, markers). */
function isMarker(type: WordType, value: number): boolean {
  const bits = WORDS_OF[type] * 16;
  if (type.startsWith('u')) return value === 2 ** bits - 1 || (bits === 16 && value === 0x8000);
  if (type.startsWith('i')) return value === -(2 ** (bits - 1)) || value === 2 ** (bits - 1) - 1 || value === -1;
  return false;
}
