import { MAX_FRAME_BYTES, MAX_FRAME_ENTRIES, MAX_SEQ } from '#domain';

/**
 * A frame as spools write it (JSON without white space, keys in their order, ASCII, whole numbers of up to 15 digits), found
 * out byte by byte without making anything of it. What `scanFrame` takes, `parseFrame` takes with the same content; whatever
 * is written otherwise is left to that. Positions are into the bytes scanned; reused for every frame.
 */
export interface Scan {
  /** The 8 digits of src as a number. */
  src: number;
  /** From the first byte of the site's id to the byte after the device's: `site","device":"device`, which names both. */
  nameFrom: number;
  nameTo: number;
  /** FNV-1a of these bytes. */
  nameHash: number;
  seq: number;
  at: number;
  entries: number;
  /** Registers' names, per entry. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly value: Float64Array;
  /** 1: flagged uncertain. */
  readonly uncertain: Uint8Array;
}

export const createScan = (): Scan => ({
  src: 0,
  nameFrom: 0,
  nameTo: 0,
  nameHash: 0,
  seq: 0,
  at: 0,
  entries: 0,
  from: new Int32Array(MAX_FRAME_ENTRIES),
  to: new Int32Array(MAX_FRAME_ENTRIES),
  value: new Float64Array(MAX_FRAME_ENTRIES),
  uncertain: new Uint8Array(MAX_FRAME_ENTRIES),
});

const codes = (text: string): Uint8Array => new TextEncoder().encode(text);
const HEAD = codes('{"v":1,"src":"');
const SITE = codes('","site":"');
const DEVICE = codes('","device":"');
const SEQ = codes('","seq":');
const AT = codes(',"at":');
const GOT = codes(',"got":');
const READINGS = codes(',"r":[');

const [QUOTE, COMMA, MINUS, ZERO, NINE, OPEN, CLOSE, BACKSLASH, BRACE] = [
  0x22, 0x2c, 0x2d, 0x30, 0x39, 0x5b, 0x5d, 0x5c, 0x7d,
];
const [G, U] = [0x67, 0x75];

/** Of a site's or a device's id: 1 may begin it, 2 may go on. */
const ID_CHAR = new Uint8Array(256);
for (const c of codes('abcdefghijklmnopqrstuvwxyz0123456789')) ID_CHAR[c] = 3;
for (const c of codes('._-')) ID_CHAR[c] = 2;
const HEX = new Int8Array(256).fill(-1);
for (const [value, c] of codes('0123456789abcdef').entries()) HEX[c] = value;

const MAX_ID = 63;
const MAX_NAME = 64;
const MAX_DIGITS = 15;
const FNV_PRIME = 0x01000193;
const FNV_BASIS = 0x811c9dc5;

/** Small integers as long as there are no more digits than these: the rest is read for itself, so that no step on the way makes a number on the heap. */
const HEAD_DIGITS = 8;

/** A whole number without sign, leading zero, fraction or exponent, put to `into[index]`. Position after it; −1: there is none. */
function wholeNumber(bytes: Uint8Array, from: number, into: Float64Array, index: number): number {
  let at = from;
  let c = bytes[at] ?? 0;
  let start = 0;
  while (c >= ZERO && c <= NINE && at - from < HEAD_DIGITS) {
    start = start * 10 + (c - ZERO);
    c = bytes[++at] ?? 0;
  }
  let [tail, scale] = [0, 1];
  while (c >= ZERO && c <= NINE && at - from < MAX_DIGITS) {
    tail = tail * 10 + (c - ZERO);
    scale *= 10;
    c = bytes[++at] ?? 0;
  }
  into[index] = start * scale + tail;
  const isTooLong = c >= ZERO && c <= NINE;
  return at === from || isTooLong || (at - from > 1 && bytes[from] === ZERO) ? -1 : at;
}

/** The same with a sign before it; a negative zero is left to others. */
function signedNumber(bytes: Uint8Array, from: number, into: Float64Array, index: number): number {
  if (bytes[from] !== MINUS) return wholeNumber(bytes, from, into, index);
  const end = wholeNumber(bytes, from + 1, into, index);
  const value = into[index] ?? 0;
  into[index] = -value;
  return value === 0 ? -1 : end;
}

