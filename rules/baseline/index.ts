export { type Baseline, type Fitted, fitBaseline, type Quality } from './baseline.ts';
export { isWeekday, type Span, type UseDay } from './days.ts';
export { GATES } from './gates.ts';
export { CANDIDATES, type Shape } from './model.ts';
export { type Saved, type Savings, SAVINGS_CONFIDENCE, savingsOf } from './savings.ts';
