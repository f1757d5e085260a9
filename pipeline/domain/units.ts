import { type BaseUnit, baseUnitOf, type Carrier } from './carrier.ts';
import { oneOf, requestError } from './errors.ts';
import { type Rational, rational } from './rational.ts';
import { halfWidth, withoutGroups } from './text.ts';

/**
 * Units as people write them, each with the base units that one of it holds (ledger.md, 2). 1 kWh of heat is 3,600 kJ.
 * Gas volumes are litres of the stated condition.
 */
const UNITS: Readonly<Record<BaseUnit, Readonly<Record<string, Rational>>>> = {
  Wh: {
    Wh: rational(1),
    kWh: rational(1_000),
    MWh: rational(1_000_000),
    GWh: rational(1_000_000_000),
    度: rational(1_000),
    千瓦时: rational(1_000),
    万千瓦时: rational(10_000_000),
  },
  L: {
    L: rational(1),
    l: rational(1),
    升: rational(1),
    m3: rational(1_000),
    'm³': rational(1_000),
    立方米: rational(1_000),
  },
  kJ: {
    kJ: rational(1),
    MJ: rational(1_000),
    GJ: rational(1_000_000),
    kWh: rational(3_600),
    MWh: rational(3_600_000),
    吉焦: rational(1_000_000),
  },
  g: { g: rational(1), kg: rational(1_000), t: rational(1_000_000), 千克: rational(1_000), 吨: rational(1_000_000) },
  mL: { mL: rational(1), L: rational(1_000), 升: rational(1_000), m3: rational(1_000_000) },
};

/** A tonne is a cubic metre of water alone; a tonne of gas is none. */
const WATER: Readonly<Record<string, Rational>> = { ...UNITS.L, t: rational(1_000), 吨: rational(1_000) };

const unitsFor = (carrier: Carrier): Readonly<Record<string, Rational>> =>
  carrier === 'water' ? WATER : UNITS[baseUnitOf(carrier)];

/** The unit in which people read a quantity of this base unit. */
const DISPLAY_UNIT: Readonly<Record<BaseUnit, string>> = { Wh: 'kWh', L: 'm³', kJ: 'GJ', g: 'kg', mL: 'L' };

export const unitsOf = (carrier: Carrier): readonly string[] => Object.keys(unitsFor(carrier));

export const displayUnitOf = (carrier: Carrier): string => DISPLAY_UNIT[baseUnitOf(carrier)];

/** Other ways to write a unit of the table. */
const ALIASES: Readonly<Record<string, string>> = {
  兆瓦时: 'mwh',
  千瓦时: 'kwh',
  '㎥': 'm3',
  'm^3': 'm3',
  立方: 'm3',
  方: 'm3',
};

/** kW·h and ｋＷｈ are kWh; small letters. */
function plainUnit(unit: string): string {
  const plain = halfWidth(unit)
    .trim()
    .toLowerCase()
    .replace(/(?<=w)[.·⋅・](?=h$)/, '');
  return ALIASES[plain] ?? plain;
}

const KNOWN_UNITS = new Set(Object.values(UNITS).flatMap((units) => Object.keys(units).map(plainUnit)));

/** Whether a text is a unit of any carrier. */
export const isUnit = (text: string): boolean => KNOWN_UNITS.has(plainUnit(text));

/** Base units in one `unit` of the carrier. Throws UNIT_UNKNOWN. */
export function unitFactor(unit: string, carrier: Carrier): Rational {
  const known = unitsFor(carrier);
  const name = unit.trim();
  const key = Object.hasOwn(known, name) ? name : Object.keys(known).find((k) => plainUnit(k) === plainUnit(name));
  const factor = key === undefined ? undefined : known[key];
  if (!factor) {
    throw requestError('UNIT_UNKNOWN', `"${unit}" is not a unit of ${carrier}`, {
      ...oneOf(Object.keys(known)),
    });
  }
  return factor;
}

/**
 * A decimal in a unit to whole base units, exact. More digits than the base unit holds are refused (QUANTITY_INVALID),
 * unless `round` says that they are to be rounded half up (floats of a meter).
 */
export function toBaseUnits(decimal: string, unit: string, carrier: Carrier, round = false): number {
  const text = withoutGroups(halfWidth(decimal).trim(), ',\u00a0\u202f ');
  const match = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text);
  if (!match)
    throw requestError('QUANTITY_INVALID', `"${decimal}" is not a number`, {
      cure: 'write digits with a point, such as 1234.5',
    });
  const [, sign, whole = '0', fraction = '', exponent = '0'] = match;
  const { num, den } = unitFactor(unit, carrier);
  const shift = fraction.length - Number(exponent);
  const top = BigInt(whole + fraction) * BigInt(num) * 10n ** BigInt(Math.max(0, -shift));
  const bottom = BigInt(den) * 10n ** BigInt(Math.max(0, shift));
  if (!round && top % bottom !== 0n) {
    throw requestError('QUANTITY_INVALID', `${decimal} ${unit} is finer than one ${baseUnitOf(carrier)}`, {
      cure: `round it to whole ${baseUnitOf(carrier)}`,
    });
  }
  const value = Number((2n * top + bottom) / (2n * bottom)) * (sign === '-' ? -1 : 1);
  if (!Number.isSafeInteger(value))
    throw requestError('QUANTITY_INVALID', `${decimal} ${unit} is too large`, { cure: 'check the unit' });
  return value;
}

/** Reads "1234.5 kWh" or "1,234.5kWh". */
export function parseQuantity(text: string, carrier: Carrier): number {
  const match = /^\s*([+-]?[\d.,\s]*\d(?:[eE][+-]?\d+)?)\s*(\D.*?)\s*$/.exec(text);
  if (!match) {
    throw requestError('QUANTITY_INVALID', `"${text}" is not a quantity with a unit`, {
      ...oneOf(unitsOf(carrier), 'write a number and one of'),
    });
  }
  return toBaseUnits(match[1] ?? '', match[2] ?? '', carrier);
}

/** Base units as a plain decimal in `unit`, exact, trailing zeros dropped. */
export const inUnit = (amount: number, unit: string, carrier: Carrier): string => decimalsOf(unit, carrier)(amount);

/** The same for many amounts. */
export function decimalsOf(unit: string, carrier: Carrier): (amount: number) => string {
  const { num } = unitFactor(unit, carrier);
  const digits = String(num).length - 1;
  if (num !== 10 ** digits) return (amount) => String(amount / num);
  if (digits === 0) return String;
  return (amount) => {
    const size = Math.abs(amount);
    const rest = size % num;
    const whole = `${amount < 0 ? '-' : ''}${(size - rest) / num}`;
    return rest === 0 ? whole : `${whole}.${withoutZeros(String(rest).padStart(digits, '0'))}`;
  };
}

const withoutZeros = (fraction: string): string => {
  let end = fraction.length;
  while (fraction[end - 1] === '0') end -= 1;
  return fraction.slice(0, end);
};
