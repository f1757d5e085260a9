import { type Bracket, DAY, type GaugeSlot, type Rank, type Stamp } from '#domain';
import {
  getByte,
  getDifference,
  getTime,
  putDifference,
  putTime,
  type Reader,
  skipDifference,
  skipNumber,
  type Writer,
} from './codec-bytes.ts';
import { decodeDay, encodeDay, illegal, type Times } from './codec-day.ts';
import type { OpenCodec } from './codec-open.ts';
import type { DayBrackets, DayGauges } from './packed.ts';

/** Pure and canonical; `day` is the UTC day of the starts. Throws BRACKET_ILLEGAL for what no join makes. */
export const encodeBrackets = (day: number, brackets: DayBrackets): Uint8Array => encodeDay(BRACKETS, day, brackets);
/** As `decodeDay`. */
export const decodeBrackets = (day: number, bytes: Uint8Array, wanted?: ReadonlySet<number>): Map<number, Bracket[]> =>
  decodeDay(BRACKETS, day, bytes, wanted);
export const encodeGauges = (day: number, gauges: DayGauges): Uint8Array => encodeDay(GAUGES, day, gauges);
/** Throws PAYLOAD_CORRUPT. */
export const decodeGauges = (day: number, bytes: Uint8Array): Map<number, GaugeSlot[]> => decodeDay(GAUGES, day, bytes);

/** The rank of a plain reading: good. */
const PLAIN_RANK: Rank = 1;
/** Flags of a bracket that is not plain; ranks in bits 2–3 and 4–5. */
const [OWN_TIMES, SINGLE, FIRST_OTHER, LAST_OTHER] = [1, 2, 64, 128];

/**
 * Plain: first as a difference to the register's last value before; then, where the spread is not 0, last as a difference to
 * first. Otherwise a flag byte comes first, [offset, spread: OWN_TIMES] after it, and each `other` (rank byte, difference) after
 * its value. SINGLE: first is last.
 */
export const BRACKETS: OpenCodec<Bracket> = {
  version: 0x01,
  offsetOf: (b) => b.first.at - b.start,
  spreadOf: (b) => b.last.at - b.first.at,
  isPlain: ({ first, last }) =>
    first.rank === PLAIN_RANK &&
    last.rank === PLAIN_RANK &&
    first.other === undefined &&
    last.other === undefined &&
    (first.at !== last.at || first.value === last.value),
  lastOf: (b) => b.last.value,
  write: (w, b, previous, times, plain) => {
    requireSafe(b.first.value, b.last.value);
    if (!plain) return writeUnusual(w, b, previous, times);
    putDifference(w, b.first.value, previous);
    if (times.spread > 0) putDifference(w, b.last.value, b.first.value);
  },
  read: (r, start, previous, times, plain) => {
    if (!plain) return readUnusual(r, start, previous, times);
    const at = start + times.offset;
    const first: Stamp = { at, value: getDifference(r, previous), rank: PLAIN_RANK };
    if (times.spread === 0) return { start, first, last: first };
    return {
      start,
      first,
      last: { at: at + times.spread, value: getDifference(r, first.value), rank: PLAIN_RANK },
    };
  },
  pass: (r, start, previous, times, plain) => {
    if (!plain) return readUnusual(r, start, previous, times).last.value;
    const first = getDifference(r, previous);
    return times.spread > 0 ? getDifference(r, first) : first;
  },
  skip: (r, times, plain) => {
    if (!plain) return skipUnusual(r);
    skipDifference(r);
    if (times.spread > 0) skipDifference(r);
  },
  // cells: before, first at, first value, last at, last value
  itemOf: (cells, i, start, day) => {
    const at = day * DAY + (cells[i + 1] ?? 0);
    const first: Stamp = { at, value: cells[i + 2] ?? 0, rank: PLAIN_RANK };
    if (cells[i + 1] === cells[i + 3]) return { start, first, last: first };
    return { start, first, last: { at: day * DAY + (cells[i + 3] ?? 0), value: cells[i + 4] ?? 0, rank: PLAIN_RANK } };
  },
  cellsOf: (b, cells, i, day) => {
    if (!BRACKETS.isPlain(b)) return false;
    cells[i + 1] = b.first.at - day * DAY;
    cells[i + 2] = b.first.value;
    cells[i + 3] = b.last.at - day * DAY;
    cells[i + 4] = b.last.value;
    return true;
  },
};

