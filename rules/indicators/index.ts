/** Indicators of a period, each with its denominator, coverage and rows, or the reason why there is none. */
export { amountOf, type Caliber, measure, type Measured, quotaCaliber, SURVEY_CALIBER } from './measure.ts';
export { changeAgainst, type Indicator, indicator, indicators, type MetricAnswer } from './indicators.ts';
export { hospitalHeads, timeWeightedMean, visitorHeads } from './means.ts';
export {
  dayOf,
  isYear,
  lastDayOf,
  monthPeriod,
  rollingTwelveMonths,
  samePeriodLastYear,
  yearPeriod,
  yearToDate,
} from './periods.ts';
