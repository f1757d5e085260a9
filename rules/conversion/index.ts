/** Quantities to coal equivalent and carbon, every figure with the rows it rests on. */
export { type Carbon, type CoalEquivalent, type ConvertRequest, convert, covers } from './convert.ts';
export { type FactorUse, type LocalNote, STATISTICS_SET } from './factors.ts';
export { carbonOfPeriod, type PeriodCarbon, weighCarbon, type WeighedCarbon } from './period-carbon.ts';
export { type Rate, type Rates, type RateTables, rateTables, weigh } from './rates.ts';
