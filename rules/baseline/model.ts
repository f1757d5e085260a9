import { studentTwoSided } from '../statistics/index.ts';
import type { WholeDay } from './days.ts';
import { type Fit, leastSquares } from './least-squares.ts';

/** CalTRACK 2.0, 3.2–3.4, in ℃: grids of balance points, what a candidate must have, when it qualifies. */
export const CANDIDATES = {
  heatingPoints: { from: 4, to: 22, step: 1 },
  coolingPoints: { from: 10, to: 30, step: 1 },
  /** Days with degrees, and degree days (20 °F·d), below which a slope means nothing. */
  leastDegreeDays: { days: 10, sum: 11 },
  /** Two-sided, of each slope. */
  significance: 0.1,
  /** Days of the rarer kind below which workdays get no step of their own. */
  leastDaysOfAKind: 10,
} as const;

export interface Shape {
  /** ℃ */
  readonly heatingPoint?: number | undefined;
  readonly coolingPoint?: number | undefined;
  /** Whether workdays have a level of their own. */
  readonly workdays: boolean;
}

export interface Chosen {
  readonly shape: Shape;
  readonly fit: Fit;
  readonly adjustedRSquared: number;
}

/** Degrees below, or above, a balance point. */
export const heatingDegrees = (celsius: number, point: number): number => Math.max(0, point - celsius);
export const coolingDegrees = (celsius: number, point: number): number => Math.max(0, celsius - point);

type Column = readonly number[];

/** Columns of a shape: 1, workday, heating degrees, cooling degrees; those it has. */
export const columnsOf = (days: readonly WholeDay[], shape: Shape): readonly Column[] => columnsFrom(days)(shape);

/** Each column is made once, however many candidates share it. */
function columnsFrom(days: readonly WholeDay[]): (shape: Shape) => readonly Column[] {
  const ones = days.map(() => 1);
  const working = days.map(({ workday }) => (workday ? 1 : 0));
  const kept = (degrees: (celsius: number, point: number) => number): ((point: number) => Column) => {
    const columns = new Map<number, Column>();
    return (point) => {
      const column = columns.get(point) ?? days.map(({ temperature }) => degrees(temperature, point));
      columns.set(point, column);
      return column;
    };
  };
  const [heating, cooling] = [kept(heatingDegrees), kept(coolingDegrees)];
  return ({ workdays, heatingPoint, coolingPoint }) => [
    ones,
    ...(workdays ? [working] : []),
    ...(heatingPoint === undefined ? [] : [heating(heatingPoint)]),
    ...(coolingPoint === undefined ? [] : [cooling(coolingPoint)]),
  ];
}

/** The qualifying candidate with the greatest adjusted R²; of equals the simpler. There is always one: the steady model. */
export function chooseModel(days: readonly WholeDay[]): Chosen | undefined {
  const use = days.map((day) => day.use);
  const mean = use.reduce((a, b) => a + b, 0) / use.length;
  const total = use.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const columns = columnsFrom(days);
  let best: Chosen | undefined;
  for (const shape of shapesFor(days)) {
    const fit = leastSquares(columns(shape), use);
    if (!fit || !qualifies(fit, shape, days.length)) continue;
    const freedom = days.length - fit.coefficients.length;
    const adjustedRSquared = total > 0 ? 1 - fit.squares / freedom / (total / (days.length - 1)) : 0;
    if (!best || adjustedRSquared > best.adjustedRSquared + 1e-12) best = { shape, fit, adjustedRSquared };
  }
  return best;
}

/** Simplest first. */
function shapesFor(days: readonly WholeDay[]): readonly Shape[] {
  const working = days.filter(({ workday }) => workday).length;
  const workdays = Math.min(working, days.length - working) >= CANDIDATES.leastDaysOfAKind;
  const enough = (degrees: (celsius: number) => number): boolean => {
    const each = days.map(({ temperature }) => degrees(temperature)).filter((value) => value > 0);
    const { days: least, sum } = CANDIDATES.leastDegreeDays;
    return each.length >= least && each.reduce((a, b) => a + b, 0) >= sum;
  };
  const heating = grid(CANDIDATES.heatingPoints).filter((point) => enough((celsius) => heatingDegrees(celsius, point)));
  const cooling = grid(CANDIDATES.coolingPoints).filter((point) => enough((celsius) => coolingDegrees(celsius, point)));
  return [
    { workdays },
    ...heating.map((heatingPoint) => ({ workdays, heatingPoint })),
    ...cooling.map((coolingPoint) => ({ workdays, coolingPoint })),
    ...heating.flatMap((heatingPoint) =>
      cooling
        .filter((coolingPoint) => coolingPoint >= heatingPoint)
        .map((coolingPoint) => ({ workdays, heatingPoint, coolingPoint })),
    ),
  ];
}

const grid = ({ from, to, step }: { from: number; to: number; step: number }): readonly number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);

/** No slope or base below 0; each slope distinguishable from 0. */
function qualifies({ coefficients, inverse, squares }: Fit, shape: Shape, count: number): boolean {
  const freedom = count - coefficients.length;
  const [base = 0, step = 0] = coefficients;
  if (base < 0 || (shape.workdays && base + step < 0))
    return shape.heatingPoint === undefined && shape.coolingPoint === undefined;
  const first = shape.workdays ? 2 : 1;
  return coefficients.slice(first).every((slope, at) => {
    const error = Math.sqrt((squares / freedom) * (inverse[first + at]?.[first + at] ?? 0));
    return slope > 0 && studentTwoSided(slope / error, freedom) < CANDIDATES.significance;
  });
}
