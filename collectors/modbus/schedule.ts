/** When a device is asked: pure arithmetic over instants (epoch ms). */

/** Greatest phase within an interval. */
const MAX_PHASE_MS = 5_000;

/**
 * A small fixed offset of a device within its interval, from its id (FNV-1a): not all devices of a site at the same moment,
 * yet the same at every start. At most a tenth of the interval and 5 s, so that a reading stands close to its slot's boundary.
 */
export function phaseOf(device: string, intervalMs: number): number {
  let hash = 0x811c9dc5;
  for (const letter of device) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash % Math.max(1, Math.floor(Math.min(MAX_PHASE_MS, intervalMs / 10)));
}

/** First instant after `now` that is a multiple of the interval plus the phase. What lies between is skipped, never made up for. */
export const nextDue = (now: number, intervalMs: number, phaseMs: number): number =>
  (Math.floor((now - phaseMs) / intervalMs) + 1) * intervalMs + phaseMs;

export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Of a unit that does not answer (architecture.md, Collectors). */
export const UNIT_BACKOFF: Backoff = { minMs: 2_000, maxMs: 5 * 60_000 };
/** Of a line that does not open. */
export const LINE_BACKOFF: Backoff = { minMs: 1_000, maxMs: 60_000 };

/** Pause after the n-th failure in a row (n ≥ 1): doubling, capped, of which the upper half is random. `random` gives [0, 1). */
export function backoffMs(failures: number, { minMs, maxMs }: Backoff, random: () => number): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(failures, 30));
  return Math.max(minMs, full / 2 + (full / 2) * random());
}
