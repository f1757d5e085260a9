import type { Answer } from '../contract.ts';
import { studentQuantile } from '../statistics/index.ts';
import { knownMonths, lacking, MONTHS, monthName, wholeYear, type YearMonths } from './series.ts';

/** Parameters of the method, not of any rule. */
export const FORECAST = {
  confidence: 0.8,
  /** Latest whole years looked at: older ones say little about today's season. */
  years: 5,
  /** How many years the spread of single months counts for beside the spread of whole years. */
  monthWeight: 4,
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
  /** Months of the year still open, gaps included (`YYYY-MM`). */
  readonly open: readonly string[];
  /** Whole years that season and spread come from. */
  readonly history: readonly number[];
}

interface Split {
  readonly known: number;
  readonly open: number;
}

const REFUSED = {
  history: lacking(
    'forecast',
    'no earlier year has all twelve months',
    '补录至少一个完整年度的逐月用量',
    'enter the months of one whole earlier year',
  ),
  level: lacking(
    'forecast',
    'the months so far say nothing of the level: no use in them',
    '待有用量的月份之后再预测',
    'wait for months with use',
  ),
  spread: lacking(
    'forecast',
    'too few months for a spread',
    '本年满三个月，或有两个完整历史年度后再预测',
    'wait for three months of the year, or enter a second whole year',
  ),
} as const;

/**
 * The year's end by the ratio of open to known months in past whole years, with Mack's interval for such a ratio. Its variance is drawn
 * together from two sources: how that ratio differed between years (few), and how single months differ from year level × season (many).
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
  const found = {
    year,
    known: now,
    open: open.map((index) => monthName(year, index)),
    history,
    confidence: FORECAST.confidence,
  };
  if (open.length === 0) return { ok: true, value: { ...found, estimate: now, low: now, high: now } };

  const splits = history.map((y) => splitOf(years.get(y) ?? [], present));
  const past: Split = {
    known: splits.reduce((sum, split) => sum + split.known, 0),
    open: splits.reduce((sum, split) => sum + split.open, 0),
  };
  if (past.known === 0 || now === 0) return REFUSED.level;
  const rows = [...history, year].map((y) => years.get(y) ?? []);
  const spread = pooled(splits, past, spreadOfMonths(rows, present, past));
  if (spread.freedom < FORECAST.leastFreedom) return REFUSED.spread;
  return { ok: true, value: { ...found, ...intervalOf(now, past, spread) } };
}

/** Mack's error of prediction: the open months' own scatter and that of the ratio, by Student's quantile. */
function intervalOf(now: number, past: Split, spread: Spread): Pick<Forecast, 'estimate' | 'low' | 'high'> {
  const rest = (now * past.open) / past.known;
  const error = Math.sqrt(spread.variance * now * (1 + now / past.known));
  const half = studentQuantile(FORECAST.confidence, spread.freedom) * error;
  return {
    estimate: now + Math.round(rest),
    low: now + Math.max(0, Math.floor(rest - half)),
    high: now + Math.ceil(rest + half),
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
  /** Of open − ratio × known, per unit of known (Mack's σ²). */
  readonly variance: number;
  readonly freedom: number;
}

/** Mack 1993: σ² of the ratio between years, one degree of freedom less than years; drawn towards the months' with a fixed weight. */
function pooled(splits: readonly Split[], past: Split, months: Spread): Spread {
  const ratio = past.open / past.known;
  const used = splits.filter(({ known }) => known > 0);
  const squares = used.reduce((sum, { known, open }) => sum + (open - ratio * known) ** 2 / known, 0);
  const between = used.length - 1;
  const weight = Math.min(FORECAST.monthWeight, months.freedom);
  const freedom = between + weight;
  return {
    freedom,
    variance: freedom > 0 ? (squares + weight * months.variance * (1 + 1 / splits.length)) / freedom : 0,
  };
}

/**
 * Over-dispersed Poisson: the fit whose rows and columns add up (year level × season), Pearson residuals, φ = Σ r² ÷ freedom; then the variance
 * that independent months give the ratio, φ f (1 + f). The last row is the year in question, with its known months.
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
  const ratio = past.open / past.known;
  return { freedom: Math.max(0, freedom), variance: freedom > 0 ? (squares / freedom) * ratio * (1 + ratio) : 0 };
}
