import type { Answer } from '../contract.ts';
import { studentQuantile } from '../statistics/index.ts';
import { knownMonths, lacking, MONTHS, monthName, wholeYear, type YearMonths } from './series.ts';
import { splitExact } from './split.ts';

/** Parameters of the method, not of any rule. */
export const FORECAST = {
  confidence: 0.8,
  /** Latest whole years looked at: older ones say little about today's season. */
  years: 5,
  /** How many years the spread of single months counts for beside the spread of whole years. */
  monthWeight: 4,
  /** Change of level against a year before that is ordinary: as far as the months so far differ by chance, it is not carried on. */
  drift: 0.05,
  /** Degrees of freedom below which the spread is a guess. */
  leastFreedom: 2,
} as const;

export interface Forecast {
  readonly year: number;
  /** Whole year; `low` to `high` holds it with probability `confidence`. Whole base units; never below what is used already. */
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
  /** What the known months have. */
  readonly known: number;
  /** Months of the year still open, gaps included. */
  readonly open: readonly ForecastMonth[];
  /** Whole years that season and spread come from. */
  readonly history: readonly number[];
}

/** An open month: whole base units that add up to the year's estimate; its own interval, which is relatively wider than the year's. */
export interface ForecastMonth {
  /** `YYYY-MM` */
  readonly month: string;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** The year from January to the end of this month, with what is known: the last one is the year. */
  readonly toDate: Ranged;
}

