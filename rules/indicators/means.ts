import { type Dated, formatDay, requestError } from '#domain';
import type { Answer } from '../contract.ts';

/**
 * Mean of a dated series over local days `from` ≤ day < `to`, each value weighted by the days it held. Missing when the
 * series begins after `from`: what held before is not known. Any order of the series. Throws PERIOD_EMPTY.
 */
export function timeWeightedMean(series: readonly Dated<number>[], from: number, to: number): Answer<number> {
  if (!(from < to)) {
    throw requestError('PERIOD_EMPTY', `a period from day ${from} to ${to} has no day`, {
      cure: 'give an end after the start',
    });
  }
  const steps = series.toSorted((a, b) => a.from - b.from);
  const held = steps.findLastIndex((step) => step.from <= from);
  if (held === -1) return unknownBefore(from, steps[0]);
  let total = 0;
  for (let at = held; at < steps.length; at += 1) {
    const step = steps[at];
    if (!step || step.from >= to) break;
    const until = Math.min(steps[at + 1]?.from ?? to, to);
    total += step.value * (until - Math.max(step.from, from));
  }
  return { ok: true, value: total / (to - from) };
}

function unknownBefore(from: number, first: Dated<number> | undefined): Answer<never> {
  const since = first ? `is known from ${formatDay(first.from)} only` : 'is not known';
  return {
    ok: false,
    missing: {
      what: 'dated-series',
      reason: `SERIES_UNKNOWN: the value ${since}, the period begins on ${formatDay(from)}`,
      cure: {
        zh: `填写自 ${formatDay(from)} 或更早起的数值`,
        en: `enter the value that held on ${formatDay(from)} or earlier`,
      },
    },
  };
}

/** What counts towards a hospital's heads, daily averages over the year. */
export interface HospitalStaff {
  readonly permanent: number;
  readonly temporary: number;
  readonly interns: number;
  /** Months that the interns were there, 0–12. */
  readonly internMonths: number;
  readonly beds: number;
  /** Share of the beds in use, 0–1. */
  readonly occupancy: number;
  /** Visits of the year. */
  readonly outpatientVisits: number;
}

/** DB37/T 2673-2019, appendix A: permanent + temporary + interns × months/12 + beds × occupancy + outpatient visits / 365. */
export const hospitalHeads = (staff: HospitalStaff): number =>
  staff.permanent +
  staff.temporary +
  (staff.interns * staff.internMonths) / 12 +
  staff.beds * staff.occupancy +
  staff.outpatientVisits / 365;

/**
 * GB/T 40498-2021, appendix A: visitors as a daily average, person-days over `days`. Whether `days` is 365 or the working
 * days of the year is open in the text we know, so the caller says.
 */
export const visitorHeads = (
  visits: readonly { readonly persons: number; readonly days: number }[],
  days: number,
): number => visits.reduce((total, visit) => total + visit.persons * visit.days, 0) / days;
