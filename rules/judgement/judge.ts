import { type Catalogue, type QuotaChoice, quotasFor } from '../catalogue/index.ts';
import type { Answer, Missing, Metric, PeriodFacts, QuotaRow, MissingReason } from '../contract.ts';
import { covers, type FactorUse, type LocalNote, type RateTables } from '../conversion/index.ts';
import { lowCoverage } from '../evidence.ts';
import { compare, divide, type Exact, parseExact, roundHalfUp } from '../exact.ts';
import { type Indicator, indicator, isYear, lastDayOf, quotaCaliber } from '../indicators/index.ts';
import { corrected } from './correction.ts';
import { type Standing, standingOf, weakest } from './standing.ts';

export const LEVELS = ['advanced', 'reasonable', 'compliant', 'over'] as const;
export type Level = (typeof LEVELS)[number];

/** Under this share of evidenced time there is no verdict. */
export const LEAST_COVERAGE = 0.9;

export interface Verdict {
  readonly pack: string;
  readonly metric: Metric;
  readonly level: Level;
  readonly standing: Standing;
  /** Whether it stands in totals: `for-reference` does not. */
  readonly counted: boolean;
  /** What was compared: the indicator, corrected where the standard corrects. */
  readonly value: number;
  readonly unit: string;
  readonly measured: Indicator;
  readonly row: QuotaRow;
  /** value ÷ the limit that must be kept (constraint, or general of water). */
  readonly ratio: number;
  readonly corrections: QuotaChoice['corrections'];
  readonly zone: QuotaChoice['zone'];
  readonly factors: readonly FactorUse[];
  readonly notes: readonly LocalNote[];
}

/** One institution's period under one pack. */
export interface Judgement {
  readonly pack: string;
  readonly verdicts: readonly Verdict[];
  /** Facts that are unknown and that the quotas depend on, each once: which, and what values are possible. */
  readonly questions: readonly Missing[];
  /** Metrics of the pack without a verdict, and why. */
  readonly missing: readonly { readonly metric: Metric | null; readonly missing: Missing }[];
}

/**
 * Energy: ≤ guide advanced, ≤ base reasonable, ≤ constraint compliant, else over. Water: ≤ advanced, ≤ general compliant,
 * else over. Undefined when the row has no limit that must be kept.
 */
export function levelOf(value: Exact, limits: QuotaRow['limits']): Level | undefined {
  const ladder: readonly (readonly [number | undefined, Level])[] = [
    [limits.guide ?? limits.advanced, 'advanced'],
    [limits.base, 'reasonable'],
    [limits.constraint ?? limits.general, 'compliant'],
  ];
  const kept = ladder.find(([limit]) => limit !== undefined && compare(value, parseExact(limit)) <= 0);
  if (kept) return kept[1];
  return bindingLimit(limits) === undefined ? undefined : 'over';
}

const bindingLimit = (limits: QuotaRow['limits']): number | undefined => limits.constraint ?? limits.general;

const refusal = (
  what: string,
  reason: MissingReason,
  zh: string,
  en: string,
): { readonly ok: false; readonly missing: Missing } => ({
  ok: false,
  missing: { what, reason, cure: { zh, en } },
});

/** The figure may be judged: enough of the year is evidenced. */
const judgeable = (figure: Indicator): Answer<Indicator> =>
  figure.coverage >= LEAST_COVERAGE
    ? { ok: true, value: figure }
    : { ok: false, missing: lowCoverage(`coverage.${figure.metric}`, figure, LEAST_COVERAGE) };

const ELSEWHERE: LocalNote = {
  zh: '该定额属于其他地区，仅供对照，不计入统计',
  en: 'the quota is another region’s: for comparison only, never counted',
};

function verdictOf(facts: PeriodFacts, metric: Metric, choice: QuotaChoice, tables: RateTables): Answer<Verdict> {
  const { row, zone, corrections } = choice;
  const figure = indicator(metric, facts, quotaCaliber(row.factorSet), tables);
  const measured = figure.ok ? judgeable(figure.value) : figure;
  if (!measured.ok) return measured;
  const value = corrected(measured.value.exact, corrections, facts.profile, facts.denominators);
  if (!value.ok) return value;
  const level = levelOf(value.value, row.limits);
  const binding = bindingLimit(row.limits);
  if (level === undefined || binding === undefined) {
    return refusal(
      row.id,
      'QUOTA_MISSING: the row has no limit that must be kept',
      '补充该行的约束值或通用值',
      'add the constraint or general value to the row',
    );
  }
  const { division } = facts.profile;
  const ours = division !== undefined && covers(row.region, division);
  const links = [row, ...corrections, ...(zone ? [zone] : [])].map(standingOf);
  const standing = ours ? weakest([...links, ...measured.value.factors.map(standingOfFactor)]) : 'for-reference';
  return {
    ok: true,
    value: {
      pack: row.pack,
      metric,
      level,
      standing,
      counted: standing !== 'for-reference',
      value: roundHalfUp(value.value),
      unit: row.unit,
      measured: measured.value,
      row,
      ratio: roundHalfUp(divide(value.value, parseExact(binding))),
      corrections,
      zone,
      factors: measured.value.factors,
      notes: ours ? [] : [ELSEWHERE],
    },
  };
}

