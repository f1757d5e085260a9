import type { DecodeResult, ResolvedRegister } from '../contract.ts';

const MAX = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * A raw value (integer words as number or bigint, a float, an OPC UA number) as the frame's integer. Refused with its
 * reason, never bent: markers of "no value", NaN and infinities, what no safe integer holds, a counter below 0 or beyond
 * its modulus.
 */
export function faceValue(
  raw: number | bigint,
  register: ResolvedRegister,
  markers: readonly number[] = [],
): DecodeResult {
  if (typeof raw === 'bigint') {
    if (raw > MAX || raw < -MAX) return { ok: false, reason: 'not-safe-integer' };
    return faceValue(Number(raw), register, markers);
  }
  if (markers.includes(raw)) return { ok: false, reason: 'no-value-marker' };
  if (!Number.isFinite(raw)) return { ok: false, reason: 'not-finite' };
  const { num, den } = register.toFace;
  const value = scaled(raw, num, den);
  if (!Number.isSafeInteger(value)) return { ok: false, reason: 'not-safe-integer' };
  if (register.kind === 'counter' && (value < 0 || (register.modulus !== undefined && value >= register.modulus))) {
    return { ok: false, reason: 'beyond-face' };
  }
  return { ok: true, value };
}

/** raw × num / den, half up: whole raw values exactly, others by the double's product. */
function scaled(raw: number, num: number, den: number): number {
  if (!Number.isSafeInteger(raw)) return Math.floor((raw * num) / den + 0.5) + 0;
  if (den === 1) return raw * num + 0;
  const twiceOfDoubles = 2 * raw * num + den;
  // so far below 2^53 the quotient of two whole doubles never rounds up to a whole one
  if (Math.abs(twiceOfDoubles) < 2 ** 50) return Math.floor(twiceOfDoubles / (2 * den)) + 0;
  const twice = 2n * BigInt(raw) * BigInt(num) + BigInt(den);
  const below = 2n * BigInt(den);
  const quotient = twice / below;
  return Number(twice < 0n && twice % below !== 0n ? quotient - 1n : quotient);
}
