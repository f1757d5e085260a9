export { type Baseline, type Fitted, fitBaseline, type Quality } from './baseline.ts';
export { daysWithin, isWeekday, type Span, type UseDay } from './days.ts';
export { type Gate, gateResults, GATES } from './gates.ts';
export { CANDIDATES, type Shape } from './model.ts';
export { type Saved, type Savings, SAVINGS_CONFIDENCE, savingsOf } from './savings.ts';