function writeUnusual(w: Writer, { start, first, last }: Bracket, previous: number, times: Times): void {
  const [offset, spread] = [first.at - start, last.at - first.at];
  const own = offset !== times.offset || spread !== times.spread;
  const single = sameStamp(first, last);
  w.bytes[w.at++] =
    (own ? OWN_TIMES : 0) +
    (single ? SINGLE : 0) +
    first.rank * 4 +
    (single ? 0 : last.rank * 16) +
    (first.other ? FIRST_OTHER : 0) +
    (last.other && !single ? LAST_OTHER : 0);
  if (own) {
    putTime(w, offset);
    putTime(w, spread);
  }
  putDifference(w, first.value, previous);
  if (first.other) putOther(w, first.other, first.value);
  if (single) return;
  putDifference(w, last.value, first.value);
  if (last.other) putOther(w, last.other, last.value);
}

function readUnusual(r: Reader, start: number, previous: number, times: Times): Bracket {
  const flags = getByte(r);
  const own = (flags & OWN_TIMES) !== 0;
  const offset = own ? getTime(r) : times.offset;
  const spread = own ? getTime(r) : times.spread;
  const first = readStamp(r, start + offset, previous, (flags >> 2) & 3, (flags & FIRST_OTHER) !== 0);
  if ((flags & SINGLE) !== 0) return { start, first, last: first };
  const last = readStamp(r, first.at + spread, first.value, (flags >> 4) & 3, (flags & LAST_OTHER) !== 0);
  return { start, first, last };
}

function skipUnusual(r: Reader): void {
  const flags = getByte(r);
  if ((flags & OWN_TIMES) !== 0) {
    skipNumber(r);
    skipNumber(r);
  }
  skipStamp(r, (flags & FIRST_OTHER) !== 0);
  if ((flags & SINGLE) === 0) skipStamp(r, (flags & LAST_OTHER) !== 0);
}

function skipStamp(r: Reader, withOther: boolean): void {
  skipDifference(r);
  if (!withOther) return;
  getByte(r);
  skipDifference(r);
}

function readStamp(r: Reader, at: number, base: number, rank: number, withOther: boolean): Stamp {
  const value = getDifference(r, base);
  const stamp = { at, value, rank: rank as Rank }; // two bits that only writeUnusual sets, under a checksum
  if (!withOther) return stamp;
  const otherRank = getByte(r) as Rank; // likewise
  return { ...stamp, other: { value: getDifference(r, value), rank: otherRank } };
}

function putOther(w: Writer, other: NonNullable<Stamp['other']>, base: number): void {
  requireSafe(other.value, base);
  w.bytes[w.at++] = other.rank;
  putDifference(w, other.value, base);
}

const sameStamp = (a: Stamp, b: Stamp): boolean =>
  a === b ||
  (a.at === b.at &&
    a.value === b.value &&
    a.rank === b.rank &&
    a.other?.value === b.other?.value &&
    a.other?.rank === b.other?.rank);

/**
 * Last as a difference to the register's last before, min and max as differences to last. Where the group is not plain (a
 * register's time of its own) the offset stands before them.
 */
export const GAUGES: OpenCodec<GaugeSlot> = {
  version: 0x81,
  offsetOf: (g) => g.lastAt - g.start,
  spreadOf: () => 0,
  isPlain: () => true,
  lastOf: (g) => g.last,
  write: (w, g, previous, _times, plain) => {
    requireSafe(g.last, g.min);
    requireSafe(g.last, g.max);
    if (!plain) putTime(w, g.lastAt - g.start);
    putDifference(w, g.last, previous);
    putDifference(w, g.min, g.last);
    putDifference(w, g.max, g.last);
  },
  read: (r, start, previous, times, plain) => {
    const lastAt = start + (plain ? times.offset : getTime(r));
    const last = getDifference(r, previous);
    const min = getDifference(r, last);
    const max = getDifference(r, last);
    return { start, min, max, lastAt, last };
  },
  pass: (r, _start, previous, _times, plain) => {
    if (!plain) skipNumber(r);
    const last = getDifference(r, previous);
    skipDifference(r);
    skipDifference(r);
    return last;
  },
  skip: (r, _times, plain) => {
    if (!plain) skipNumber(r);
    for (let i = 0; i < 3; i++) skipDifference(r);
  },
  // cells: before, last at, last value, min, max
  itemOf: (cells, i, start, day) => ({
    start,
    min: cells[i + 3] ?? 0,
    max: cells[i + 4] ?? 0,
    lastAt: day * DAY + (cells[i + 1] ?? 0),
    last: cells[i + 2] ?? 0,
  }),
  cellsOf: (g, cells, i, day) => {
    cells[i + 1] = g.lastAt - day * DAY;
    cells[i + 2] = g.last;
    cells[i + 3] = g.min;
    cells[i + 4] = g.max;
    return true;
  },
};

function requireSafe(a: number, b: number): void {
  if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b)) throw illegal(`value ${a} or ${b} is no safe integer`);
}
