/** The rules as data: rows with source and confidence, a strict loader, and the functions that choose a row. */
export { catalogueOf, loadCatalogue } from './load.ts';
export { UNIT_OF } from './schema.ts';
export {
  barometerThresholds,
  coalFactor,
  DEFAULT_CARBON_SET,
  density,
  electricityFactor,
  fuelFactor,
  heatFactor,
  NATION,
  targetsFor,
  type ElectricityAsk,
  type ElectricityChoice,
  type TargetAsk,
  type TargetChoice,
} from './choose.ts';
export { packsFor, quotaFor, quotasFor, zoneFor, type QuotaAsk, type QuotaChoice } from './choose-quota.ts';
export { validOn } from './validity.ts';
export {
  COMPARISONS,
  type BarometerRow,
  type Catalogue,
  type CatalogueEntry,
  type Comparison,
  type Confirmation,
  type CorrectionRow,
  type GridMembership,
  type ReferenceLimit,
  type RulePack,
  type ZoneRow,
} from './rows.ts';
export { divisionOf, divisionPath, divisionsBelow, divisionsNamed, type Division } from './divisions.ts';
export { dayKindOf, HOLIDAY_YEARS, workdaysIn, type DayKind } from './workdays.ts';
