export { type Allowance, type AllowanceInput, allowanceOf } from './allowance.ts';
export { type BarometerFacts, barometerOf, type BarometerReading, type Level, type Reading } from './barometer.ts';
export { decompose, type Holder, type Part, type Rule } from './decompose.ts';
export { type Forecast, FORECAST, forecastYear } from './forecast.ts';
export { monthlyPath, type MonthlyPath, type PathMonth } from './path.ts';
export { type Progress, progressOf } from './progress.ts';
export { byYear, type MonthAmount, type YearMonths } from './series.ts';
export { splitExact } from './split.ts';
export { trackTarget, type Tracking, type TrackInput } from './track.ts';
