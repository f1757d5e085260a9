/** Verdicts of quota standards, side by side by rule pack, each with its standing; questions where a fact is unknown. */
export {
  judge,
  judgeUnder,
  type Judgement,
  LEAST_COVERAGE,
  type Level,
  levelOf,
  LEVELS,
  type Tally,
  tally,
  type Verdict,
} from './judge.ts';
export type { Standing } from './standing.ts';
