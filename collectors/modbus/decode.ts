import { invariantError } from '#domain';
import type { DecodeResult, ModbusRegister, ResolvedRegister, WordOrder } from '../contract.ts';
import { faceValue, resolveRegister, WORDS_OF } from '../devices/index.ts';
import type { PlannedRead } from './planner.ts';

/** What became of one register of a reply. */
export interface DecodedRegister {
  readonly register: ResolvedRegister;
  readonly result: DecodeResult;
}

/** Decodes one register out of the words of a reply, at its place in them. */
export type WordDecoder = (words: readonly number[], offset: number) => DecodeResult;

/**
 * The decoder of a register: byte order, type, markers, then the frame's integer. A value that cannot be trusted is a
 * failure with its reason, never a zero.
 */
export function decoderOf(
  register: ModbusRegister,
  resolved: ResolvedRegister = resolveRegister(register),
): WordDecoder {
  const count = WORDS_OF[register.type];
  const order = bytePlaces(register.order);
  const view = new DataView(new ArrayBuffer(count * 2));
  return (words, offset) => {
    if (offset < 0 || offset + count > words.length) return { ok: false, reason: 'too-short' };
    for (let place = 0; place < count * 2; place++) {
      const word = words[offset + (place >> 1)] ?? 0;
      view.setUint8(order[place] ?? 0, place % 2 === 0 ? word >> 8 : word & 0xff);
    }
    return faceValue(rawValue(view, register), resolved, register.markers);
  };
}

/** For each byte as it comes over the wire, its place counted from the most significant: CDAB gives 2, 3, 0, 1. */
const bytePlaces = (order: WordOrder): readonly number[] => Array.from(order, (letter) => letter.charCodeAt(0) - 65);

function rawValue(view: DataView, register: ModbusRegister): number | bigint {
  switch (register.type) {
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
  }
}

/** Decodes the registers of replies; decoders are made once per register. */
export function createDecoder(
  registers: readonly ModbusRegister[],
): (read: PlannedRead, words: readonly number[]) => readonly DecodedRegister[] {
  const known = new Map(
    registers.map((register) => {
      const resolved = resolveRegister(register);
      return [register.name, { resolved, decode: decoderOf(register, resolved) }];
    }),
  );
  return (read, words) =>
    read.registers.map((register) => {
      const entry = known.get(register.name);
      if (!entry) throw invariantError('REGISTER_NOT_PLANNED', `register ${register.name} is not of this device`);
      return { register: entry.resolved, result: entry.decode(words, register.address - read.address) };
    });
}
