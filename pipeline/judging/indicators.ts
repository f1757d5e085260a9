import type { Institution } from '#domain';
import type { IndicatorPeriod, IndicatorsAnswer } from '../answers-rules.ts';
import { INDICATOR_PERIODS } from '../answers-rules.ts';
import type { MonthSpan } from '../facts/amounts.ts';
import type { InstitutionBook } from '../facts/period.ts';
import type { RulesInForce } from './catalogue.ts';
import { figuresOf } from './figures.ts';
import { eachOnce } from './rows.ts';

/** Spans of the periods that are asked for; `last` is the month asked for, or the last that has ended. */
export interface AskedSpans {
  readonly whole: MonthSpan;
  readonly of: Readonly<Record<IndicatorPeriod, MonthSpan>>;
}

/** `month` 1–12. `ended`: the month after the last that has ended. */
export function spansOf(year: number, month: number | undefined, ended: number): AskedSpans {
  const first = year * 12;
  const last = month === undefined ? Math.max(first, Math.min(first + 11, ended - 1)) : first + month - 1;
  const toDate = { from: first, to: last + 1 };
  const of = {
    year: { from: first, to: first + 12 },
    'rolling-12': { from: last - 11, to: last + 1 },
    'year-to-date': toDate,
    month: { from: last, to: last + 1 },
    'same-period-last-year': { from: toDate.from - 12, to: toDate.to - 12 },
  };
  return { whole: { from: first - 12, to: first + 12 }, of };
}

export function indicatorsAnswer(
  site: string,
  { id, name }: Institution,
  book: InstitutionBook,
  rules: RulesInForce,
  asked: {
    readonly year: number;
    readonly spans: AskedSpans;
    readonly periods?: readonly IndicatorPeriod[] | undefined;
  },
): IndicatorsAnswer {
  const figures = (asked.periods ?? INDICATOR_PERIODS).map((period) => {
    const { facts, missing, beside } = book.period(asked.spans.of[period]);
    return figuresOf(period, facts, [...missing, ...beside], rules.tables);
  });
  return {
    site,
    institution: id,
    name: { ...name },
    year: asked.year,
    periods: figures.map((one) => one.answer),
    rows: eachOnce(figures.flatMap((one) => one.rows)),
  };
}
