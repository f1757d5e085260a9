import type { Institution } from '#domain';
import { type Catalogue, clauseText, packsFor } from '../../rules/catalogue/index.ts';
import type { PeriodFacts } from '../../rules/contract.ts';
import { lastDayOf } from '../../rules/indicators/index.ts';
import { judgeUnder, type Verdict } from '../../rules/judgement/index.ts';
import type { MissingAnswer } from '../answers-parts.ts';
import type { JudgeAnswer, VerdictAnswer } from '../answers-rules.ts';
import type { MonthSpan } from '../facts/amounts.ts';
import type { InstitutionBook } from '../facts/period.ts';
import type { RulesInForce } from './catalogue.ts';
import { missingAnswer } from './figures.ts';
import { eachOnce, usedFactor, usedRow } from './rows.ts';

export interface JudgedYear {
  readonly span: MonthSpan;
  readonly packs: readonly string[] | undefined;
  /** Month after the last that has ended. */
  readonly ended: number;
}

/** Verdicts of a year under the packs asked for, or under those of its region. Questions stand first in `missing`. */
export function judgeAnswer(
  site: string,
  { id, name }: Institution,
  book: InstitutionBook,
  rules: RulesInForce,
  { span, packs, ended }: JudgedYear,
): JudgeAnswer {
  const { facts, missing } = book.period(span);
  const { profile } = book;
  const { catalogue, tables } = rules;
  const chosen = packs === undefined ? packsOfPlace(catalogue, facts) : { packs, missing: [] };
  const judged = judgeUnder(facts, chosen.packs, catalogue, tables);
  const open = judged.flatMap(({ questions, missing: refused }) => [
    ...questions,
    ...refused.map(({ metric, missing: one }) => ({
      ...one,
      what: metric === null ? one.what : `${metric}: ${one.what}`,
    })),
  ]);
  return {
    site,
    institution: id,
    name: { ...name },
    from: facts.from,
    to: facts.to,
    profile: {
      type: profile.type ?? null,
      level: profile.level ?? null,
      division: profile.division ?? null,
      heating: profile.heating ?? null,
      class: profile.class ?? null,
      hoursPerYear: profile.hoursPerYear ?? null,
    },
    verdicts: judged.flatMap(({ verdicts }) =>
      verdicts.map((verdict) => (span.to > ended ? soFar(verdictAnswer(verdict)) : verdictAnswer(verdict))),
    ),
    missing: [...chosen.missing, ...[...open, ...missing].map(missingAnswer)],
  };
}

/** The packs of its region that are in force at the end of the period. */
function packsOfPlace(
  catalogue: Catalogue,
  facts: PeriodFacts,
): { readonly packs: readonly string[]; readonly missing: readonly MissingAnswer[] } {
  const { division } = facts.profile;
  if (division === undefined) return { packs: [], missing: [PLACE] };
  const packs = packsFor(catalogue, { region: division, date: lastDayOf(facts) }).map(({ pack }) => pack);
  return { packs, missing: packs.length > 0 ? [] : [noneInForce(division, lastDayOf(facts))] };
}

const noneInForce = (division: string, date: string): MissingAnswer => ({
  what: `packs:${division}`,
  reason: `QUOTA_MISSING: no rule pack of ${division} is in force on ${date}`,
  cure: {
    zh: '选择规则包（--pack），或在 packs.yaml 中补充当时有效的规则包',
    en: 'name a pack (--pack), or add the one that was in force to packs.yaml',
  },
});

/** Nine tenths of a year may be evidenced before it is over: then its figures lack the rest. */
const soFar = (verdict: VerdictAnswer): VerdictAnswer => ({
  ...verdict,
  counted: false,
  notes: [
    ...verdict.notes,
    {
      zh: '该年度尚未结束，数值只含至今的用量，不计入统计；可改看截至上月的十二个月',
      en: 'the year is not over: the figure holds what was used so far and is not counted; the twelve months up to last month can be judged',
    },
  ],
});

const PLACE: MissingAnswer = {
  what: 'profile.division',
  reason: 'PROFILE_INCOMPLETE: which rules hold depends on the place',
  cure: {
    zh: '请确认机构所在的市县（基础信息文件 division）',
    en: 'say in which city or county it lies (division in the facts file)',
  },
};

const STANDINGS = {
  official: undefined,
  'single-source': { zh: '仅单一来源', en: 'rests on a single source' },
  'for-reference': { zh: '仅供参考，不计入统计', en: 'for reference: never counted' },
} as const;

function verdictAnswer(verdict: Verdict): VerdictAnswer {
  const { pack, metric, level, standing, counted, value, unit, measured, row, ratio, corrections, zone } = verdict;
  const mark = STANDINGS[standing];
  return {
    pack,
    standard: row.standard,
    table: clauseText(row.table),
    metric,
    value,
    measured: measured.value,
    unit,
    verdict: level,
    counted,
    ratio,
    standing,
    limits: Object.fromEntries(
      Object.entries(row.limits).filter((entry): entry is [string, number] => entry[1] !== undefined),
    ),
    caliber: row.factorSet,
    coverage: measured.coverage,
    row: usedRow(row, row.unit),
    rows: eachOnce([
      usedRow(row, row.unit),
      ...(zone ? [usedRow(zone, 'zone')] : []),
      ...corrections.map((one) => usedRow(one, one.unit, one.reference)),
      ...verdict.factors.map(usedFactor),
    ]),
    notes: [...(mark ? [{ ...mark }] : []), ...verdict.notes.map((note) => ({ ...note }))],
  };
}
