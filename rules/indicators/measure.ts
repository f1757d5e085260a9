import { type Carrier, CARRIER_LABELS, EXCLUDED_USES, type LocalText, say } from '#domain';
import type {
  Answer,
  Denominators,
  FactorSetId,
  Missing,
  PeriodFacts,
  Quantity,
  Use,
  MissingReason,
} from '../contract.ts';
import {
  weighCarbon,
  type FactorUse,
  type WeighedCarbon,
  type Rate,
  type Rates,
  type RateTables,
  STATISTICS_SET,
  weigh,
} from '../conversion/index.ts';
import { add, type Exact, parseExact, ZERO } from '../exact.ts';
import { type Evidence, evidenceOf, unfitIn } from '../evidence.ts';

/**
 * On what basis energy is added up. `set`: coal factors, never mixed. `boundary`: the national survey counts everything; a
 * quota takes data centre, canteen and laundry out, with their area and persons.
 */
export interface Caliber {
  readonly set: FactorSetId;
  readonly boundary: 'survey' | 'quota';
}

export const SURVEY_CALIBER: Caliber = { set: STATISTICS_SET, boundary: 'survey' };
export const quotaCaliber = (set: FactorSetId): Caliber => ({ set, boundary: 'quota' });

const EXCLUDED: ReadonlySet<Use> = new Set<Use>([...EXCLUDED_USES, 'data-centre-it']);
/** Power handed on to residents or shops is not the institution's (JS/T 303-2026; DB37/T 2672-2019 annex). */
const NEVER: ReadonlySet<Use> = new Set<Use>(['resold']);

/** A sum of quantities with what it rests on. */
export interface Weighed extends Evidence {
  readonly value: Exact;
  readonly factors: readonly FactorUse[];
}

/** A period with its quantities sorted by boundary. */
export interface Measured {
  readonly facts: PeriodFacts;
  readonly caliber: Caliber;
  readonly rates: Rates;
  /** Of the whole institution, without what is resold. */
  readonly whole: readonly Quantity[];
  /** Of the caliber's boundary. */
  readonly bounded: readonly Quantity[];
  readonly excluded: readonly Use[];
  /** Of the boundary, kgce. */
  readonly energy: () => Answer<Weighed>;
  readonly carbon: () => Answer<WeighedCarbon>;
  /** A known and usable denominator, turned into an exact figure once. */
  readonly denominator: (boundary: Caliber['boundary'], name: keyof Denominators) => Answer<Exact>;
}

/** Region of rates where the division is unknown: coal factors are national, carbon is refused before it is asked for. */
const NATION = '000000';

export function measure(facts: PeriodFacts, caliber: Caliber, tables: RateTables): Measured {
  const rates = tables(caliber.set, facts.profile.division ?? NATION, facts.to);
  const whole = facts.quantities.filter(({ use }) => !NEVER.has(use));
  const outside = caliber.boundary === 'quota' ? whole.filter(({ use }) => EXCLUDED.has(use)) : [];
  const bounded = outside.length === 0 ? whole : whole.filter(({ use }) => !EXCLUDED.has(use));
  const denominators: Record<Caliber['boundary'], Partial<Record<keyof Denominators, Answer<Exact>>>> = {
    survey: {},
    quota: {},
  };
  let energy: Answer<Weighed> | undefined;
  let carbon: Answer<WeighedCarbon> | undefined;
  return {
    facts,
    caliber,
    rates,
    whole,
    bounded,
    excluded: [...new Set(outside.map(({ use }) => use))],
    energy: () => (energy ??= energyOf(bounded, rates)),
    denominator: (boundary, name) => (denominators[boundary][name] ??= denominatorOf(facts, boundary, name)),
    carbon: () => (carbon ??= weighCarbon(facts.quantities, rates)),
  };
}

export const lacks = (
  what: string,
  reason: MissingReason,
  zh: string,
  en: string,
): { readonly ok: false; readonly missing: Missing } => ({
  ok: false,
  missing: { what, reason, cure: { zh, en } },
});

export const has = (quantities: readonly Quantity[], carrier: Carrier): boolean =>
  quantities.some((quantity) => quantity.carrier === carrier);

