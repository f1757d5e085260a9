import {
  FLAGS_PATTERN,
  type Frame,
  type FrameEntry,
  HOUR,
  ID_PATTERN,
  instantText,
  MAX_FRAME_BYTES,
  MAX_FRAME_ENTRIES,
  MAX_SEQ,
  MINUTE,
  RANK,
  type Rank,
} from '#domain';
import type { Admitting, DirectoryRegister } from './directory.ts';

/** Admission looks at one reading alone (ledger.md, 3.1). */
export const REFUSALS = [
  'not-a-frame',
  'unknown-site',
  'unknown-device',
  'unknown-register',
  'not-an-integer',
  'future',
  'before-mounting',
  'beyond-face',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** A source's clock may run this much ahead of the log's. */
export const MAX_AHEAD_MS = 10 * MINUTE;
/** Of a register without a mounting date. */
export const EARLIEST_MS = Date.UTC(1990, 0, 1);

export type ParsedRecord =
  | { readonly ok: true; readonly frame: Frame }
  | { readonly ok: false; readonly detail: string };

/**
 * Bytes of a log record to a frame. Checks by hand what `frameSchema` says (a property holds the two equal): the schema
 * costs ten times as much, and this runs once per record.
 */
export function parseFrame(bytes: Uint8Array): ParsedRecord {
  if (bytes.length > MAX_FRAME_BYTES) return { ok: false, detail: `${bytes.length} bytes, ${MAX_FRAME_BYTES} at most` };
  let data: unknown;
  try {
    data = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : 'not JSON' };
  }
  const fault = frameFault(data);
  // frameFault has looked at every key
  return fault === undefined ? { ok: true, frame: data as Frame } : { ok: false, detail: fault };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const SRC_PATTERN = /^[0-9a-f]{8}$/;
const KEYS = new Set(['v', 'src', 'site', 'device', 'seq', 'at', 'got', 'r']);

function frameFault(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return 'not an object';
  const frame = data as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(frame)) if (!KEYS.has(key)) return `unknown key ${JSON.stringify(key.slice(0, 40))}`;
  const { v, src, site, device, seq, at, got, r } = frame;
  if (v !== 1) return 'v is not 1';
  if (typeof src !== 'string' || !SRC_PATTERN.test(src)) return 'src is not 8 hexadecimal digits';
  if (typeof site !== 'string' || !ID_PATTERN.test(site)) return 'site is not an id';
  if (typeof device !== 'string' || !ID_PATTERN.test(device)) return 'device is not an id';
  if (!Number.isSafeInteger(seq) || Number(seq) < 0) return 'seq is not a whole number';
  if (Number(seq) > MAX_SEQ) return `seq ${Number(seq)} is beyond what a spool comes to, ${MAX_SEQ}`;
  if (!Number.isSafeInteger(at)) return 'at is not a whole number';
  if ('got' in frame && !Number.isSafeInteger(got)) return 'got is not a whole number';
  if (!Array.isArray(r) || r.length > MAX_FRAME_ENTRIES)
    return `r is not a list of at most ${MAX_FRAME_ENTRIES} entries`;
  for (const entry of r as readonly unknown[]) {
    if (!Array.isArray(entry) || entry.length < 2 || entry.length > 3)
      return 'an entry is not [register, value, flags?]';
    const [register, value, flags] = entry as readonly unknown[];
    if (typeof register !== 'string' || register.length > 64) return 'a register is not a name';
    if (typeof value !== 'number' || !Number.isFinite(value)) return 'a value is not a number';
    if (entry.length === 3 && (typeof flags !== 'string' || !FLAGS_PATTERN.test(flags)))
      return 'flags are not g, u or gu';
  }
  return undefined;
}

export interface Admitted {
  readonly register: DirectoryRegister;
  readonly value: number;
  readonly rank: Rank;
}

export type Admission =
  | { readonly ok: true; readonly reading: Admitted }
  | { readonly ok: false; readonly reason: Refusal; readonly detail: string };

const refuse = (reason: Refusal, detail: string): Admission => ({ ok: false, reason, detail });

export function admit(
  frame: Frame,
  [name, value, flags]: FrameEntry,
  appendedAt: number,
  directory: Admitting,
): Admission {
  const site = directory.sites.get(frame.site);
  if (!site) return refuse('unknown-site', frame.site);
  const device = site.devices.get(frame.device);
  if (!device) return refuse('unknown-device', frame.device);
  const register = device.registers.get(name);
  if (!register) return refuse('unknown-register', `${frame.device}/${name}`);
  if (!Number.isSafeInteger(value)) return refuse('not-an-integer', String(value));
  if (frame.at > appendedAt + MAX_AHEAD_MS)
    return refuse('future', `${Math.round((frame.at - appendedAt) / HOUR)} h ahead of the log`);
  if (frame.at < (register.earliest ?? EARLIEST_MS)) return refuse('before-mounting', instantText(frame.at));
  if (register.kind === 'counter') {
    const modulus = modulusAt(register, frame.at);
    if (value < 0 || (modulus !== undefined && value >= modulus))
      return refuse('beyond-face', `${value} of ${modulus ?? 'a face from 0 on'}`);
  }
  return { ok: true, reading: { register, value, rank: flags?.includes('u') ? RANK.uncertain : RANK.good } };
}

function modulusAt({ moduli, modulus }: DirectoryRegister, at: number): number | undefined {
  for (const m of moduli) if (m.from <= at && at < m.to) return m.modulus ?? modulus;
  return modulus;
}
