import type { ReadRequest } from './transport.ts';

/** Frames of MODBUS over Serial Line V1.02, 2.5.1: unit, function, data, CRC. Pure. */

/** CRC-16 of MODBUS over Serial Line V1.02, 6.2.2; sent low byte first. Over a frame with its CRC it is 0. */
export function crcOf(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0xffff;
  for (let i = from; i < to; i++) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return crc;
}

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

const REQUEST_BYTES = 8;
const EXCEPTION_BYTES = 5;
/** Unit, function, byte count, CRC. */
const REPLY_OVERHEAD = 5;
const EXCEPTION_BIT = 0x80;

export function requestFrame({ unit, fc, address, words }: ReadRequest): Buffer {
  const frame = Buffer.alloc(REQUEST_BYTES);
  frame.writeUInt8(unit, 0);
  frame.writeUInt8(fc, 1);
  frame.writeUInt16BE(address, 2);
  frame.writeUInt16BE(words, 4);
  frame.writeUInt16LE(crcOf(frame, 0, 6), 6);
  return frame;
}

/** Characters of the longest answer to a request. */
export const replyBytes = ({ words }: ReadRequest): number => REPLY_OVERHEAD + 2 * words;

/** What the bytes heard since a request say. */
export type Heard =
  | { readonly kind: 'nothing' }
  /** It may still become the answer. */
  | { readonly kind: 'part' }
  | { readonly kind: 'words'; readonly words: readonly number[] }
  | { readonly kind: 'exception'; readonly code: number }
  /** A whole frame of another unit, or to another unit. */
  | { readonly kind: 'foreign'; readonly unit: number; readonly detail: string }
  /** It cannot become the answer any more. `whole`: nor will more bytes tell what it was. */
  | { readonly kind: 'garbled'; readonly detail: string; readonly whole: boolean };

/** Levels of an idle line while drivers switch: no unit has these addresses on a serial line, so no frame begins with them. */
const isIdleByte = (byte: number | undefined): boolean => byte === 0x00 || byte === 0xff;

/** Nothing but what drivers leave on a line when they switch: no frame, and part of none that is still coming. */
export const isIdle = (bytes: Buffer): boolean => bytes.every(isIdleByte);

/**
 * Judges all that was heard since `request` was sent, strictly: unit, function, byte count, length and CRC must be those of
 * the answer, and nothing may follow it. An exact echo of the request (two-wire adapters) and idle bytes around the frame
 * are taken off.
 */
export function judge(heard: Buffer, request: ReadRequest, sent: Buffer): Heard {
  let bytes = withoutLeadingIdle(heard);
  if (bytes.length === 0) return { kind: 'nothing' };
  if (bytes.length >= REQUEST_BYTES && bytes.subarray(0, REQUEST_BYTES).equals(sent)) {
    bytes = withoutLeadingIdle(bytes.subarray(REQUEST_BYTES));
    if (bytes.length === 0) return { kind: 'nothing' };
  }
  const reply = judgeReply(bytes, request);
  const mayBeEcho = bytes.length < REQUEST_BYTES && bytes.equals(sent.subarray(0, bytes.length));
  return mayBeEcho && reply.kind !== 'words' ? { kind: 'part' } : reply;
}

function judgeReply(bytes: Buffer, { unit, fc, words }: ReadRequest): Heard {
  const [first, second, count] = [bytes[0] ?? 0, bytes[1], bytes[2]];
  if (first !== unit) return foreignOrGarbled(bytes, unit, `unit ${unit} was asked, unit ${first} spoke`);
  if (second === undefined) return { kind: 'part' };
  if (second === (fc | EXCEPTION_BIT)) {
    if (bytes.length < EXCEPTION_BYTES) return { kind: 'part' };
    return exact(bytes, EXCEPTION_BYTES) ?? { kind: 'exception', code: count ?? 0 };
  }
  if (second !== fc) return garbled(`function ${fc} was asked, ${second} answered`, bytes);
  if (count === undefined) return { kind: 'part' };
  if (count !== 2 * words) return garbled(`${2 * words} bytes were asked for, ${count} announced`, bytes);
  const length = REPLY_OVERHEAD + 2 * words;
  if (bytes.length < length) return { kind: 'part' };
  return exact(bytes, length) ?? { kind: 'words', words: wordsOf(bytes, words) };
}

/** What is wrong with a frame that must be exactly this long; nothing, if it is right. */
function exact(bytes: Buffer, length: number): Heard | undefined {
  if (crcOf(bytes, 0, length) !== 0) return { kind: 'garbled', detail: 'the CRC is wrong', whole: true };
  const rest = bytes.subarray(length);
  if (isIdle(rest)) return undefined;
  return { kind: 'garbled', detail: `${rest.length} bytes follow the answer`, whole: true };
}

function foreignOrGarbled(bytes: Buffer, asked: number, detail: string): Heard {
  const frame = framesIn(bytes).find(({ unit }) => unit !== asked);
  return frame ? { kind: 'foreign', unit: frame.unit, detail } : garbled(detail, bytes);
}

const garbled = (detail: string, bytes: Buffer): Heard => ({
  kind: 'garbled',
  detail,
  whole: framesIn(bytes).length > 0,
});

const withoutLeadingIdle = (bytes: Buffer): Buffer => {
  let from = 0;
  while (from < bytes.length && isIdleByte(bytes[from])) from++;
  return bytes.subarray(from);
};

const wordsOf = (bytes: Buffer, words: number): readonly number[] =>
  Array.from({ length: words }, (_, i) => bytes.readUInt16BE(3 + 2 * i));

/** A frame found in what was overheard: its CRC holds. */
export interface OverheardFrame {
  readonly unit: number;
  readonly fc: number;
  /** `words` of a reply to a read; undefined for anything else. */
  readonly words?: number | undefined;
}

/** The whole frames in bytes that nobody had asked for, wherever they begin. */
export function framesIn(bytes: Buffer): readonly OverheardFrame[] {
  const frames: OverheardFrame[] = [];
  for (let at = 0; at + EXCEPTION_BYTES <= bytes.length;) {
    const length = frameLengths(bytes, at).find((n) => at + n <= bytes.length && crcOf(bytes, at, at + n) === 0);
    if (length === undefined) at += 1;
    else {
      frames.push(overheard(bytes, at, length));
      at += length;
    }
  }
  return frames;
}

function overheard(bytes: Buffer, at: number, length: number): OverheardFrame {
  const [unit, fc, count] = [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0];
  return length === REPLY_OVERHEAD + count && count % 2 === 0 ? { unit, fc, words: count / 2 } : { unit, fc };
}

/** How long a frame that begins here may be: an exception, a reply to a read, a request or the reply to a write. */
function frameLengths(bytes: Buffer, at: number): readonly number[] {
  if (isIdleByte(bytes[at])) return [];
  if (((bytes[at + 1] ?? 0) & EXCEPTION_BIT) !== 0) return [EXCEPTION_BYTES];
  return [REPLY_OVERHEAD + (bytes[at + 2] ?? 0), REQUEST_BYTES];
}
