import { type Bracket, DAY, type GaugeSlot, RANK } from '#domain';
import { CELLS, closeSlot, type OpenDay, TIME } from '../books/codec-open.ts';
import type { LogRecord } from '../log/port.ts';
import { MAX_AHEAD_MS } from './admission.ts';
import { foldGauge, foldReading, type HotRow, noteChange, openOf, rowKey, type RowKey, touch } from './hot.ts';
import type { Stores } from './join-readings.ts';
import { boundsHold, knownDevice, type KnownDevice, type KnownDevices, knownRegister, type Shelf } from './known.ts';
import { createScan, scanFrame } from './scan.ts';

/**
 * The hot path: frames as spools write them, of known devices, with nothing unusual about any reading, are admitted and joined as numbers,
 * without an object per frame or reading. Whatever else comes is left to `admitBatch` and `joinReadings`, which decide alike: joins do not depend on
 * the order, so it does not matter that they come later.
 */
export type Taken =
  /** Joined; the scan tells what. */
  | 'joined'
  /** To be judged reading by reading. */
  | 'left'
  /** The device's rows of that day are not in memory. */
  | 'row-missing';

const scan = createScan();
/** Of the frame taken last. */
export const lastScan: Readonly<Pick<typeof scan, 'src' | 'seq' | 'at' | 'entries'>> = scan;

export function takeFrame(known: KnownDevices, stores: Stores, { value: bytes, appendedAt }: LogRecord): Taken {
  if (!scanFrame(bytes, scan)) return 'left';
  const { at, entries } = scan;
  if (at > appendedAt + MAX_AHEAD_MS) return 'left';
  const device = knownDevice(known, bytes, scan);
  if (!device || !boundsHold(device.shape, at)) return 'left';
  const day = Math.floor(at / DAY);
  let missing = false;
  for (let i = 0; i < entries; i++) {
    const register = knownRegister(device.shape, i, bytes, scan.from[i] ?? 0, scan.to[i] ?? 0);
    const value = scan.value[i] ?? 0;
    if (!register || scan.uncertain[i] === 1 || value < register.least || value >= register.beyond) return 'left';
    missing ||= !hasRow(stores, device, register.shelf, day);
  }
  if (missing) return 'row-missing';
  joinScanned(device, day);
  return 'joined';
}

/** Rows that a frame of the device needs; for a frame that was `row-missing`. */
export function* rowsOf(known: KnownDevices, { value }: LogRecord): Generator<readonly [Shelf['kind'], RowKey]> {
  if (!scanFrame(value, scan)) return;
  const device = knownDevice(known, value, scan);
  const day = Math.floor(scan.at / DAY);
  for (const { kind, part } of device?.shape.shelves ?? [])
    yield [kind, { deviceKey: device?.device.key ?? 0, day, part }];
}

function hasRow(stores: Stores, { device, shape, rows }: KnownDevice, shelf: number, day: number): boolean {
  const held = rows[shelf];
  if (held && held.day === day && !held.gone) return true;
  const { kind, part } = shape.shelves[shelf] ?? NOWHERE;
  const key = rowKey({ deviceKey: device.key, day, part });
  return (rows[shelf] = kind === 'counter' ? stores.brackets.rows.get(key) : stores.gauges.rows.get(key)) !== undefined;
}

const NOWHERE: Shelf = { kind: 'counter', part: -1, ordinals: [] };

/** Joins the scanned readings; where the running slot of a row does not take one, the row's lists do. */
function joinScanned({ shape, rows }: KnownDevice, day: number): void {
  const { at, entries, value } = scan;
  const { slotMs, order, shelves } = shape;
  const into = at - day * DAY;
  const slot = into - (into % slotMs);
  for (let i = 0; i < entries; i++) {
    const known = order[i];
    if (!known) continue;
    const { shelf, column, register } = known;
    const { kind, ordinals } = shelves[shelf] ?? NOWHERE;
    const reading = value[i] ?? 0;
    if (kind === 'gauge') {
      const row = rows[shelf] as HotRow<GaugeSlot>; // hasRow put a row of the shelf's kind there
      const open = openOf(row, ordinals);
      const done = open ? joinGauge(open, column * CELLS, slot, into, reading) : UNFIT;
      if (done === CHANGED) touch(row);
      else if (done === UNFIT) foldGauge(row, register, slotMs, at, reading);
    } else {
      const row = rows[shelf] as HotRow<Bracket>; // likewise
      const open = openOf(row, ordinals);
      const done = open ? joinBracket(open, column * CELLS, slot, into, reading) : UNFIT;
      if (done === CHANGED) noteChange(row, register.ordinal, at);
      else if (done === UNFIT) foldReading(row, register, slotMs, at, reading, RANK.good);
    }
  }
}

const [SAME, CHANGED, UNFIT] = [0, 1, 2];

/** Brings the running slot to `slot`; false where that is over. */
function runSlot<T extends { readonly start: number }>(open: OpenDay<T>, slot: number): boolean {
  if (slot === open.start) return true;
  if (slot < open.start) return false;
  if (open.start >= 0) closeSlot(open);
  open.start = slot;
  return true;
}

/** Joins a good reading into the cells of a bracket, as `joinReading` does; a second value at one instant does not fit. */
function joinBracket(open: OpenDay<Bracket>, at: number, slot: number, into: number, value: number): number {
  if (!runSlot(open, slot)) return UNFIT;
  const { cells } = open;
  const first = cells[at + TIME] ?? NaN;
  const last = cells[at + TIME + 2] ?? NaN;
  if (into > last) {
    cells[at + TIME + 2] = into;
    cells[at + TIME + 3] = value;
    return CHANGED;
  }
  if (Number.isNaN(first)) {
    cells[at + TIME] = cells[at + TIME + 2] = into;
    cells[at + TIME + 1] = cells[at + TIME + 3] = value;
    return CHANGED;
  }
  if (into === last) return value === cells[at + TIME + 3] ? SAME : UNFIT;
  if (into > first) return SAME;
  if (into === first) return value === cells[at + TIME + 1] ? SAME : UNFIT;
  cells[at + TIME] = into;
  cells[at + TIME + 1] = value;
  return CHANGED;
}

/** Joins a value into the cells of a gauge, as the join of gauges does. */
function joinGauge(open: OpenDay<GaugeSlot>, at: number, slot: number, into: number, value: number): number {
  if (!runSlot(open, slot)) return UNFIT;
  const { cells } = open;
  const lastAt = cells[at + TIME] ?? NaN;
  if (Number.isNaN(lastAt)) {
    cells[at + TIME] = into;
    cells[at + TIME + 1] = cells[at + TIME + 2] = cells[at + TIME + 3] = value;
    return CHANGED;
  }
  const later = into > lastAt || (into === lastAt && value > (cells[at + TIME + 1] ?? 0));
  const below = value < (cells[at + TIME + 2] ?? 0);
  const above = value > (cells[at + TIME + 3] ?? 0);
  if (!later && !below && !above) return SAME;
  if (later) {
    cells[at + TIME] = into;
    cells[at + TIME + 1] = value;
  }
  if (below) cells[at + TIME + 2] = value;
  if (above) cells[at + TIME + 3] = value;
  return CHANGED;
}
