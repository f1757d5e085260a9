import { catalogueError } from '#domain';
import type {
  Answer,
  CatalogueRow,
  CoalFactor,
  Density,
  ElectricityCarbonFactor,
  FactorSetId,
  FuelCarbonFactor,
  Missing,
  MissingCode,
  TargetRow,
} from '../contract.ts';
import { lookupKey } from './keys.ts';
import type { BarometerRow, Catalogue, Comparison, EntryKind, EntryOf } from './rows.ts';
import { validOn } from './validity.ts';

export const NATION = '000000';

export const provinceOf = (region: string): string => `${region.slice(0, 2)}0000`;
export const cityOf = (region: string): string => `${region.slice(0, 4)}00`;

/** Rows of a kind under its lookup key (keys.ts). */
export function rowsUnder<K extends EntryKind>(
  catalogue: Catalogue,
  kind: K,
  ...parts: readonly (string | number | undefined)[]
): readonly EntryOf<K>[] {
  // The key begins with the kind, so every row under it is of that kind.
  return (catalogue.byKey.get(lookupKey(kind, ...parts)) ?? []) as readonly EntryOf<K>[];
}

/** An answer that is not there. `what` is stable (`coal factor:national-statistics:cooling`), the reason begins with the code. */
export const missing = (code: MissingCode, what: string, cure: Missing['cure']): { ok: false; missing: Missing } => ({
  ok: false,
  missing: { what, reason: `${code}: ${what} is not in the catalogue`, cure },
});

const addRow = (what: string): Missing['cure'] => ({
  zh: `在 rules/catalogue/data 中补充有出处的数值（${what}）`,
  en: `add a sourced row for ${what} to rules/catalogue/data`,
});

const found = <T>(value: T): Answer<T> => ({ ok: true, value });

interface FactorAsk {
  readonly set: string;
  readonly carrier: CoalFactor['carrier'];
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** `gas-field`, `low-pressure`, …; without one, the row that has none. */
  readonly variant?: string | undefined;
  /** Unit wanted, where a carrier has rows in several; without one, the only one. */
  readonly per?: string | undefined;
}

/** One row or none; several stop the answer, because taking any would be a guess. */
function only<T extends CatalogueRow & { readonly variant?: string | undefined }>(
  rows: readonly T[],
  what: string,
): Answer<T> {
  const plain = rows.filter((row) => row.variant === undefined);
  const left = plain.length > 0 ? plain : rows;
  const [row] = left;
  if (!row) return missing('FACTOR_MISSING', what, addRow(what));
  if (left.length > 1)
    throw catalogueError('FACTOR_AMBIGUOUS', `${what} has several rows: ${left.map(({ id }) => id).join(', ')}`, {
      place: row.id,
      cure: 'name the variant or the unit',
    });
  return found(row);
}

function factor<T extends EntryOf<'coal' | 'density' | 'fuel-co2' | 'heat-co2'>>(
  listed: readonly T[],
  ask: FactorAsk,
  named: string,
): Answer<T> {
  const rows = listed.filter(
    (row) =>
      validOn(row, ask.date) &&
      (ask.variant === undefined || row.variant === ask.variant) &&
      (ask.per === undefined || ('per' in row && row.per === ask.per)),
  );
  const tail = [ask.variant, ask.per].filter((part) => part !== undefined).map((part) => `:${part}`);
  return only(rows, `${named}:${ask.set}:${ask.carrier}${tail.join('')}`);
}

/** kgce per `row.per`, of one set. Sets are never mixed: what the set lacks is missing. Throws FACTOR_AMBIGUOUS. */
export const coalFactor = (catalogue: Catalogue, ask: FactorAsk & { readonly set: FactorSetId }): Answer<CoalFactor> =>
  factor(rowsUnder(catalogue, 'coal', ask.set, ask.carrier), ask, 'coal factor');

export const DEFAULT_CARBON_SET = 'JS/T 303-2026';

type DefaultedAsk = Omit<FactorAsk, 'set'> & { readonly set?: string | undefined };

const defaulted = <K extends 'density' | 'fuel-co2' | 'heat-co2'>(
  catalogue: Catalogue,
  kind: K,
  ask: DefaultedAsk,
  named: string,
): Answer<EntryOf<K>> => {
  const set = ask.set ?? DEFAULT_CARBON_SET;
  return factor(rowsUnder(catalogue, kind, set, ask.carrier), { ...ask, set }, named);
};

/** kgCO2 per `row.per` of a fuel; the set is JS/T 303-2026 unless named. */
export const fuelFactor = (catalogue: Catalogue, ask: DefaultedAsk): Answer<FuelCarbonFactor> =>
  defaulted(catalogue, 'fuel-co2', ask, 'carbon factor');

/** kgCO2 per GJ of purchased heat (and of steam, by its heat). */
export const heatFactor = (
  catalogue: Catalogue,
  ask: { readonly date: string; readonly set?: string | undefined },
): Answer<FuelCarbonFactor> => defaulted(catalogue, 'heat-co2', { ...ask, carrier: 'heat' }, 'heat carbon factor');

/** kg per litre; the set is the one that reproduces JS/T 303-2026 unless named. */
export const density = (catalogue: Catalogue, ask: DefaultedAsk): Answer<Density> =>
  defaulted(catalogue, 'density', ask, 'density');

export interface ElectricityAsk {
  /** Division code; a city or county is answered by its province. */
  readonly region: string;
  readonly year: number;
  readonly basis: ElectricityCarbonFactor['basis'];
}

