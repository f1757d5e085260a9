import { covers } from './mountings.ts';
import type { Meter } from './mountings.ts';
import type { RecordJson, RegisterJson, RegistryJson } from './input.ts';

const TEN_MINUTES = 600_000;
const YEAR_1990 = Date.UTC(1990, 0, 1);
const MAX_BYTES = 65_536;
const ID = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const SRC = /^[0-9a-f]{8}$/;
const KEYS = new Set(['v', 'src', 'site', 'device', 'seq', 'at', 'got', 'r']);

interface FrameText {
  readonly site: string;
  readonly device: string;
  readonly at: number;
  readonly r: readonly (readonly [name: string, value: number, flags: string])[];
}

export interface Reading {
  readonly device: string;
  readonly register: RegisterJson;
  readonly at: number;
  readonly value: bigint;
  readonly rank: 0 | 1;
}

export type Verdict =
  | { readonly site: string; readonly folded: Reading }
  | { readonly site: string; readonly reason: string };

const entryOf = (entry: unknown): [string, number, string] | undefined => {
  if (!Array.isArray(entry) || (entry.length !== 2 && entry.length !== 3)) return undefined;
  const [name, value, flags = '']: unknown[] = entry;
  if (typeof name !== 'string' || name.length > 64) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (typeof flags !== 'string') return undefined;
  if (entry.length === 3 && !['g', 'u', 'gu', 'ug'].includes(flags)) return undefined;
  return [name, value, flags];
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const safe = (value: unknown): value is number => Number.isSafeInteger(value);

/** The frame in a record, or undefined when it is none (architecture.md, The frame). */
const frameOf = (text: string): FrameText | undefined => {
  if (Buffer.byteLength(text) > MAX_BYTES) return undefined;
  const json = parsed(text);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const fields = new Map<string, unknown>(Object.entries(json));
  if ([...fields.keys()].some((key) => !KEYS.has(key))) return undefined;
  const [src, site, device] = [fields.get('src'), fields.get('site'), fields.get('device')];
  const [seq, at, r] = [fields.get('seq'), fields.get('at'), fields.get('r')];
  if (fields.get('v') !== 1 || typeof src !== 'string' || !SRC.test(src)) return undefined;
  if (typeof site !== 'string' || !ID.test(site) || typeof device !== 'string' || !ID.test(device)) return undefined;
  if (!safe(seq) || seq < 0 || !safe(at) || (fields.has('got') && !safe(fields.get('got')))) return undefined;
  if (!Array.isArray(r) || r.length > 512) return undefined;
  const entries = r.map(entryOf).filter((entry) => entry !== undefined);
  return entries.length === r.length ? { site, device, at, r: entries } : undefined;
};

/** A register's first possible instant: its earliest mounting, and 1990 when one of them has no date or there is none. */
const earliest = (ofRegister: readonly Meter[]): number =>
  ofRegister.length === 0 ? YEAR_1990 : Math.min(...ofRegister.map(({ json }) => json.mountedAt ?? YEAR_1990));

const counterFault = (
  at: number,
  value: number,
  register: RegisterJson,
  mounted: readonly Meter[],
): string | undefined => {
  if (at < earliest(mounted)) return 'before-mounting';
  const modulus = mounted.find(({ json }) => covers(json, at))?.json.modulus ?? register.modulus;
  return value < 0 || (modulus !== undefined && value >= modulus) ? 'beyond-face' : undefined;
};

const judge = (
  frame: FrameText,
  [name, value, flags]: readonly [string, number, string],
  appendedAt: number,
  registry: RegistryJson,
  mounted: readonly Meter[],
): Reading | string => {
  if (frame.site !== registry.site.id) return 'unknown-site';
  const device = registry.devices.find((d) => d.id === frame.device);
  if (device === undefined) return 'unknown-device';
  const register = device.registers.find((r) => r.name === name);
  if (register === undefined) return 'unknown-register';
  if (!safe(value)) return 'not-an-integer';
  if (frame.at > appendedAt + TEN_MINUTES) return 'future';
  const own = mounted.filter(({ json }) => json.device === device.id && json.register === name);
  const gaugeFault = frame.at < YEAR_1990 ? 'before-mounting' : undefined;
  const fault = register.kind === 'gauge' ? gaugeFault : counterFault(frame.at, value, register, own);
  const rank = flags.includes('u') ? 0 : 1;
  return fault ?? { device: device.id, register, at: frame.at, value: BigInt(value), rank };
};

/** One verdict for each reading of a record; a record that is no frame counts as one reading of no site. */
export const admit = (record: RecordJson, registry: RegistryJson, mounted: readonly Meter[]): Verdict[] => {
  const frame = frameOf(record.value);
  if (frame === undefined) return [{ site: '-', reason: 'not-a-frame' }];
  return frame.r.map((entry) => {
    const result = judge(frame, entry, record.appendedAt, registry, mounted);
    return typeof result === 'string' ? { site: frame.site, reason: result } : { site: frame.site, folded: result };
  });
};
