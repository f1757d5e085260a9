import { requestError } from '#domain';
import type { Catalogue } from '../catalogue/index.ts';
import type { Answer, Density, Missing, Use } from '../contract.ts';
import { type Exact, multiply, negate, parseExact, roundHalfUp, ZERO } from '../exact.ts';
import { type FactorUse, type Fuel, type LocalNote, STATISTICS_SET } from './factors.ts';
import { carbonRate, coalRate, densityOf, type Rate } from './rates.ts';
import { baseUnitsPer, isFuel, needsDensity } from './units.ts';

export interface ConvertRequest {
  /** A carrier, or a fuel such as `kerosene`; what no factor knows is named in `missing`. */
  readonly carrier: string;
  /** A decimal, as written. */
  readonly quantity: string | number;
  readonly unit: string;
  readonly year: number;
  /** Division code of six digits. */
  readonly region: string;
  /** The quota's own set, shown beside the national survey's; `shandong-quota` unless named. */
  readonly quotaSet?: string | undefined;
  /** Which of a carrier's rows, where a table keeps several apart, such as `gas-field`. */
  readonly variant?: string | undefined;
  /** Decides only carbon: direct-line green power is 0, self-used PV outside, what is resold deducted. */
  readonly use?: Use | undefined;
}

export interface CoalEquivalent {
  readonly kgce: number;
  /** The set: one answer never mixes two. */
  readonly caliber: string;
  readonly factor: FactorUse;
  readonly density: FactorUse | null;
}

export interface CarbonView {
  readonly kgCO2: number;
  readonly factor: FactorUse;
  readonly density: FactorUse | null;
}

export interface Carbon extends CarbonView {
  readonly method: 'JS/T 303-2026';
  readonly scope: 'direct' | 'indirect-electricity' | 'indirect-heat';
  /** By the grid's average factor. */
  readonly basis: 'location';
  /** The same power by the residual factor (without market-traded non-fossil power): beside the account, not in it. */
  readonly residual: CarbonView | null;
}

export const CONVERT_PARTS = ['coalEquivalent', 'coalEquivalentQuota', 'carbon', 'carbonResidual'] as const;
export type ConvertPart = (typeof CONVERT_PARTS)[number];

export interface Conversion {
  readonly carrier: string;
  readonly quantity: string;
  readonly unit: string;
  readonly year: number;
  readonly region: string;
  readonly coalEquivalent: CoalEquivalent | null;
  readonly coalEquivalentQuota: CoalEquivalent | null;
  readonly carbon: Carbon | null;
  /** Parts that lack a factor. */
  readonly missing: readonly ConvertPart[];
  /** Sentences: why something is missing, what was assumed, what stood in. */
  readonly notes: readonly LocalNote[];
}

const DEFAULT_QUOTA_SET = 'shandong-quota';

/**
 * The calculator. Exact until the last step, each figure rounded once to six decimals.
 * Throws QUANTITY_INVALID, UNIT_UNKNOWN, REGION_INVALID, YEAR_INVALID; FACTOR_AMBIGUOUS, FACTOR_UNIT of the catalogue.
 */
export function convert(request: ConvertRequest, catalogue: Catalogue): Conversion {
  const { carrier, unit, year, region, use, variant, quotaSet = DEFAULT_QUOTA_SET } = request;
  const quantity = checked(request);
  const head = { carrier, quantity: String(request.quantity), unit, year, region };
  if (!isFuel(carrier)) return { ...head, ...NOTHING, notes: [unknownCarrier(carrier)] };
  const date = `${year}-12-31`;
  const density = needsDensity(carrier, unit) ? densityOf(catalogue, carrier, date) : undefined;
  if (density?.ok === false) return { ...head, ...NOTHING, notes: [density.missing.cure] };
  const amount = multiply(quantity, baseUnitsPer(unit, carrier, density?.value));
  const coal = coalRate(catalogue, STATISTICS_SET, carrier, date, variant);
  const quota = coalRate(catalogue, quotaSet, carrier, date, variant);
  const average = carbonRate(catalogue, carrier, region, date);
  const residual = carrier === 'electricity' ? carbonRate(catalogue, carrier, region, date, 'residual') : undefined;
  const parts: readonly (readonly [ConvertPart, Answer<Rate> | undefined])[] = [
    ['coalEquivalent', coal],
    ['coalEquivalentQuota', quota],
    ['carbon', average],
    ['carbonResidual', residual],
  ];
  const absent = parts.flatMap(([part, rate]) => (rate?.ok === false ? [{ part, missing: rate.missing }] : []));
  return {
    ...head,
    coalEquivalent: coal.ok ? coalEquivalent(amount, coal.value, STATISTICS_SET) : null,
    coalEquivalentQuota: quota.ok ? coalEquivalent(amount, quota.value, quotaSet) : null,
    carbon: average.ok ? carbonOf(carbonShare(amount, carrier, use), carrier, average.value, residual) : null,
    missing: absent.map(({ part }) => part),
    notes: [...absences(carrier, absent), ...assumptions(carrier, use, density?.value), ...standIns(region, parts)],
  };
}

