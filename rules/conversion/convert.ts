import { requestError } from '#domain';
import { type Catalogue, NATION, validOn } from '../catalogue/index.ts';
import type { Answer, Density, FactorSetId, Missing, Use } from '../contract.ts';
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
  /** One quota set instead of those of the region. */
  readonly quotaSet?: FactorSetId | undefined;
  /** Which of a carrier's rows, where a table keeps several apart, such as `gas-field`. */
  readonly variant?: string | undefined;
  /** Decides only carbon: direct-line green power is 0, self-used PV outside, what is resold deducted. */
  readonly use?: Use | undefined;
}

export interface CoalEquivalent {
  readonly kgce: number;
  /** The set of coal factors: two sets are never added. */
  readonly caliber: FactorSetId;
  readonly factor: FactorUse;
  /** The factor, and a density where one was needed. */
  readonly rows: readonly FactorUse[];
}

/** By JS/T 303-2026, location-based. Scope 1: burnt here, vehicles included; 2: purchased power and heat. */
export interface Carbon {
  readonly kgCO2: number;
  readonly scope: 1 | 2;
  readonly factor: FactorUse;
  readonly rows: readonly FactorUse[];
}

export interface Conversion {
  readonly carrier: string;
  readonly quantity: string;
  readonly unit: string;
  readonly year: number;
  readonly region: string;
  /** In the national survey's caliber. */
  readonly coalEquivalent: CoalEquivalent | null;
  /** In the sets of quota standards: the region's own, or, where it has none, all of them for comparison. */
  readonly coalEquivalentQuota: readonly CoalEquivalent[];
  readonly carbon: Carbon | null;
  /** The same power by the residual factor (without market-traded non-fossil power): beside the account, never added. */
  readonly carbonResidual: Carbon | null;
  /** What lacks a factor. */
  readonly missing: readonly Missing[];
  /** What was assumed, what stood in. */
  readonly notes: readonly LocalNote[];
}

/**
 * The calculator. Exact until the last step, each figure rounded once to six decimals.
 * Throws QUANTITY_INVALID, UNIT_UNKNOWN, REGION_INVALID, YEAR_INVALID; FACTOR_UNIT of the catalogue.
 */
export function convert(request: ConvertRequest, catalogue: Catalogue): Conversion {
  const { carrier, unit, year, region, use, variant } = request;
  const quantity = checked(request);
  const head = { carrier, quantity: String(request.quantity), unit, year, region };
  if (!isFuel(carrier)) return { ...head, ...NOTHING, missing: [unknownCarrier(carrier)], notes: [] };
  const date = `${year}-12-31`;
  const density = needsDensity(carrier, unit) ? densityOf(catalogue, carrier, date) : undefined;
  if (density?.ok === false) return { ...head, ...NOTHING, missing: [density.missing], notes: [] };
  const amount = multiply(quantity, baseUnitsPer(unit, carrier, density?.value));
  const coal = coalRate(catalogue, STATISTICS_SET, carrier, date, variant);
  const quota = quotaSets(request, catalogue, date).map((set) => ({
    set,
    rate: coalRate(catalogue, set, carrier, date, variant),
  }));
  const average = carbonRate(catalogue, carrier, region, date);
  const residual = carrier === 'electricity' ? carbonRate(catalogue, carrier, region, date, 'residual') : undefined;
  const rates = [coal, ...quota.map(({ rate }) => rate), average, ...(residual ? [residual] : [])];
  const counted = carbonShare(amount, carrier, use);
  return {
    ...head,
    coalEquivalent: coal.ok ? coalEquivalent(amount, coal.value, STATISTICS_SET) : null,
    coalEquivalentQuota: quota.flatMap(({ set, rate }) => (rate.ok ? [coalEquivalent(amount, rate.value, set)] : [])),
    carbon: average.ok ? carbonOf(counted, carrier, average.value) : null,
    carbonResidual: residual?.ok ? carbonOf(counted, carrier, residual.value) : null,
    missing: rates.flatMap((rate) => (rate.ok ? [] : [rate.missing])),
    notes: [...assumptions(carrier, use, density?.value), ...standIns(region, rates)],
  };
}

const NOTHING = { coalEquivalent: null, coalEquivalentQuota: [], carbon: null, carbonResidual: null } as const;

