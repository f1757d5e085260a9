import { type Carrier, CARRIERS, unitFactor, unitsOf } from '#domain';
import { type Density, OTHER_FUELS, type OtherFuel } from '../contract.ts';
import { divide, type Exact, exactOf, parseExact } from '../exact.ts';
import type { Fuel } from './factors.ts';

const MEASURED_LIKE: Readonly<Record<OtherFuel, Carrier>> = {
  'fuel-oil': 'petrol',
  kerosene: 'petrol',
  lng: 'lpg',
  anthracite: 'coal',
  bituminous: 'coal',
  lignite: 'coal',
  'washed-coal': 'coal',
  middlings: 'coal',
  'coal-slurry': 'coal',
  briquette: 'coal',
  coke: 'coal',
  'coke-oven-gas': 'natural-gas',
  'blast-furnace-gas': 'natural-gas',
  'piped-gas': 'natural-gas',
  'refinery-dry-gas': 'coal',
};

const isCarrier = (name: string): name is Carrier => CARRIERS.some((carrier) => carrier === name);
export const isFuel = (name: string): name is Fuel => isCarrier(name) || OTHER_FUELS.some((fuel) => fuel === name);

/** The carrier whose units a fuel is written in. */
export const measuredLike = (fuel: Fuel): Carrier => (isCarrier(fuel) ? fuel : MEASURED_LIKE[fuel]);

const MASS_UNITS = unitsOf('coal').map((unit) => unit.toLowerCase());
const isMass = (unit: string): boolean => MASS_UNITS.includes(unit.trim().toLowerCase());
const isLiquid = (fuel: Fuel): boolean => ['petrol', 'diesel'].includes(measuredLike(fuel));

const baseUnitsIn = (unit: string, carrier: Carrier): Exact => {
  const { num, den } = unitFactor(unit, carrier);
  return exactOf(num, den);
};

/** A liquid is measured in mL and may be written in kg: mass = volume × density (kg/L, the same number as g/mL). */
export const needsDensity = (fuel: Fuel, unit: string): boolean => isLiquid(fuel) && isMass(unit);

/** Base units of `fuel` in one `unit`. Throws UNIT_UNKNOWN, also for a mass of a liquid without its density. */
export function baseUnitsPer(unit: string, fuel: Fuel, density?: Density): Exact {
  if (needsDensity(fuel, unit) && density) return divide(baseUnitsIn(unit, 'coal'), parseExact(density.value));
  return baseUnitsIn(unit, measuredLike(fuel));
}