const NOTHING = {
  coalEquivalent: null,
  coalEquivalentQuota: null,
  carbon: null,
  missing: ['coalEquivalent', 'coalEquivalentQuota', 'carbon'],
} as const;

function checked({ region, year, quantity, unit }: ConvertRequest): Exact {
  if (!/^\d{6}$/.test(region)) {
    throw requestError('REGION_INVALID', `"${region}" is not a division code`, {
      cure: 'give six digits, such as 620000; 000000 is the nation',
    });
  }
  if (!Number.isInteger(year) || year < 1990 || year > 2100) {
    throw requestError('YEAR_INVALID', `${year} is not a year of the catalogue`, {
      cure: 'give four digits, such as 2024',
    });
  }
  const exact = parseExact(quantity);
  if (exact.num < 0n) {
    throw requestError('QUANTITY_INVALID', `${quantity} ${unit} is negative`, { cure: 'give an amount of 0 or more' });
  }
  return exact;
}

const viewOf = (amount: Exact, { perBase, factors }: Rate) =>
  ({ figure: roundHalfUp(multiply(amount, perBase)), factor: factors[0], density: factors[1] ?? null }) as const;

function coalEquivalent(amount: Exact, rate: Rate, caliber: string): CoalEquivalent {
  const { figure, factor, density } = viewOf(amount, rate);
  return { kgce: figure, caliber, factor, density };
}

function carbonView(amount: Exact, rate: Rate): CarbonView {
  const { figure, factor, density } = viewOf(amount, rate);
  return { kgCO2: figure, factor, density };
}

/** JS/T 303-2026: direct-line green power counts 0, self-used PV is outside the account, what is resold is deducted. */
function carbonShare(amount: Exact, carrier: Fuel, use: Use | undefined): Exact {
  if (carrier === 'electricity' && (use === 'green-direct' || use === 'pv-self-used')) return ZERO;
  return use === 'resold' ? negate(amount) : amount;
}

function carbonOf(amount: Exact, carrier: Fuel, rate: Rate, residual: Answer<Rate> | undefined): Carbon {
  return {
    method: 'JS/T 303-2026',
    scope: carrier === 'electricity' ? 'indirect-electricity' : carrier === 'heat' ? 'indirect-heat' : 'direct',
    basis: 'location',
    ...carbonView(amount, rate),
    residual: residual?.ok ? carbonView(amount, residual.value) : null,
  };
}

const unknownCarrier = (carrier: string): LocalNote => ({
  zh: `目录中没有“${carrier}”的因子`,
  en: `the catalogue has no factor for "${carrier}"`,
});

const OF_WATER: LocalNote = {
  zh: '水不折标准煤，也不计碳排放',
  en: 'water has no coal equivalent and no carbon in these accounts',
};

const absences = (
  carrier: Fuel,
  absent: readonly { readonly part: ConvertPart; readonly missing: Missing }[],
): readonly LocalNote[] =>
  carrier === 'water'
    ? [OF_WATER]
    : absent.map(({ part, missing: { what, cure } }) => ({
        zh: `${part}：缺少 ${what}；${cure.zh}`,
        en: `${part}: ${what} is missing; ${cure.en}`,
      }));

const OF_USE: Readonly<Partial<Record<Use, LocalNote>>> = {
  'green-direct': { zh: '绿电直连，碳排放计 0', en: 'direct-line green power counts 0' },
  'pv-self-used': { zh: '自发自用光伏不在核算范围', en: 'self-used PV is outside the account' },
  resold: { zh: '转供部分从核算中扣除', en: 'what is resold is deducted' },
};

function assumptions(carrier: Fuel, use: Use | undefined, density: Density | undefined): readonly LocalNote[] {
  const notes: LocalNote[] = [];
  if (carrier === 'coal') {
    notes.push({
      zh: '煤种不明，碳排放按无烟煤计（JS/T 303-2026，保守）',
      en: 'the kind of coal is unknown: its carbon is counted as anthracite, which understates nothing',
    });
  }
  if (density) {
    const { value, id } = density;
    notes.push({
      zh: `质量与体积按密度 ${value} kg/L 换算（${id}）`,
      en: `mass and volume are converted at ${value} kg/L (${id})`,
    });
  }
  const said = use && OF_USE[use];
  return said ? [...notes, said] : notes;
}

function standIns(
  region: string,
  parts: readonly (readonly [ConvertPart, Answer<Rate> | undefined])[],
): readonly LocalNote[] {
  return parts.flatMap(([part, rate]) => {
    if (!rate?.ok) return [];
    const [{ fallback, id, region: of }] = rate.value.factors;
    const notes = fallback ? [{ zh: `${part}：${fallback.zh}`, en: `${part}: ${fallback.en}` }] : [];
    if (covers(of, region)) return notes;
    return [
      ...notes,
      { zh: `${part}：${id} 属于地区 ${of}，仅供对照`, en: `${part}: ${id} is of region ${of}, for comparison only` },
    ];
  });
}

/** Whether what holds in `wide` holds in `narrow`: the nation for all, a province for its cities; a grid region as the catalogue chose. */
export const covers = (wide: string, narrow: string): boolean =>
  wide.startsWith('grid:') || wide === '000000' || narrow.startsWith(wide.replace(/(?:00)+$/, ''));
