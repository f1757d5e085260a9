import { type Carrier, CARRIERS } from './carrier.ts';
import { oneOf, requestError } from './errors.ts';
import type { QuantityKind } from './facts.ts';
import { displayUnitOf, inUnit, toBaseUnits, unitsOf } from './units.ts';

/**
 * Units of what is entered by hand. Carriers have their own; paper and food waste are masses (g, like coal), heated area is kept in thousandths
 * of a m².
 */
const AREA_NAMES = ['m2', 'm²', '㎡', '平方米'];

export const isCarrier = (kind: string): kind is Carrier => CARRIERS.some((carrier) => carrier === kind);

const likeOf = (kind: QuantityKind): Carrier => (isCarrier(kind) ? kind : 'coal');

export const quantityUnitsOf = (kind: QuantityKind): readonly string[] =>
  kind === 'heat-by-area' ? AREA_NAMES : unitsOf(likeOf(kind));

/** A decimal in a unit to whole base units of the kind, exact. Throws UNIT_UNKNOWN, QUANTITY_INVALID. */
export function quantityToBase(decimal: string, unit: string, kind: QuantityKind): number {
  if (kind !== 'heat-by-area') return toBaseUnits(decimal, unit, likeOf(kind));
  if (AREA_NAMES.includes(unit.trim())) return toBaseUnits(decimal, 'kg', 'coal'); // a thousandth, like a gram of a kilogram
  throw requestError('UNIT_UNKNOWN', `"${unit}" is not a unit of ${kind}`, {
    ...oneOf(AREA_NAMES),
  });
}

export const quantityDisplayUnit = (kind: QuantityKind): string =>
  kind === 'heat-by-area' ? 'm²' : displayUnitOf(likeOf(kind));

export const quantityDisplay = (amount: number, kind: QuantityKind): string =>
  kind === 'heat-by-area' ? inUnit(amount, 'kg', 'coal') : inUnit(amount, quantityDisplayUnit(kind), likeOf(kind));
