export { mean, median, quantile, sampleCorrelation, sum } from 'simple-statistics';
export { studentQuantile, studentTwoSided } from './student.ts';
