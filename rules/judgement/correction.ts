import type { CorrectionRow } from '../catalogue/index.ts';
import type { Answer, Denominators, Profile, MissingReason } from '../contract.ts';
import { add, divide, type Exact, multiply, parseExact } from '../exact.ts';

const actualOf = (row: CorrectionRow, profile: Profile, { areaM2, persons }: Denominators): Exact | undefined => {
  if (row.parameter === 'hours-per-year') {
    return profile.hoursPerYear && profile.hoursPerYear > 0 ? parseExact(profile.hoursPerYear) : undefined;
  }
  return areaM2 && persons && areaM2 > 0 && persons > 0 ? divide(parseExact(areaM2), parseExact(persons)) : undefined;
};

const UNKNOWN = {
  'hours-per-year': {
    what: 'profile.hoursPerYear',
    cure: { zh: '填写年使用时间（小时）', en: 'enter the hours of use a year' },
  },
  'area-per-person': {
    what: 'denominators.persons',
    cure: { zh: '填写建筑面积和用能人数', en: 'enter building area and number of persons' },
  },
} as const;

/**
 * GB/T 51161-2016, 5.3: the measured value × γ1 × γ2 is compared with the limit; γ1 = 0.3 + 0.7·T0/T with hours of use,
 * γ2 = 0.7 + 0.3·S/S0 with area per person. Missing when the institution's own hours or density are unknown.
 */
export function corrected(
  measured: Exact,
  corrections: readonly CorrectionRow[],
  profile: Profile,
  denominators: Denominators,
): Answer<Exact> {
  let value = measured;
  for (const row of corrections) {
    const actual = actualOf(row, profile, denominators);
    if (!actual) {
      const { what, cure } = UNKNOWN[row.parameter];
      const reason: MissingReason = `PROFILE_INCOMPLETE: ${row.id} corrects for ${row.parameter}, which is unknown`;
      return { ok: false, missing: { what, reason, cure } };
    }
    const reference = parseExact(row.reference);
    const ratio = row.ratio === 'reference-over-actual' ? divide(reference, actual) : divide(actual, reference);
    value = multiply(value, add(parseExact(row.constant), multiply(parseExact(row.slope), ratio)));
  }
  return { ok: true, value };
}