/**
 * Sets that quota standards fix: the region's own standards'; where it has none, those that know the carrier, for
 * comparison. Standards that take the national survey's set or plain GB/T 2589 have no set of their own.
 */
function quotaSets(
  { region, carrier, quotaSet }: ConvertRequest,
  catalogue: Catalogue,
  date: string,
): readonly string[] {
  if (quotaSet !== undefined) return [quotaSet];
  const quotas = catalogue.rows.filter((row) => row.kind === 'quota');
  const own = quotas.filter((row) => row.region !== NATION && covers(row.region, region));
  const knowing = new Set(
    catalogue.rows.flatMap((row) =>
      row.kind === 'coal' && row.region !== NATION && row.carrier === carrier && validOn(row, date) ? [row.set] : [],
    ),
  );
  const sets =
    own.length > 0
      ? own.map((row) => row.factorSet)
      : quotas.map((row) => row.factorSet).filter((set) => knowing.has(set));
  return [...new Set(sets)].filter((set) => set !== STATISTICS_SET).toSorted();
}

/** Above all that is used on earth in any unit; beyond, figures would not be finite. */
const MOST = 10n ** 18n;

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
  if (exact.num > MOST * exact.den) {
    throw requestError('QUANTITY_INVALID', `${quantity} ${unit} is too large`, {
      cure: 'check the number and its unit',
    });
  }
  return exact;
}

function coalEquivalent(amount: Exact, { perBase, factors }: Rate, caliber: FactorSetId): CoalEquivalent {
  return { kgce: roundHalfUp(multiply(amount, perBase)), caliber, factor: factors[0], rows: factors };
}

function carbonOf(amount: Exact, carrier: Fuel, { perBase, factors }: Rate): Carbon {
  const scope = ['electricity', 'heat', 'steam', 'cooling'].includes(carrier) ? 2 : 1;
  return { kgCO2: roundHalfUp(multiply(amount, perBase)), scope, factor: factors[0], rows: factors };
}

/** JS/T 303-2026: direct-line green power counts 0, self-used PV is outside the account, what is resold is deducted. */
function carbonShare(amount: Exact, carrier: Fuel, use: Use | undefined): Exact {
  if (carrier === 'electricity' && (use === 'green-direct' || use === 'pv-self-used')) return ZERO;
  return use === 'resold' ? negate(amount) : amount;
}

const unknownCarrier = (carrier: string): Missing => ({
  what: `carrier:${carrier}`,
  reason: `FACTOR_MISSING: the catalogue has no factor of any kind for "${carrier}"`,
  cure: {
    zh: '使用目录中的能源品种，或补充有出处的数值',
    en: 'name a carrier of the catalogue, or add sourced rows for it',
  },
});

const OF_USE: Readonly<Partial<Record<Use, LocalNote>>> = {
  'green-direct': { zh: '绿电直连，碳排放计 0', en: 'direct-line green power counts 0' },
  'pv-self-used': { zh: '自发自用光伏不在核算范围', en: 'self-used PV is outside the account' },
  resold: { zh: '转供部分从核算中扣除', en: 'what is resold is deducted' },
};

function assumptions(carrier: Fuel, use: Use | undefined, density: Density | undefined): readonly LocalNote[] {
  const notes: LocalNote[] = [];
  if (carrier === 'water') {
    notes.push({
      zh: '水不折标准煤，也不计碳排放',
      en: 'water has no coal equivalent and no carbon in these accounts',
    });
  }
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

function standIns(region: string, rates: readonly Answer<Rate>[]): readonly LocalNote[] {
  return rates.flatMap((rate) => {
    if (!rate.ok) return [];
    const [{ fallback, id, region: of }] = rate.value.factors;
    const notes = fallback ? [{ zh: `${id}：${fallback.zh}`, en: `${id}: ${fallback.en}` }] : [];
    if (covers(of, region)) return notes;
    return [...notes, { zh: `${id} 属于地区 ${of}，仅供对照`, en: `${id} is of region ${of}, for comparison only` }];
  });
}

/** Whether what holds in `wide` holds in `narrow`: the nation for all, a province for its cities; a grid region as the catalogue chose. */
export const covers = (wide: string, narrow: string): boolean =>
  wide.startsWith('grid:') || wide === '000000' || narrow.startsWith(wide.replace(/(?:00)+$/, ''));
