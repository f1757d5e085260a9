/** Verdicts of quota standards, side by side by rule pack, each with its standing; questions where a fact is unknown. */
export { judge, judgeUnder, LEAST_COVERAGE, levelOf, LEVELS, tally, type Verdict } from './judge.ts';
