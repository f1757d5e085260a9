import { type Bracket, type GaugeSlot, slotStart } from '#domain';
import { partOf, REGISTERS_PER_PART } from '../books/packed.ts';
import { EARLIEST_MS } from './admission.ts';
import type { Directory, DirectoryDevice, DirectoryRegister } from './directory.ts';
import type { HotRow } from './hot.ts';
import { nameHashOf, type Scan } from './scan.ts';

/** A register as the hot path needs it: what may be admitted as numbers, and where it is joined. */
export interface KnownRegister {
  readonly register: DirectoryRegister;
  readonly name: Uint8Array;
  readonly shelf: Shelf;
  /** Column of its shelf's rows. */
  readonly column: number;
  /** Within its part. */
  readonly bit: number;
  /** Admissible are values from `least` on and below `beyond`, while the device's bounds hold. */
  readonly least: number;
  beyond: number;
}

/** Registers that share a row: those of one kind and part. */
export interface Shelf {
  readonly kind: DirectoryRegister['kind'];
  readonly part: number;
  readonly ordinals: number[];
  /** The rows of the day that was joined last, of counters or of gauges. */
  brackets: HotRow<Bracket> | undefined;
  gauges: HotRow<GaugeSlot> | undefined;
}

/** A device as the hot path needs it. Its bounds hold for `at` in [from, to): whole slots without a cut, in which nothing about admission changes. */
export interface KnownDevice {
  readonly device: DirectoryDevice;
  /** `site","device":"id` */
  readonly name: Uint8Array;
  readonly registers: readonly KnownRegister[];
  /** As they came in the frame before. */
  readonly order: KnownRegister[];
  from: number;
  to: number;
  /** Next with the same hash. */
  next: KnownDevice | undefined;
}

/** Devices by the hash of their names in frames, filled as they come. */
export interface KnownDevices {
  readonly directory: Directory;
  readonly byHash: Map<number, KnownDevice>;
}

export const knownDevices = (directory: Directory): KnownDevices => ({ directory, byHash: new Map() });

const same = (bytes: Uint8Array, from: number, to: number, name: Uint8Array): boolean => {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name[i]) return false;
  return true;
};

/** The device of a scanned frame; undefined where the directory has none of that name. */
export function knownDevice(known: KnownDevices, bytes: Uint8Array, scan: Scan): KnownDevice | undefined {
  for (let at = known.byHash.get(scan.nameHash); at; at = at.next)
    if (same(bytes, scan.nameFrom, scan.nameTo, at.name)) return at;
  const name = bytes.slice(scan.nameFrom, scan.nameTo);
  const [site = '', id = ''] = Buffer.from(name).toString('latin1').split('","device":"');
  const device = known.directory.sites.get(site)?.devices.get(id);
  if (!device) return undefined;
  const hash = nameHashOf(name, 0, name.length);
  const made = knownOf(device, name, known.byHash.get(hash));
  known.byHash.set(hash, made);
  return made;
}

function knownOf(device: DirectoryDevice, name: Uint8Array, next: KnownDevice | undefined): KnownDevice {
  const shelves = new Map<string, Shelf>();
  const sorted = [...device.registers.values()].toSorted((a, b) => a.ordinal - b.ordinal);
  const registers = sorted.map((register): KnownRegister => {
    const part = partOf(register.ordinal);
    const key = `${register.kind} ${part}`;
    const shelf = shelves.get(key) ?? {
      kind: register.kind,
      part,
      ordinals: [],
      brackets: undefined,
      gauges: undefined,
    };
    shelves.set(key, shelf);
    shelf.ordinals.push(register.ordinal);
    return {
      register,
      name: new TextEncoder().encode(register.name),
      shelf,
      column: shelf.ordinals.length - 1,
      bit: register.ordinal % REGISTERS_PER_PART,
      least: register.kind === 'counter' ? 0 : -Infinity,
      beyond: Infinity,
    };
  });
  return { device, name, registers, order: [...registers], from: 0, to: 0, next };
}

/** The register that a name in a frame means; `entry` is its position there. */
export function knownRegister(
  device: KnownDevice,
  entry: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): KnownRegister | undefined {
  const expected = device.order[entry];
  if (expected && same(bytes, from, to, expected.name)) return expected;
  const found = device.registers.find((r) => same(bytes, from, to, r.name));
  if (found) device.order[entry] = found;
  return found;
}

/** Makes the device's bounds hold for `at`; false where they cannot: a cut within its slot, or a time before a mounting. */
export function boundsHold(known: KnownDevice, at: number): boolean {
  if (at >= known.from && at < known.to) return true;
  const { slotMs } = known.device;
  const slot = slotStart(at, slotMs);
  let [from, to] = [-Infinity, Infinity];
  for (const { register } of known.registers) {
    from = Math.max(from, register.earliest ?? EARLIEST_MS);
    for (const cut of register.cuts) {
      if (cut % slotMs === 0) continue;
      const parted = slotStart(cut, slotMs);
      if (parted === slot) return false;
      if (parted < slot) from = Math.max(from, parted + slotMs);
      else to = Math.min(to, parted);
    }
    for (const { from: begins, to: ends } of register.moduli) {
      for (const edge of [begins, ends]) {
        if (edge <= at) from = Math.max(from, edge);
        else to = Math.min(to, edge);
      }
    }
  }
  if (at < from || at >= to) return false;
  for (const each of known.registers) each.beyond = beyondOf(each.register, at);
  known.from = from;
  known.to = to;
  return true;
}

function beyondOf({ kind, moduli, modulus }: DirectoryRegister, at: number): number {
  if (kind === 'gauge') return Infinity;
  const holding = moduli.find((m) => m.from <= at && at < m.to);
  return holding?.modulus ?? modulus ?? Infinity;
}
