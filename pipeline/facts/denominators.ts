import type { Dated, ExcludedFacts, Institution, InstitutionFacts } from '#domain';
import type { Answer, Denominators, Missing } from '../../rules/contract.ts';
import { timeWeightedMean } from '../../rules/indicators/index.ts';

export interface MeanDenominators {
  /** With exclusions taken out: what quotas divide by. */
  readonly reduced: Denominators;
  /** As the national survey counts; absent where nothing is excluded. */
  readonly survey?: Denominators | undefined;
  readonly missing: readonly Missing[];
}

const SCHOOLS: readonly string[] = ['university', 'school', 'kindergarten'];
const VENUES: readonly string[] = ['library', 'museum', 'theatre', 'gymnasium', 'science-museum', 'service-centre'];

/**
 * Time-weighted means over local days. `excluded`: what a quota takes out in this period. Persons (用能人数) by the survey's definition: staff, in schools + students present, in hospitals + persons
 * served, in venues + visitors, each a daily average (factors.md, SVdef).
 */
export function denominatorsOf(
  institution: Institution,
  facts: InstitutionFacts | undefined,
  excluded: readonly ExcludedFacts[],
  from: number,
  to: number,
  months: { readonly from: number; readonly to: number },
): MeanDenominators {
  const missing: Missing[] = [];
  const mean = (series: readonly Dated<number>[], what: string): number | undefined => {
    if (series.length === 0) return undefined;
    const answer: Answer<number> = timeWeightedMean(series, from, to);
    if (answer.ok) return answer.value;
    missing.push({ ...answer.missing, what: `denominators.${what}` });
    return undefined;
  };
  const added = addedPersons(facts);
  const parts = [institution.headcount, ...added].map((series) => mean(series, 'persons'));
  const whole: Denominators = {
    areaM2: mean(institution.area, 'areaM2'),
    heatedAreaM2: mean(facts?.heatedArea ?? [], 'heatedAreaM2'),
    persons: parts.reduce<number | undefined>((a, b) => (a === undefined || b === undefined ? undefined : a + b), 0),
    bedDays: bedDaysOf(facts, months),
  };
  if (excluded.length === 0) return { reduced: whole, missing };
  const out = (key: 'area' | 'persons'): number | undefined =>
    excluded
      .map((one) => {
        if (one[key].length === 0) missing.push(unknownOf(one, key));
        return mean(one[key], `excluded.${one.use}`);
      })
      .reduce<number | undefined>((a, b) => (a === undefined || b === undefined ? undefined : a + b), 0);
  const less = (value: number | undefined, by: number | undefined): number | undefined =>
    value === undefined || by === undefined ? undefined : value - by;
  return {
    reduced: {
      ...whole,
      areaM2: less(whole.areaM2, out('area')),
      persons: less(whole.persons, out('persons')),
    },
    survey: whole,
    missing,
  };
}

const NAMES = {
  area: { zh: '面积', en: 'area' },
  persons: { zh: '人数', en: 'number of persons' },
} as const;

const unknownOf = ({ use }: ExcludedFacts, key: 'area' | 'persons'): Missing => ({
  what: `excluded.${use}`,
  reason: `DENOMINATOR_MISSING: the energy of ${use} is taken out of a quota's figure, its ${NAMES[key].en} is not known`,
  cure: {
    zh: `在基础信息文件的 excluded 中填写 ${use} 的${NAMES[key].zh}（${key}），没有则写 0`,
    en: `enter ${key} of ${use} under excluded in the facts file, 0 where there is none`,
  },
});

function addedPersons(facts: InstitutionFacts | undefined): readonly (readonly Dated<number>[])[] {
  if (facts?.type === undefined) return [];
  if (SCHOOLS.includes(facts.type)) return [facts.students];
  if (facts.type === 'hospital') return [facts.patients];
  return VENUES.includes(facts.type) ? [facts.visitors] : [];
}

/** Sum of the months; unknown as soon as one of them is. */
function bedDaysOf(
  facts: InstitutionFacts | undefined,
  { from, to }: { readonly from: number; readonly to: number },
): number | undefined {
  const known = (facts?.bedDays ?? []).filter(({ month }) => month >= from && month < to);
  return known.length === to - from ? known.reduce((sum, { value }) => sum + value, 0) : undefined;
}
