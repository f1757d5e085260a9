import { crc32 } from 'node:zlib';
import { storeError } from '#domain';

/**
 * Bytes of a packed row. Numbers are varints, seven bits to a byte, least significant first, the top bit saying that more
 * follow. A signed one keeps its sign in bit 6 of its first byte (zigzag breaks above 2^52). The row ends with a CRC-32
 * of its day and everything before, little endian, so that an altered, cut or misplaced row is an error, never another value.
 */
export interface Writer {
  bytes: Uint8Array;
  at: number;
}

export interface Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
}

const CRC_BYTES = 4;
/** More than any one item can take; checked once per item. */
const ROOM = 128;

/** One for the process: encoding never waits, so nobody else can come between. */
const scratch: Writer = { bytes: new Uint8Array(4096), at: 0 };

export function beginRow(version: number): Writer {
  scratch.at = 0;
  scratch.bytes[scratch.at++] = version;
  return scratch;
}

export function makeRoom(w: Writer): void {
  if (w.at + ROOM <= w.bytes.length) return;
  const larger = new Uint8Array(w.bytes.length * 2);
  larger.set(w.bytes);
  w.bytes = larger;
}

export function endRow(w: Writer, day: number): Uint8Array {
  makeRoom(w);
  let sum = crc32(w.bytes.subarray(0, w.at), seedOf(day));
  for (let i = 0; i < CRC_BYTES; i++) {
    w.bytes[w.at++] = sum & 0xff;
    sum >>>= 8;
  }
  return w.bytes.slice(0, w.at);
}

const seedOf = (day: number): number => day >>> 0;

/** Throws PAYLOAD_CORRUPT, also for a row of another day or version. */
export function openRow(bytes: Uint8Array, version: number, day: number): Reader {
  const end = bytes.length - CRC_BYTES;
  if (end < 1) throw corrupt(day, 'is too short');
  let sum = 0;
  for (let i = CRC_BYTES - 1; i >= 0; i--) sum = sum * 256 + (bytes[end + i] ?? 0);
  if (crc32(bytes.subarray(0, end), seedOf(day)) !== sum) throw corrupt(day, 'does not match its checksum');
  if (bytes[0] !== version) throw corrupt(day, `is of version ${bytes[0]}, not ${version}`);
  return { bytes, end, at: 1 };
}

export const corrupt = (day: number, why: string): Error =>
  storeError('PAYLOAD_CORRUPT', `a packed row ${why}`, {
    place: `UTC day ${day}`,
    cure: 'restore the books from a backup and let the log run again; check the disk',
    context: { day },
    retryable: false,
  });

export function putUnsigned(w: Writer, value: number): void {
  let rest = value;
  while (rest > 0x7fffffff) {
    w.bytes[w.at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    w.bytes[w.at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  w.bytes[w.at++] = rest;
}

export function getUnsigned(r: Reader): number {
  let byte = getByte(r);
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  let scale = 128;
  do {
    byte = getByte(r);
    value += (byte & 0x7f) * scale;
    scale *= 128;
  } while (byte >= 0x80);
  return value;
}

export function skipNumber(r: Reader): void {
  while (getByte(r) >= 0x80);
}

/** A difference that is no safe integer is written as this, then the value itself as a difference to 0. */
const ABSOLUTE = 2 ** 53;

export function putDifference(w: Writer, value: number, base: number): void {
  const difference = value - base;
  const size = Math.abs(difference);
  if (size < ABSOLUTE) return putSigned(w, size, difference < 0);
  putSigned(w, ABSOLUTE, false);
  putSigned(w, Math.abs(value), value < 0);
}

export function getDifference(r: Reader, base: number): number {
  const difference = getSigned(r);
  return difference === ABSOLUTE ? getSigned(r) : base + difference;
}

export function skipDifference(r: Reader): void {
  if (getSigned(r) === ABSOLUTE) skipNumber(r);
}

function putSigned(w: Writer, size: number, negative: boolean): void {
  const sign = negative ? 0x40 : 0;
  if (size < 64) {
    w.bytes[w.at++] = size | sign;
    return;
  }
  w.bytes[w.at++] = (size % 64) | sign | 0x80;
  putUnsigned(w, Math.floor(size / 64));
}

function getSigned(r: Reader): number {
  const first = getByte(r);
  const size = first < 0x80 ? first & 0x3f : (first & 0x3f) + getUnsigned(r) * 64;
  return (first & 0x40) === 0 ? size : -size;
}

/** Milliseconds: whole seconds doubled, others doubled and one more. */
export const putTime = (w: Writer, ms: number): void => putUnsigned(w, ms % 1000 === 0 ? (ms / 1000) * 2 : ms * 2 + 1);

export function getTime(r: Reader): number {
  const value = getUnsigned(r);
  return value % 2 === 0 ? (value / 2) * 1000 : (value - 1) / 2;
}

export function getByte(r: Reader): number {
  if (r.at >= r.end) throw corrupt(0, 'ends inside a value');
  return r.bytes[r.at++] ?? 0;
}
