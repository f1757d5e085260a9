import type { ReadFault, ReadRequest, ReadResult } from './transport.ts';

/** Frames of Modbus TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1). Pure. */

/** Transaction, protocol, length; what follows, the unit first, is counted by the length. */
const HEAD_BYTES = 6;
/** Unit, function and one byte: the shortest that any function answers. */
const LEAST_LENGTH = 3;
/** Unit and the longest PDU, 253 bytes. */
const MOST_LENGTH = 254;
const EXCEPTION = 0x80;
const EXCEPTION_LENGTH = 3;

export function requestFrame(transaction: number, { unit, fc, address, words }: ReadRequest): Buffer {
  return Buffer.from([
    transaction >> 8,
    transaction & 0xff,
    0,
    0,
    0,
    HEAD_BYTES,
    unit,
    fc,
    address >> 8,
    address & 0xff,
    words >> 8,
    words & 0xff,
  ]);
}

/** Size of the frame at the front; nothing: too little has come to tell. A string says why no frame can begin so. */
export function frameSize(bytes: Buffer): number | string | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const protocol = wordAt(bytes, 2);
  if (protocol !== 0) return `the protocol is ${protocol}, not 0`;
  const length = wordAt(bytes, 4);
  if (length < LEAST_LENGTH || length > MOST_LENGTH) return `a length of ${length} is not possible`;
  return HEAD_BYTES + length;
}

export const transactionOf = (frame: Buffer): number => wordAt(frame, 0);

/** What a whole frame of the request's transaction says: every byte that is not a value is held against what was asked. */
export function answerIn(frame: Buffer, { unit, fc, words }: ReadRequest): ReadResult {
  const [length, spoke, code, count] = [frame.length - HEAD_BYTES, frame[6] ?? 0, frame[7] ?? 0, frame[8] ?? 0];
  if (spoke !== unit) {
    return fault({ kind: 'foreign', unit: spoke, detail: `unit ${unit} was asked, unit ${spoke} answered` });
  }
  if (code === (fc | EXCEPTION)) {
    if (length === EXCEPTION_LENGTH) return fault({ kind: 'exception', code: count });
    return garbled(`an exception has the length ${EXCEPTION_LENGTH}, not ${length}`);
  }
  if (code !== fc) return garbled(`the function code is ${code}, not ${fc}`);
  if (count !== 2 * words || length !== EXCEPTION_LENGTH + count) {
    return garbled(`asked for ${words} words, got a length of ${length} with ${count} bytes of values`);
  }
  const values = Array<number>(words);
  for (let i = 0; i < words; i++) values[i] = wordAt(frame, 9 + 2 * i);
  return { ok: true, words: values };
}

const wordAt = (bytes: Buffer, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const fault = (why: ReadFault): ReadResult => ({ ok: false, fault: why });
const garbled = (detail: string): ReadResult => fault({ kind: 'framing', detail });
