import { invariantError } from '#domain';
import type { DecodeResult, ModbusRegister, RegisterPart, ResolvedRegister, WordOrder, WordType } from '../contract.ts';
import { extentOf, faceValue, partsOf, resolveRegister, WORDS_OF } from '../devices/index.ts';
import type { PlannedRead } from './planner.ts';

/** What became of one register of a reply. */
export interface DecodedRegister {
  readonly register: ResolvedRegister;
  readonly result: DecodeResult;
}

/** Decodes one register out of the words of a reply; `offset` is where its lowest address stands in them. */
export type WordDecoder = (words: readonly number[], offset: number) => DecodeResult;

const NOT_BCD: DecodeResult = { ok: false, reason: 'not-bcd' };
const MARKED: DecodeResult = { ok: false, reason: 'no-value-marker' };

/**
 * The decoder of a register: byte order, type, markers, the sum of a split total, then the frame's integer. A value that
 * cannot be trusted is a failure with its reason, never a zero.
 */
export function decoderOf(
  register: ModbusRegister,
  resolved: ResolvedRegister = resolveRegister(register),
): WordDecoder {
  const { from, to } = extentOf(register);
  const parts = partsOf(register).map((part) => ({ read: readerOf(part), at: part.address - from, times: part.times }));
  const sum = partsOf(register).some(({ type }) => type.startsWith('f')) ? sumOfFloats : sumOfIntegers;
  const [own, ...further] = parts;
  const size = to - from;
  return (words, offset) => {
    if (!own || offset < 0 || offset + size > words.length) return { ok: false, reason: 'too-short' };
    const raw = own.read(words, offset + own.at);
    if (raw === undefined) return NOT_BCD;
    if (further.length === 0) return faceValue(raw, resolved, register.markers);
    const terms: Term[] = [];
    for (const { read, at, times } of parts) {
      const term = read(words, offset + at);
      if (term === undefined) return NOT_BCD;
      if (register.markers?.includes(Number(term))) return MARKED;
      terms.push({ raw: term, times });
    }
    return faceValue(sum(terms), resolved);
  };
}

interface Term {
  readonly raw: number | bigint;
  readonly times: number;
}

const sumOfFloats = (terms: readonly Term[]): number =>
  terms.reduce((sum, { raw, times }) => sum + Number(raw) * times, 0);

const sumOfIntegers = (terms: readonly Term[]): bigint =>
  terms.reduce((sum, { raw, times }) => sum + BigInt(raw) * BigInt(times), 0n);

/** Reads one number at a place of the words; nothing where a digit is none. */
type Reader = (words: readonly number[], offset: number) => number | bigint | undefined;

export function readerOf(part: Pick<RegisterPart, 'type' | 'order'>): Reader {
  return wordReader(part) ?? byteReader(part);
}

/** The types and orders that most meters have, as arithmetic on whole words: a third of the time that bytes take. */
function wordReader({ type, order }: Pick<RegisterPart, 'type' | 'order'>): Reader | undefined {
  if (order === 'AB' && type === 'u16') return (words, at) => words[at] ?? 0;
  if (order === 'AB' && type === 'i16') return (words, at) => ((words[at] ?? 0) << 16) >> 16;
  if (order !== 'ABCD' && order !== 'CDAB') return undefined;
  const [high, low] = order === 'ABCD' ? [0, 1] : [1, 0];
  if (type === 'u32') return (words, at) => (words[at + high] ?? 0) * 65_536 + (words[at + low] ?? 0);
  if (type === 'i32') return (words, at) => ((words[at + high] ?? 0) << 16) | (words[at + low] ?? 0);
  return undefined;
}

function byteReader({ type, order }: Pick<RegisterPart, 'type' | 'order'>): Reader {
  const bytes = WORDS_OF[type] * 2;
  const places = bytePlaces(order);
  const view = new DataView(new ArrayBuffer(bytes));
  return (words, offset) => {
    for (let place = 0; place < bytes; place++) {
      const word = words[offset + (place >> 1)] ?? 0;
      view.setUint8(places[place] ?? 0, place % 2 === 0 ? word >> 8 : word & 0xff);
    }
    return rawValue(view, type);
  };
}

/** For each byte as it comes over the wire, its place counted from the most significant: CDAB gives 2, 3, 0, 1. */
const bytePlaces = (order: WordOrder): readonly number[] => Array.from(order, (letter) => letter.charCodeAt(0) - 65);

function rawValue(view: DataView, type: WordType): number | bigint | undefined {
  switch (type) {
    case 'u16':
      return view.getUint16(0);
    case 'i16':
      return view.getInt16(0);
    case 'u32':
      return view.getUint32(0);
    case 'i32':
      return view.getInt32(0);
    case 'f32':
      return view.getFloat32(0);
    case 'u64':
      return view.getBigUint64(0);
    case 'i64':
      return view.getBigInt64(0);
    case 'f64':
      return view.getFloat64(0);
    case 'bcd4':
    case 'bcd8':
    case 'bcd12':
      return digitsOf(view);
  }
}

function digitsOf(view: DataView): number | undefined {
  let value = 0;
  for (let place = 0; place < view.byteLength; place++) {
    const byte = view.getUint8(place);
    if (byte >> 4 > 9 || (byte & 15) > 9) return undefined;
    value = value * 100 + (byte >> 4) * 10 + (byte & 15);
  }
  return value;
}

interface PlacedDecoder {
  readonly register: ResolvedRegister;
  readonly decode: WordDecoder;
  readonly offset: number;
}

/** Decodes the registers of replies; decoders are made once per register, and placed once per read. */
export function createDecoder(
  registers: readonly ModbusRegister[],
): (read: PlannedRead, words: readonly number[]) => readonly DecodedRegister[] {
  const known = new Map(
    registers.map((register) => {
      const resolved = resolveRegister(register);
      return [register.name, { resolved, from: extentOf(register).from, decode: decoderOf(register, resolved) }];
    }),
  );
  const placed = new WeakMap<PlannedRead, readonly PlacedDecoder[]>();
  const place = (read: PlannedRead): readonly PlacedDecoder[] => {
    const decoders = read.registers.map((register): PlacedDecoder => {
      const entry = known.get(register.name);
      if (!entry) throw invariantError('REGISTER_NOT_PLANNED', `register ${register.name} is not of this device`);
      return { register: entry.resolved, decode: entry.decode, offset: entry.from - read.address };
    });
    placed.set(read, decoders);
    return decoders;
  };
  return (read, words) =>
    (placed.get(read) ?? place(read)).map(({ register, decode, offset }) => ({
      register,
      result: decode(words, offset),
    }));
}
