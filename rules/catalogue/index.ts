/** The rules as data: rows with source and confidence, a strict loader, and the functions that choose a row. */
export { catalogueOf, confirmCatalogue, loadCatalogue } from './load.ts';
export { clauseText } from './clauses.ts';
export { UNIT_OF } from './schema.ts';
export {
  barometerThresholds,
  coalFactor,
  density,
  electricityFactor,
  fuelFactor,
  heatFactor,
  NATION,
  targetsFor,
  type ElectricityAsk,
} from './choose.ts';
export { packsFor, quotaFor, quotasFor, zoneFor, type QuotaChoice } from './choose-quota.ts';
export { validOn } from './validity.ts';
export { COMPARISONS, type Catalogue, type CatalogueEntry, type Confirmation, type CorrectionRow } from './rows.ts';
export { divisionOf, divisionPath, divisionsBelow, divisionsNamed } from './divisions.ts';
export { dayKindOf, HOLIDAY_YEARS, workdaysIn } from './workdays.ts';