interface Ranged {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

interface Split {
  readonly known: number;
  readonly open: number;
}

const REFUSED = {
  history: lacking(
    'forecast',
    'HISTORY_SHORT: no earlier year has all twelve months',
    '补录至少一个完整年度的逐月用量',
    'enter the months of one whole earlier year',
  ),
  level: lacking(
    'forecast',
    'QUANTITY_MISSING: the months so far say nothing of the level: no use in them',
    '待有用量的月份之后再预测',
    'wait for months with use',
  ),
  spread: lacking(
    'forecast',
    'HISTORY_SHORT: too few months for a spread',
    '本年满三个月，或有两个完整历史年度后再预测',
    'wait for three months of the year, or enter a second whole year',
  ),
} as const;

/**
 * The year's end by the ratio of open to known months in past whole years, with Mack's interval for such a ratio. Its variance is drawn
 * together from two sources: how that ratio differed between years (few), and how single months differ from year level × season (many).
 * The level of the known months is carried on as far as it is credible (Bühlmann): what their scatter explains is not.
 */
export function forecastYear(years: YearMonths, year: number): Answer<Forecast> {
  const known = knownMonths(years, year);
  const history = [...years.keys()]
    .filter((y) => y < year && wholeYear(years, y) !== undefined)
    .toSorted((a, b) => a - b)
    .slice(-FORECAST.years);
  if (history.length === 0) return REFUSED.history;
  const now = known.reduce((sum, { amount }) => sum + amount, 0);
  const present = new Set(known.map(({ index }) => index));
  const open = Array.from({ length: MONTHS }, (_, index) => index).filter((index) => !present.has(index));
  const found = { year, known: now, history, confidence: FORECAST.confidence };
  if (open.length === 0) return { ok: true, value: { ...found, open: [], estimate: now, low: now, high: now } };

  const before = history.map((y) => years.get(y) ?? []);
  const splits = before.map((months) => splitOf(months, present));
  const past: Split = {
    known: splits.reduce((sum, split) => sum + split.known, 0),
    open: splits.reduce((sum, split) => sum + split.open, 0),
  };
  if (past.known === 0 || now === 0) return REFUSED.level;
  const months = spreadOfMonths([...before, years.get(year) ?? []], present, past);
  const spread = pooled(splits, past, months);
  if (spread.freedom < FORECAST.leastFreedom) return REFUSED.spread;
  const basis: Basis = {
    now,
    past,
    years: history.length,
    level: levelOf(now, past, history.length, spread.dispersion),
  };
  const weights = open.map((index) => before.reduce((sum, row) => sum + (row[index] ?? 0), 0));
  const whole = ranged(now, restOf(past.open, basis, spread));
  const parts = splitExact(whole.estimate - now, weights.map(BigInt));
  const alone = months.freedom < FORECAST.leastFreedom ? spread : months;
  const monthOf = (index: number, i: number): ForecastMonth => {
    const sofar = known.reduce((sum, one) => sum + (one.index < index ? one.amount : 0), 0);
    const upTo = weights.slice(0, i + 1).reduce((sum, weight) => sum + weight, 0);
    const estimate = parts[i] ?? 0;
    return {
      month: monthName(year, index),
      ...ranged(0, restOf(weights[i] ?? 0, basis, alone)),
      estimate,
      toDate: {
        ...ranged(sofar, restOf(upTo, basis, spread)),
        estimate: sofar + parts.slice(0, i + 1).reduce((sum, part) => sum + part, 0),
      },
    };
  };
  return { ok: true, value: { ...found, ...whole, open: open.map(monthOf) } };
}

/** Whole units; never below what is used already. */
const ranged = (used: number, { estimate, half }: Rest): Ranged => ({
  estimate: used + Math.round(estimate),
  low: used + Math.max(0, Math.floor(estimate - half)),
  high: used + Math.ceil(estimate + half),
});

/** This year's level against the past years', drawn towards 1 as far as chance explains it. */
interface Level {
  readonly value: number;
  /** Of the level as drawn. */
  readonly variance: number;
}

interface Basis {
  readonly now: number;
  readonly past: Split;
  readonly years: number;
  readonly level: Level;
}

/** Credibility τ² ÷ (τ² + σ²): σ² of the known months' scatter, τ² of what levels do, at least the ordinary drift since the middle of the history. */
function levelOf(now: number, past: Split, years: number, dispersion: number): Level {
  const known = past.known / years;
  const found = now / known - 1;
  const chance = (dispersion / known) * (1 + 1 / years);
  const drift = (FORECAST.drift * (years + 1)) / 2;
  const real = Math.max(drift ** 2, found ** 2 - chance);
  const credible = real / (real + chance);
  return { value: 1 + credible * found, variance: credible * chance };
}

interface Rest {
  readonly estimate: number;
  readonly half: number;
}

/** What months with `before` in the past years will use: their own scatter and the history's, and the error of the level, by Student's quantile. */
function restOf(before: number, { now, past, years, level }: Basis, { dispersion, freedom }: Spread): Rest {
  const usual = before / years;
  const measured = (now * years) / past.known;
  const variance = dispersion * usual * measured * (1 + measured / years) + usual ** 2 * level.variance;
  return {
    estimate: usual * level.value,
    half: studentQuantile(FORECAST.confidence, freedom) * Math.sqrt(variance),
  };
}

function splitOf(months: readonly (number | undefined)[], present: ReadonlySet<number>): Split {
  return months.reduce<Split>(
    (sum, amount = 0, index) =>
      present.has(index) ? { ...sum, known: sum.known + amount } : { ...sum, open: sum.open + amount },
    { known: 0, open: 0 },
  );
}

interface Spread {
  /** Variance ÷ mean of an amount (over-dispersed Poisson). */
  readonly dispersion: number;
  readonly freedom: number;
}

/** Mack 1993: the ratio between years, one degree of freedom less than years; drawn towards the months' with a fixed weight. */
function pooled(splits: readonly Split[], past: Split, months: Spread): Spread {
  const ratio = past.open / past.known;
  const used = splits.filter(({ known }) => known > 0);
  const squares = used.reduce((sum, { known, open }) => sum + (open - ratio * known) ** 2 / known, 0);
  const perMonth = ratio > 0 ? squares / (ratio * (1 + ratio)) : 0;
  const between = used.length - 1;
  const weight = Math.min(FORECAST.monthWeight, months.freedom);
  const freedom = between + weight;
  return {
    freedom,
    dispersion: freedom > 0 ? (perMonth + weight * months.dispersion * (1 + 1 / splits.length)) / freedom : 0,
  };
}

/**
 * Over-dispersed Poisson: the fit whose rows and columns add up (year level × season), Pearson residuals, φ = Σ r² ÷ freedom. The last row is the year in question, with its known months.
 */
function spreadOfMonths(
  rows: readonly (readonly (number | undefined)[])[],
  present: ReadonlySet<number>,
  past: Split,
): Spread {
  const seen = Array.from({ length: MONTHS }, (_, index) => rows.reduce((sum, row) => sum + (row[index] ?? 0), 0));
  const knownSeen = seen.reduce((sum, amount, index) => sum + (present.has(index) ? amount : 0), 0);
  const whole = past.known + past.open;
  const season = seen.map((amount, index) =>
    present.has(index) ? (past.known / whole) * (amount / knownSeen) : amount / whole,
  );
  let [squares, cells] = [0, 0];
  for (const row of rows) {
    const split = splitOf(row, present);
    const level = row === rows.at(-1) ? (split.known * whole) / past.known : split.known + split.open;
    season.forEach((share, index) => {
      const [expected, amount] = [level * share, row[index]];
      if (amount === undefined || expected <= 0) return;
      squares += (amount - expected) ** 2 / expected;
      cells += 1;
    });
  }
  const freedom = cells - rows.length - season.filter((share) => share > 0).length + 1;
  return { freedom: Math.max(0, freedom), dispersion: freedom > 0 ? squares / freedom : 0 };
}