/** Amounts in base units of one carrier. Nothing recorded is missing, not 0. */
export function amountOf(quantities: readonly Quantity[], carrier: Carrier): Answer<Weighed> {
  const found = quantities.filter((quantity) => quantity.carrier === carrier);
  if (found.length === 0) {
    return lacks(
      `quantity.${carrier}`,
      `QUANTITY_MISSING: no ${carrier} is recorded for the period`,
      `录入或采集该期间的${CARRIER_LABELS[carrier].zh}用量`,
      `meter or enter the ${carrier} of the period`,
    );
  }
  const unfit = unfitIn(found);
  if (unfit) return { ok: false, missing: unfit };
  return { ok: true, value: { value: { num: total(found), den: 1n }, ...evidenceOf(found), factors: [] } };
}

/** kgce in the caliber's set. Water has none; any other carrier without a factor, whose meters are silent or whose amount is below 0 makes the sum missing. */
export function coalOf(quantities: readonly Quantity[], rates: Rates): Answer<Weighed> {
  const energy = quantities.filter(({ carrier }) => carrier !== 'water');
  const unfit = unfitIn(energy);
  if (unfit) return { ok: false, missing: unfit };
  const used = new Map<Carrier, Rate>();
  let value = ZERO;
  for (const { carrier, amount } of energy) {
    const rate = rates.coal(carrier);
    if (!rate.ok) return rate;
    used.set(carrier, rate.value);
    value = add(value, weigh(amount, rate.value));
  }
  const factors = [...used.values()].flatMap((rate) => rate.factors);
  return { ok: true, value: { value, ...evidenceOf(energy), factors } };
}

/** Every institution uses electricity: a total without it is no total. */
export function energyOf(quantities: readonly Quantity[], rates: Rates): Answer<Weighed> {
  const power = has(quantities, 'electricity') ? undefined : amountOf(quantities, 'electricity');
  return power?.ok === false ? power : coalOf(quantities, rates);
}

const total = (quantities: readonly Quantity[]): bigint =>
  quantities.reduce((amount, quantity) => amount + BigInt(quantity.amount), 0n);

/** What each is called, and by which keys of the site file or the facts file it is given. */
const DENOMINATORS: Readonly<Record<keyof Denominators, { readonly name: LocalText; readonly keys: LocalText }>> = {
  areaM2: { name: say('建筑面积', 'building area'), keys: say('站点文件 area', 'area in the site file') },
  heatedAreaM2: {
    name: say('采暖建筑面积', 'heated area'),
    keys: say('基础信息文件 heatedArea', 'heatedArea in the facts file'),
  },
  persons: {
    name: say('用能人数', 'number of persons'),
    keys: say(
      '站点文件 headcount；学校、医院、场馆另在基础信息文件写 students、patients、visitors',
      'headcount in the site file; for schools, hospitals and venues also students, patients or visitors in the facts file',
    ),
  },
  bedDays: { name: say('床日数', 'bed-days'), keys: say('基础信息文件 bedDays', 'bedDays in the facts file') },
};

/** Denominators of a boundary; missing when something is excluded and only the reduced ones are known. */
function denominatorsOf(facts: PeriodFacts, boundary: Caliber['boundary']): Answer<Denominators> {
  if (boundary === 'quota') return { ok: true, value: facts.denominators };
  if (facts.surveyDenominators) return { ok: true, value: facts.surveyDenominators };
  if (!facts.quantities.some(({ use }) => EXCLUDED.has(use))) return { ok: true, value: facts.denominators };
  return lacks(
    'surveyDenominators',
    'DENOMINATOR_MISSING: area and persons are known only without what is excluded',
    '填写含数据中心、食堂、洗衣房在内的面积和人数',
    'enter area and persons with data centre, canteen and laundry included',
  );
}

function denominatorOf(facts: PeriodFacts, boundary: Caliber['boundary'], name: keyof Denominators): Answer<Exact> {
  const all = denominatorsOf(facts, boundary);
  if (!all.ok) return all;
  const value = all.value[name];
  if (value !== undefined && Number.isFinite(value) && value > 0) return { ok: true, value: parseExact(value) };
  const { name: what, keys } = DENOMINATORS[name];
  const known = value === undefined ? 'is not known for the whole period' : `is ${value}`;
  return lacks(
    `denominators.${name}`,
    `DENOMINATOR_MISSING: the ${what.en} ${known}`,
    `填写该期间的${what.zh}（${keys.zh}）`,
    `enter the ${what.en} of the period (${keys.en})`,
  );
}