export interface ElectricityChoice {
  readonly row: ElectricityCarbonFactor;
  readonly fellBack: 'none' | 'region' | 'nation';
  readonly yearUsed: number;
  /** One sentence: which factor, and why not the one asked for. */
  readonly said: { readonly zh: string; readonly en: string };
  /** Every row the choice rests on: the factor, and the membership by which a grid region was reached. */
  readonly used: readonly CatalogueRow[];
}

const latest = (rows: readonly ElectricityCarbonFactor[], year: number): ElectricityCarbonFactor | undefined =>
  rows.filter((row) => row.dataYear <= year).toSorted((a, b) => b.dataYear - a.dataYear)[0];

const PLACE = {
  none: { zh: '省级因子', en: 'the province’s own factor' },
  region: { zh: '本省无公布值，取区域电网因子', en: 'the grid region’s factor, as the province has none' },
  nation: { zh: '取全国因子', en: 'the national factor, as neither province nor grid region has one' },
} as const;

function saying(ask: ElectricityAsk, row: ElectricityCarbonFactor, fellBack: ElectricityChoice['fellBack']) {
  const national = ask.region === NATION ? { zh: '全国因子', en: 'the national factor' } : PLACE[fellBack];
  const older = row.dataYear !== ask.year;
  return {
    zh: `${national.zh}，${row.dataYear} 年值${older ? `（${ask.year} 年尚无公布值）` : ''}`,
    en: `${national.en}, of ${row.dataYear}${older ? ` (nothing is published for ${ask.year})` : ''}`,
  };
}

/** Province, then grid region, then nation; in each the year asked for or the closest earlier one. Never a later year. */
export function electricityFactor(catalogue: Catalogue, ask: ElectricityAsk): Answer<ElectricityChoice> {
  const province = ask.region === NATION ? NATION : provinceOf(ask.region);
  const [membership] = rowsUnder(catalogue, 'grid', province).filter((row) => validOn(row, `${ask.year}-12-31`));
  const steps = [
    { fellBack: 'none', region: province, by: [] },
    ...(membership ? [{ fellBack: 'region', region: membership.grid, by: [membership] } as const] : []),
    { fellBack: 'nation', region: NATION, by: [] },
  ] as const;
  for (const { fellBack, region, by } of steps) {
    const row = latest(rowsUnder(catalogue, 'electricity-co2', region, ask.basis), ask.year);
    if (row)
      return found({
        row,
        fellBack,
        yearUsed: row.dataYear,
        said: saying(ask, row, fellBack),
        used: [row, ...by],
      });
  }
  const what = `electricity carbon factor:${ask.basis}:${ask.region}:${ask.year}`;
  return missing('FACTOR_MISSING', what, addRow(what));
}

export interface TargetAsk {
  readonly region: string;
  /** The year whose targets are wanted: base year < year ≤ target year. */
  readonly year: number;
  readonly metric?: TargetRow['metric'] | undefined;
  readonly plan?: string | undefined;
  readonly jurisdictionClass?: string | undefined;
}

export interface TargetChoice {
  readonly rows: readonly TargetRow[];
  /** Whose targets: the region's own, its city's, its province's or the nation's. */
  readonly of: 'region' | 'city' | 'province' | 'nation';
}

/** A row for the class that is asked for stands before the row for all. */
const refines =
  (general: TargetRow) =>
  (row: TargetRow): boolean =>
    row.jurisdictionClass !== undefined &&
    row.plan === general.plan &&
    row.metric === general.metric &&
    row.targetYear === general.targetYear;

/** Targets of the region, else of its city, else of its province, else of the nation; missing when none of them has one. */
export function targetsFor(catalogue: Catalogue, ask: TargetAsk): Answer<TargetChoice> {
  const fits = (row: TargetRow): boolean =>
    row.baseYear < ask.year &&
    ask.year <= row.targetYear &&
    validOn(row, `${ask.year}-12-31`) &&
    (ask.metric === undefined || row.metric === ask.metric) &&
    (ask.plan === undefined || row.plan === ask.plan) &&
    (row.jurisdictionClass === undefined || row.jurisdictionClass === ask.jurisdictionClass);
  const steps = [
    ['region', ask.region],
    ['city', cityOf(ask.region)],
    ['province', provinceOf(ask.region)],
    ['nation', NATION],
  ] as const;
  for (const [of, region] of steps) {
    const all = rowsUnder(catalogue, 'target', region).filter(fits);
    const rows = all.filter((row) => row.jurisdictionClass !== undefined || !all.some(refines(row)));
    if (rows.length > 0) return found({ rows, of });
  }
  const what = `target:${ask.metric ?? 'any'}:${ask.region}:${ask.year}`;
  return missing('TARGET_MISSING', what, {
    zh: '录入主管部门下达的目标',
    en: 'enter the target that the authority has set',
  });
}

/** Thresholds of the barometer; ours by default, a region's own row wins over the nation's. */
export function barometerThresholds(
  catalogue: Catalogue,
  ask: { readonly comparison: Comparison; readonly region: string; readonly date: string },
): Answer<BarometerRow> {
  const rows = rowsUnder(catalogue, 'barometer', ask.comparison).filter((row) => validOn(row, ask.date));
  const row = [ask.region, cityOf(ask.region), provinceOf(ask.region), NATION]
    .map((region) => rows.find((candidate) => candidate.region === region))
    .find((candidate) => candidate !== undefined);
  const what = `barometer:${ask.comparison}`;
  return row ? found(row) : missing('THRESHOLD_MISSING', what, addRow(what));
}