function follows(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** Position after an id that begins at `from`; −1: none. */
function idEnd(bytes: Uint8Array, from: number): number {
  if (ID_CHAR[bytes[from] ?? 0] !== 3) return -1;
  let at = from + 1;
  while (ID_CHAR[bytes[at] ?? 0] !== 0) at++;
  return at - from > MAX_ID ? -1 : at;
}

function srcOf(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const digit = HEX[bytes[from + i] ?? 0] ?? -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

export function nameHashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = FNV_BASIS;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), FNV_PRIME);
  return hash;
}

/** Numbers of a frame's head on their way. */
const head = new Float64Array(2);

/** False: not as spools write frames, which says nothing about whether it is one. */
export function scanFrame(bytes: Uint8Array, scan: Scan): boolean {
  if (bytes.length > MAX_FRAME_BYTES || !follows(bytes, 0, HEAD)) return false;
  let at = HEAD.length;
  scan.src = srcOf(bytes, at);
  if (scan.src < 0 || !follows(bytes, (at += 8), SITE)) return false;
  scan.nameFrom = at += SITE.length;
  at = idEnd(bytes, at);
  if (at < 0 || !follows(bytes, at, DEVICE)) return false;
  at = idEnd(bytes, at + DEVICE.length);
  if (at < 0 || !follows(bytes, at, SEQ)) return false;
  scan.nameTo = at;
  scan.nameHash = nameHashOf(bytes, scan.nameFrom, at);
  at = wholeNumber(bytes, at + SEQ.length, head, 0);
  if (at < 0 || (head[0] ?? 0) > MAX_SEQ || !follows(bytes, at, AT)) return false;
  at = wholeNumber(bytes, at + AT.length, head, 1);
  if (at < 0) return false;
  scan.seq = head[0] ?? 0;
  scan.at = head[1] ?? 0;
  if (follows(bytes, at, GOT)) at = signedNumber(bytes, at + GOT.length, head, 0);
  if (at < 0 || !follows(bytes, at, READINGS)) return false;
  at = scanEntries(bytes, at + READINGS.length, scan);
  return at > 0 && at === bytes.length;
}

/** Position after the closing brace; −1. */
function scanEntries(bytes: Uint8Array, from: number, scan: Scan): number {
  const { value, uncertain } = scan;
  let at = from;
  let entry = 0;
  if (bytes[at] === CLOSE) {
    scan.entries = 0;
    return bytes[at + 1] === BRACE ? at + 2 : -1;
  }
  for (;;) {
    if (entry === MAX_FRAME_ENTRIES || bytes[at] !== OPEN || bytes[at + 1] !== QUOTE) return -1;
    at += 2;
    scan.from[entry] = at;
    let c = bytes[at] ?? 0;
    const nameFrom = at;
    while (c !== QUOTE) {
      if (c < 0x20 || c > 0x7e || c === BACKSLASH) return -1;
      c = bytes[++at] ?? 0;
    }
    scan.to[entry] = at;
    if (at - nameFrom > MAX_NAME || bytes[at + 1] !== COMMA) return -1;
    at = signedNumber(bytes, at + 2, value, entry);
    if (at < 0) return -1;
    uncertain[entry] = 0;
    if (bytes[at] === COMMA) {
      at = flagsEnd(bytes, at + 1);
      if (at < 0) return -1;
      uncertain[entry] = hasU;
    }
    if (bytes[at] !== CLOSE) return -1;
    entry++;
    c = bytes[++at] ?? 0;
    at++;
    if (c === COMMA) continue;
    scan.entries = entry;
    return c === CLOSE && bytes[at] === BRACE ? at + 1 : -1;
  }
}

/** Whether the last flags held `u`. */
let hasU = 0;

/** Position after `"g"`, `"u"`, `"gu"` or `"ug"`; −1. */
function flagsEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) return -1;
  const [a, b] = [bytes[at + 1], bytes[at + 2]];
  if (a !== G && a !== U) return -1;
  hasU = a === U || b === U ? 1 : 0;
  if (b === QUOTE) return at + 3;
  return (b === G || b === U) && a !== b && bytes[at + 3] === QUOTE ? at + 4 : -1;
}
