import { displayUnitOf, multiplyRational, parseRational, type Rational, rational, unitFactor } from '#domain';
import type { ModelRegister, ResolvedRegister } from '../contract.ts';

/** Digits behind the point where a decimal does not end. */
const MOST_DIGITS = 9;

/** A frame's integer as people read it. */
export interface Physical {
  /** Decimal: exact where it ends, else cut after nine digits. */
  readonly value: string;
  readonly unit: string;
}

/** Counters in the unit that people read of their carrier, gauges and pulses in that of their model. */
export function physicalOf(face: number, register: ModelRegister, resolved: ResolvedRegister): Physical {
  const unit = unitOf(register);
  const { num, den } = facePerUnit(register, resolved, unit);
  return { value: decimalOf(BigInt(face) * BigInt(den), BigInt(num)), unit };
}

export const unitOf = ({ kind, carrier, unit }: ModelRegister): string =>
  kind === 'counter' && carrier !== undefined ? displayUnitOf(carrier) : unit;

/** How many of the frame's counts one unit is. */
function facePerUnit({ kind, carrier, scale }: ModelRegister, resolved: ResolvedRegister, unit: string): Rational {
  if (kind === 'counter' && carrier !== undefined) {
    return multiplyRational(unitFactor(unit, carrier), inverse(resolved.scale));
  }
  // face = raw × toFace and physical = raw × scale
  return multiplyRational(resolved.toFace, inverse(parseRational(scale)));
}

const inverse = ({ num, den }: Rational): Rational => rational(den, num);

function decimalOf(num: bigint, den: bigint): string {
  const size = num < 0n ? -num : num;
  let rest = size % den;
  let fraction = '';
  while (rest !== 0n && fraction.length < MOST_DIGITS) {
    fraction += String((rest * 10n) / den);
    rest = (rest * 10n) % den;
  }
  const text = `${size / den}${fraction === '' ? '' : `.${fraction}`}`;
  return num < 0n ? `-${text}` : text;
}

/** Words as they came over the wire, in hexadecimal. */
export const hexOf = (words: readonly number[]): readonly string[] =>
  words.map((word) => word.toString(16).padStart(4, '0'));
