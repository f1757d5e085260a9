import type { Carrier } from './carrier.ts';
import type { Rational } from './rational.ts';
import type { SlotMinutes } from './slot.ts';

/**
 * The registry: what stands where, measured by what, used by whom, since when. The books hold it; a site file is applied
 * to it. Days are local day numbers (calendar.ts), instants epoch ms, ids match ID_PATTERN and are unique in their site.
 */
export interface Registry {
  readonly site: Site;
  readonly institutions: readonly Institution[];
  readonly premises: readonly Premises[];
  readonly devices: readonly Device[];
  readonly points: readonly Point[];
  readonly mountings: readonly Mounting[];
}

export interface LocalText {
  readonly zh: string;
  readonly en: string;
}

export interface Site {
  readonly id: string;
  readonly name: LocalText;
  /** IANA name. */
  readonly zone: string;
  readonly slotMinutes: SlotMinutes;
}

/** A value from a local day on, until the next of its series. */
export interface Dated<T> {
  readonly from: number;
  readonly value: T;
}

export interface Institution {
  readonly id: string;
  readonly name: LocalText;
  /** Persons (用能人数). */
  readonly headcount: readonly Dated<number>[];
  /** Building area in whole m². */
  readonly area: readonly Dated<number>[];
  readonly ended?: number | undefined;
}

export interface Premises {
  readonly id: string;
  readonly name: LocalText;
  readonly parent?: string | undefined;
  readonly area: readonly Dated<number>[];
  readonly ended?: number | undefined;
}

export const REGISTER_KINDS = ['counter', 'gauge'] as const;

/** One value that a device delivers. `name` is what stands in the frame. */
export interface Register {
  readonly name: string;
  readonly kind: (typeof REGISTER_KINDS)[number];
  /** Counters: what it counts. Gauges: absent. */
  readonly carrier?: Carrier | undefined;
  /** Unit of the integer in the frame: a base unit, `count`, or for gauges the unit of the thousandth part (`mW`, `m°C`, …). */
  readonly unit: string;
  /** Base units per unit of the face; 1 unless the register is kept in counts. */
  readonly scale: Rational;
  /** Face value at which it wraps to 0, in face units. */
  readonly modulus?: number | undefined;
}

export interface Device {
  readonly id: string;
  /** Id of the model file in collectors/devices, or `manual` for a meter without a connection. */
  readonly model: string;
  readonly connection?: string | undefined;
  readonly intervalMs: number;
  readonly registers: readonly Register[];
  readonly ended?: number | undefined;
}

export const ROLES = ['main', 'sub', 'generation', 'export', 'formula'] as const;
export type Role = (typeof ROLES)[number];

/** National guide: the four items of electricity (ledger.md, 7). */
export const ITEMS = ['lighting-and-sockets', 'air-conditioning', 'power', 'special'] as const;
export type Item = (typeof ITEMS)[number];

export interface Point {
  readonly id: string;
  readonly name: LocalText;
  readonly carrier: Carrier;
  readonly premises?: string | undefined;
  readonly role: Role;
  /** Of a `sub`: the point whose usage it breaks down. */
  readonly parent?: string | undefined;
  readonly item?: Item | undefined;
  /** Of a `formula`: signed terms. */
  readonly terms?: readonly { readonly point: string; readonly sign: 1 | -1 }[] | undefined;
  /** Who bears the usage, dated; empty: nobody, all of it is unallocated. */
  readonly allocations: readonly Dated<AllocationRule>[];
  readonly ended?: number | undefined;
}

export type AllocationRule =
  | { readonly basis: 'fixed'; readonly shares: readonly { readonly institution: string; readonly share: Rational }[] }
  | { readonly basis: 'area' | 'headcount'; readonly among: readonly string[]; readonly of?: number | undefined }
  | { readonly basis: 'sub-meter'; readonly by: readonly { readonly institution: string; readonly point: string }[] };

/** A meter at a point for a period: [mountedAt, removedAt). */
export interface Mounting {
  /** `<point>/<serial>`. */
  readonly id: string;
  readonly point: string;
  readonly serial: string;
  readonly device: string;
  readonly register: string;
  /** CT × PT, or 1. */
  readonly multiplier: Rational;
  /** Base units per face unit, from the register. */
  readonly scale: Rational;
  /** Face units. */
  readonly modulus?: number | undefined;
  /** Face units per hour, from the rating; absent: unrated. */
  readonly maxRate?: number | undefined;
  /** Face units; absent: one minute of maxRate. */
  readonly backlash?: number | undefined;
  readonly mountedAt?: number | undefined;
  /** Face value at mountedAt. */
  readonly initial?: number | undefined;
  readonly removedAt?: number | undefined;
  /** Face value at removedAt. */
  readonly final?: number | undefined;
}

/** Party of an allocation that no institution claims (ledger.md, 7). */
export const UNALLOCATED = 'unallocated';

export const registerKey = (device: string, register: string): string => `${device}/${register}`;
