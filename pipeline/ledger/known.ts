import { type Bracket, type GaugeSlot, slotStart } from '#domain';
import { partOf } from '../books/packed.ts';
import { EARLIEST_MS } from './admission.ts';
import type { Admitting, DirectoryDevice, DirectoryRegister } from './directory.ts';
import type { HotRow } from './hot.ts';
import type { Scan } from './scan.ts';

/** A register as the hot path needs it: what may be admitted as numbers, and where it is joined. */
export interface KnownRegister {
  readonly register: DirectoryRegister;
  readonly name: Uint8Array;
  /** Position of its shelf, and its column there. */
  readonly shelf: number;
  readonly column: number;
  /** Admissible are values from `least` on and below `beyond`, while the bounds hold. */
  readonly least: number;
  beyond: number;
}

/** Registers that share a packed row: those of one kind and part. */
export interface Shelf {
  readonly kind: DirectoryRegister['kind'];
  readonly part: number;
  readonly ordinals: number[];
}

/** What devices with equal registers and slots share. Bounds hold for `at` in [from, to): whole slots without a cut, in which nothing about admission changes. */
interface Shape {
  readonly slotMs: number;
  readonly registers: readonly KnownRegister[];
  readonly shelves: readonly Shelf[];
  /** As they came in the frame before. */
  readonly order: KnownRegister[];
  from: number;
  to: number;
}

/** A device as the hot path needs it. */
export interface KnownDevice {
  readonly device: DirectoryDevice;
  readonly shape: Shape;
  /** Per shelf the row of the day that was joined last. */
  readonly rows: (HotRow<Bracket> | HotRow<GaugeSlot> | undefined)[];
  /** Next with the same hash. */
  readonly next: KnownDevice | undefined;
}

/** Devices by the hash of their names in frames, filled as they come. */
export interface KnownDevices {
  readonly directory: Admitting;
  readonly byHash: Map<number, KnownDevice>;
  /** By their registers; sites of other slots may share these. */
  readonly shapes: Map<DirectoryDevice['registers'], readonly Shape[]>;
}

export const knownDevices = (directory: Admitting): KnownDevices => ({
  directory,
  byHash: new Map(),
  shapes: new Map(),
});

const BETWEEN = '","device":"';

/** Position after `text`, which must stand at `at`; −1. */
function after(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return -1;
  return at + text.length;
}

function isNamed(bytes: Uint8Array, { nameFrom, nameTo }: Scan, { site, id }: DirectoryDevice): boolean {
  if (nameTo - nameFrom !== site.length + BETWEEN.length + id.length) return false;
  const between = after(bytes, nameFrom, site);
  const name = between < 0 ? -1 : after(bytes, between, BETWEEN);
  return name >= 0 && after(bytes, name, id) === nameTo;
}

/** The device of a scanned frame; undefined where the directory has none of that name. */
export function knownDevice(known: KnownDevices, bytes: Uint8Array, scan: Scan): KnownDevice | undefined {
  const first = known.byHash.get(scan.nameHash);
  for (let at = first; at; at = at.next) if (isNamed(bytes, scan, at.device)) return at;
  const name = Buffer.from(bytes.subarray(scan.nameFrom, scan.nameTo)).toString('latin1');
  const [site = '', id = ''] = name.split(BETWEEN);
  const device = known.directory.sites.get(site)?.devices.get(id);
  if (!device) return undefined;
  const shape = sharedShape(known.shapes, device);
  const made = { device, shape, rows: shape.shelves.map(() => undefined), next: first };
  known.byHash.set(scan.nameHash, made);
  return made;
}

function sharedShape(shapes: KnownDevices['shapes'], device: DirectoryDevice): Shape {
  const alike = shapes.get(device.registers) ?? [];
  const shape = alike.find(({ slotMs }) => slotMs === device.slotMs);
  if (shape) return shape;
  const made = shapeOf(device);
  shapes.set(device.registers, [...alike, made]);
  return made;
}

function shapeOf({ registers, slotMs }: DirectoryDevice): Shape {
  const shelves: Shelf[] = [];
  const sorted = [...registers.values()].toSorted((a, b) => a.ordinal - b.ordinal);
  const known = sorted.map((register): KnownRegister => {
    const { kind, ordinal } = register;
    const part = partOf(ordinal);
    let shelf = shelves.findIndex((s) => s.kind === kind && s.part === part);
    if (shelf < 0) shelf = shelves.push({ kind, part, ordinals: [] }) - 1;
    return {
      register,
      name: new TextEncoder().encode(register.name),
      shelf,
      column: (shelves[shelf]?.ordinals.push(ordinal) ?? 1) - 1,
      least: kind === 'counter' ? 0 : -Infinity,
      beyond: Infinity,
    };
  });
  return { slotMs, registers: known, shelves, order: [...known], from: 0, to: 0 };
}

const isRegister = (bytes: Uint8Array, from: number, to: number, name: Uint8Array): boolean => {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name[i]) return false;
  return true;
};

/** The register that a name in a frame means; `entry` is its position there. */
export function knownRegister(
  shape: Shape,
  entry: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): KnownRegister | undefined {
  const expected = shape.order[entry];
  return expected && isRegister(bytes, from, to, expected.name) ? expected : lookUp(shape, entry, bytes, from, to);
}

/** For itself: what a function keeps for a closure is allocated whenever it is called, needed or not. */
function lookUp(
  { order, registers }: Shape,
  entry: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): KnownRegister | undefined {
  const found = registers.find((r) => isRegister(bytes, from, to, r.name));
  if (found) order[entry] = found;
  return found;
}

/** Makes the bounds hold for `at`; false where they cannot: a cut within its slot, or a time before a mounting. */
export function boundsHold(shape: Shape, at: number): boolean {
  if (at >= shape.from && at < shape.to) return true;
  const { slotMs } = shape;
  const slot = slotStart(at, slotMs);
  let [from, to] = [-Infinity, Infinity];
  for (const { register } of shape.registers) {
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
  for (const each of shape.registers) each.beyond = beyondOf(each.register, at);
  shape.from = from;
  shape.to = to;
  return true;
}

function beyondOf({ kind, moduli, modulus }: DirectoryRegister, at: number): number {
  if (kind === 'gauge') return Infinity;
  const holding = moduli.find((m) => m.from <= at && at < m.to);
  return holding?.modulus ?? modulus ?? Infinity;
}