/**
 * D is derived by a formula from rows that we have, such as a density from a printed factor: a factor of this kind makes a
 * verdict rest on one source, and does not void it as an unseen limit would.
 */
const standingOfFactor = (factor: FactorUse): Standing =>
  factor.confidence === 'D' ? 'single-source' : standingOf(factor);

const notAYear = (): { readonly ok: false; readonly missing: Missing } =>
  refusal(
    'period',
    'PERIOD_NOT_A_YEAR: quotas are limits of twelve months',
    '选择一个完整的年度或连续十二个月',
    'take a year or twelve months on end',
  );

const isQuestion = ({ what }: Missing): boolean => what.startsWith('profile.');

/** Judges a year under one pack, each metric for which the pack has rows of the institution's type. */
export function judge(facts: PeriodFacts, pack: string, catalogue: Catalogue, tables: RateTables): Judgement {
  if (!isYear(facts)) {
    const { missing } = notAYear();
    return { pack, verdicts: [], questions: [], missing: [{ metric: null, missing }] };
  }
  const { profile } = facts;
  const choices = profile.type === undefined ? [] : quotasFor(catalogue, { pack, profile, date: lastDayOf(facts) });
  if (choices.length === 0) return withoutQuota(pack, profile.type, catalogue);
  const judged = choices.map(({ metric, answer }) => ({
    metric,
    answer: answer.ok ? verdictOf(facts, metric, answer.value, tables) : answer,
  }));
  const refused = judged.flatMap(({ metric, answer }) => (answer.ok ? [] : [{ metric, missing: answer.missing }]));
  const asked = refused.map(({ missing }) => missing).filter(isQuestion);
  return {
    pack,
    verdicts: judged.flatMap(({ answer }) => (answer.ok ? [answer.value] : [])),
    questions: [...new Map(asked.map((each) => [`${each.what} ${each.reason}`, each])).values()],
    missing: refused,
  };
}

function withoutQuota(pack: string, type: string | undefined, catalogue: Catalogue): Judgement {
  const quotas = catalogue.rows.filter((row) => row.kind === 'quota');
  const types = new Set(quotas.flatMap((row) => (row.pack === pack ? [row.type] : [])));
  if (types.size === 0) return noPack(pack, new Set(quotas.map((row) => row.pack)));
  return type === undefined ? unknownType(pack, types) : noRows(pack, type);
}

function unknownType(pack: string, types: ReadonlySet<string>): Judgement {
  const list = [...types].toSorted().join(', ');
  const { missing } = refusal(
    'profile.type',
    `PROFILE_INCOMPLETE: the quota depends on the institution's type (${list})`,
    `请确认机构类型 (${list})`,
    `say what type of institution it is (${list})`,
  );
  return { pack, verdicts: [], questions: [missing], missing: [{ metric: null, missing }] };
}

function noPack(pack: string, known: ReadonlySet<string>): Judgement {
  const list = [...known].toSorted().join(', ');
  const { missing } = refusal(
    `quota:${pack}`,
    `QUOTA_MISSING: there is no pack ${pack} with quotas`,
    `请用其中一个：${list}`,
    `take one of ${list}`,
  );
  return { pack, verdicts: [], questions: [], missing: [{ metric: null, missing }] };
}

function noRows(pack: string, type: string): Judgement {
  const { missing } = refusal(
    `quota:${pack}:${type}`,
    `QUOTA_MISSING: the pack ${pack} has no quota for ${type}`,
    '换用其他规则包，或补充有出处的数值',
    'take another pack, or add sourced rows',
  );
  return { pack, verdicts: [], questions: [], missing: [{ metric: null, missing }] };
}

/** The same institution under several packs, side by side, each with its own coal factors. */
export const judgeUnder = (
  facts: PeriodFacts,
  packs: readonly string[],
  catalogue: Catalogue,
  tables: RateTables,
): readonly Judgement[] => packs.map((pack) => judge(facts, pack, catalogue, tables));

export type Tally = Readonly<Record<Level, number>> & {
  readonly total: number;
  /** Of the total: rest on one source. */
  readonly singleSource: number;
  /** Not in the total. */
  readonly forReference: number;
};

/** How many verdicts came out how. What is for reference is counted apart, never in. */
export function tally(verdicts: readonly Pick<Verdict, 'level' | 'standing' | 'counted'>[]): Tally {
  const counted = verdicts.filter((verdict) => verdict.counted);
  const of = (level: Level): number => counted.filter((verdict) => verdict.level === level).length;
  return {
    advanced: of('advanced'),
    reasonable: of('reasonable'),
    compliant: of('compliant'),
    over: of('over'),
    total: counted.length,
    singleSource: counted.filter(({ standing }) => standing === 'single-source').length,
    forReference: verdicts.length - counted.length,
  };
}
