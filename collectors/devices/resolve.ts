import {
  baseUnitOf,
  type Carrier,
  configError,
  multiplyRational,
  ONE,
  parseRational,
  type MeteringError,
  type Rational,
  rational,
  unitFactor,
} from '#domain';
import type { ModbusRegister, ModelRegister, OpcUaRegister, ResolvedRegister } from '../contract.ts';
import { partsOf } from './schema.ts';

/**
 * Gauges: the frame carries thousandths of the quantity's plain unit (W, V, A, Hz, °C, m³/h …), whatever multiple the
 * meter shows. So 41.25 kW is 41 250 000 mW, 21.5 °C is 21 500 m°C, and a thousandth of a m³/h is one L/h.
 */
const GAUGE_UNITS: Readonly<Record<string, { readonly face: string; readonly thousandths: number }>> = {
  W: { face: 'mW', thousandths: 1_000 },
  kW: { face: 'mW', thousandths: 1_000_000 },
  var: { face: 'mvar', thousandths: 1_000 },
  kvar: { face: 'mvar', thousandths: 1_000_000 },
  VA: { face: 'mVA', thousandths: 1_000 },
  kVA: { face: 'mVA', thousandths: 1_000_000 },
  V: { face: 'mV', thousandths: 1_000 },
  A: { face: 'mA', thousandths: 1_000 },
  Hz: { face: 'mHz', thousandths: 1_000 },
  degC: { face: 'm°C', thousandths: 1_000 },
  K: { face: 'mK', thousandths: 1_000 },
  'm3/h': { face: 'L/h', thousandths: 1_000 },
  kPa: { face: 'Pa', thousandths: 1_000 },
  1: { face: '0.001', thousandths: 1_000 },
};

export const GAUGE_UNIT_NAMES: readonly string[] = Object.keys(GAUGE_UNITS);

/** Unit of a counter that counts pulses; the site gives what a pulse is worth (the pulse constant of the meter behind it). */
export const PULSE = 'pulse';

/**
 * How a model's register stands in the frame (ledger.md, 2).
 * Counters: whole base units where one raw count is a whole number of them, `scale` 1. A count that is not whole (1 Wh of
 * heat = 18/5 kJ, 1/800 kWh) leaves the register in counts, and `scale` says what one is worth. Floats, and OPC UA, whose
 * data type the model does not fix, are rounded half up to base units. Pulses stay counts of `scale` 1.
 * Gauges: thousandths, rounded half up. A modulus is turned into units of the face; the bound of the raw type is none.
 * Throws MODEL_REGISTER_INVALID for an unknown unit, a missing carrier or a modulus that is no whole number of the face.
 */
export function resolveRegister(register: ModelRegister | ModbusRegister | OpcUaRegister): ResolvedRegister {
  return register.kind === 'gauge' ? resolveGauge(register) : resolveCounter(register);
}

function resolveGauge(register: ModelRegister): ResolvedRegister {
  const gauge = GAUGE_UNITS[register.unit];
  if (!gauge) {
    throw refuse(register, `"${register.unit}" is not a unit of a gauge`, `use one of ${GAUGE_UNIT_NAMES.join(', ')}`);
  }
  const toFace = multiplyRational(parseRational(register.scale), rational(gauge.thousandths));
  return { name: register.name, kind: 'gauge', unit: gauge.face, scale: ONE, toFace };
}

function resolveCounter(register: ModelRegister): ResolvedRegister {
  const scale = parseRational(register.scale);
  const { name, kind, carrier } = register;
  if (register.unit === PULSE) {
    const modulus = moduloOf(register, ONE);
    return { name, kind, unit: 'count', scale: ONE, toFace: ONE, ...(modulus === undefined ? {} : { modulus }) };
  }
  if (!carrier)
    throw refuse(register, 'it counts something, but no carrier is given', 'add carrier, or count in pulses');
  const unitInBase = factorOf(register, carrier);
  const countInBase = multiplyRational(scale, unitInBase);
  const inBaseUnits = countInBase.den === 1 || !isIntegerRegister(register);
  const modulus = moduloOf(register, inBaseUnits ? unitInBase : inverse(scale));
  return {
    name,
    kind,
    carrier,
    unit: inBaseUnits ? baseUnitOf(carrier) : 'count',
    scale: inBaseUnits ? ONE : countInBase,
    toFace: inBaseUnits ? countInBase : ONE,
    ...(modulus === undefined ? {} : { modulus }),
  };
}

const isIntegerRegister = (register: ModelRegister | ModbusRegister): boolean =>
  'fc' in register && partsOf(register).every(({ type }) => !type.startsWith('f'));

const inverse = (ratio: Rational): Rational => rational(ratio.den, ratio.num);

function factorOf(register: ModelRegister, carrier: Carrier): Rational {
  try {
    return unitFactor(register.unit, carrier);
  } catch (cause) {
    throw refuse(register, cause instanceof Error ? cause.message : String(cause), 'use a unit of the carrier', cause);
  }
}

function moduloOf(register: ModelRegister, facePerUnit: Rational): number | undefined {
  if (register.modulus === undefined) return undefined;
  const face = multiplyRational(parseRational(register.modulus), facePerUnit);
  if (face.den !== 1) {
    throw refuse(
      register,
      `its modulus ${register.modulus} ${register.unit} is no whole number of its face`,
      'check modulus, unit and scale against the document',
    );
  }
  return face.num;
}

const refuse = (register: ModelRegister, message: string, cure: string, cause?: unknown): MeteringError =>
  configError('MODEL_REGISTER_INVALID', `register ${register.name}: ${message}`, {
    place: register.name,
    cure,
    ...(cause === undefined ? {} : { cause }),
  });
