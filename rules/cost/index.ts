/** What energy and water cost by dated tariffs, exactly, and whether a bill's unit price can be believed. */
export { checkPrice, type PriceCheck, SUSPICIOUS_DEVIATION } from './cross-check.ts';
export { divideByWeight, toFen } from './divide.ts';
export { costOfDays, type DayCost, type DayUse, type PointCost } from './tariff.ts';
