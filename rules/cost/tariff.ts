import {
  type Dated,
  firstDayOfMonth,
  formatDay,
  monthOfDay,
  type Rational,
  type Tariff,
  type TariffPeriod,
  type TariffTerms,
  civilOfDay,
} from '#domain';
import type { Missing } from '../contract.ts';
import { add, type Exact, exactOf, multiply, ZERO } from '../exact.ts';

/** Use of a point on a local day, base units. `hours`: the 24 local hours, needed by time-of-use tariffs; they add up to `amount`. */
export interface DayUse {
  readonly day: number;
  readonly amount: number;
  readonly hours?: ArrayLike<number> | undefined;
}

/** Cost of a day, whole millionths of a yuan (fen × 10⁴). Days of a month add up to the month's exact cost, rounded down once. */
export interface DayCost {
  readonly day: number;
  readonly micro: number;
  readonly byPeriod: Readonly<Partial<Record<TariffPeriod, number>>>;
}

export interface PointCost {
  readonly days: readonly DayCost[];
  /** Capacity charge by month, millionths of a yuan: of the terms in force on the first of the month. */
  readonly capacity: ReadonlyMap<number, number>;
  /** Days without a price, each reason once with its first day. */
  readonly missing: readonly Missing[];
}

const termsOn = (terms: readonly Dated<TariffTerms>[], day: number): TariffTerms | undefined =>
  terms.findLast(({ from }) => from <= day)?.value;

type Part = readonly [TariffPeriod | 'all', Exact];

/**
 * What a point's days cost. Days rise; a tiered price counts from the first day given of its cycle (month or calendar year), so the caller begins
 * at a cycle's start.
 */
export function costOfDays(tariff: Tariff, days: readonly DayUse[]): PointCost {
  const costs: DayCost[] = [];
  const missing = new Map<string, Missing>();
  const runs = new Map<string, { exact: Exact; given: bigint }>();
  let cycle: { readonly key: number; used: number } | undefined;
  for (const use of days) {
    const terms = termsOn(tariff.terms, use.day);
    const month = monthOfDay(use.day);
    const key = terms?.kind === 'tiered' && terms.cycle === 'year' ? Math.floor(month / 12) : month;
    if (cycle?.key !== key) cycle = { key, used: 0 };
    const parts = terms ? partsOf(terms, use, cycle.used) : noTerms(tariff, use.day);
    cycle.used += use.amount;
    if (!Array.isArray(parts)) {
      if (!missing.has(parts.reason)) missing.set(parts.reason, parts);
      continue;
    }
    costs.push(dayCost(use.day, month, parts, runs));
  }
  return { days: costs, capacity: capacityOf(tariff, days), missing: [...missing.values()] };
}

/** The running total of a month and period is rounded down once, so that its days add up to it. */
function dayCost(
  day: number,
  month: number,
  parts: readonly Part[],
  runs: Map<string, { exact: Exact; given: bigint }>,
): DayCost {
  const byPeriod: Partial<Record<TariffPeriod, number>> = {};
  let micro = 0;
  for (const [period, exact] of parts) {
    const key = `${month} ${period}`;
    const run = runs.get(key) ?? { exact: ZERO, given: 0n };
    run.exact = add(run.exact, exact);
    const whole = floor(run.exact);
    const now = Number(whole - run.given);
    run.given = whole;
    runs.set(key, run);
    micro += now;
    if (period !== 'all') byPeriod[period] = (byPeriod[period] ?? 0) + now;
  }
  return { day, micro, byPeriod };
}

const floor = ({ num, den }: Exact): bigint => (num >= 0n || num % den === 0n ? num / den : num / den - 1n);

const times = (amount: number, { num, den }: Rational): Exact => multiply(exactOf(amount), exactOf(num, den));

function partsOf(terms: TariffTerms, use: DayUse, used: number): Part[] | Missing {
  if (terms.kind === 'flat') return [['all', times(use.amount, terms.price)]];
  if (terms.kind === 'tiered') return [['all', tiered(terms.tiers, used, used + use.amount)]];
  const month = civilOfDay(use.day).month;
  const season = terms.seasons.find(({ months }) => months.includes(month));
  const { hours } = use;
  if (!season || hours?.length !== 24) return noHours(use.day);
  const amounts = new Map<TariffPeriod, number>();
  for (const [hour, period] of season.hours.entries())
    amounts.set(period, (amounts.get(period) ?? 0) + (hours[hour] ?? 0));
  return [...amounts].flatMap(([period, amount]): Part[] => {
    const price = season.prices[period];
    return price ? [[period, times(amount, price)]] : [];
  });
}

/** Price of what lies between two totals of the cycle: a tier's price holds for its part alone. */
function tiered(
  tiers: readonly { readonly upTo?: number | undefined; readonly price: Rational }[],
  from: number,
  to: number,
): Exact {
  let cost = ZERO;
  let low = -Infinity;
  for (const { upTo = Infinity, price } of tiers) {
    const part = Math.min(to, upTo) - Math.max(from, low);
    // a day that gives back (to < from) is credited at the tiers that it leaves
    const back = Math.min(from, upTo) - Math.max(to, low);
    if (part > 0) cost = add(cost, times(part, price));
    else if (back > 0) cost = add(cost, times(-back, price));
    low = upTo;
  }
  return cost;
}

function capacityOf({ terms }: Tariff, days: readonly DayUse[]): ReadonlyMap<number, number> {
  const months = new Set(days.map(({ day }) => monthOfDay(day)));
  return new Map(
    [...months].flatMap((month) => {
      const charge = termsOn(terms, firstDayOfMonth(month))?.capacity?.perMonth;
      return charge === undefined ? [] : [[month, charge] as const];
    }),
  );
}

const noTerms = ({ id, terms }: Tariff, day: number): Missing => ({
  what: `tariff.${id}`,
  reason: `TARIFF_MISSING: ${id} holds from ${terms[0] ? formatDay(terms[0].from) : 'no day'} on`,
  cure: { zh: `补充 ${formatDay(day)} 起的价格`, en: `enter the price that held on ${formatDay(day)}` },
});

const noHours = (day: number): Missing => ({
  what: 'quantity.hours',
  reason: `HOURS_MISSING: use by hour is not known on ${formatDay(day)}, which a time-of-use price needs`,
  cure: { zh: '分时电价需要逐时读数；可录入电费单金额', en: 'time of use needs hourly readings; else enter the bill' },
});
