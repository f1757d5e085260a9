import { type Carrier, catalogueError, dayBefore, isMeteringError, unitsOf } from '#domain';
import { type Catalogue, coalFactor, density, electricityFactor, fuelFactor, heatFactor } from '../catalogue/index.ts';
import type { Answer, Density, ElectricityCarbonFactor, Missing } from '../contract.ts';
import { divide, type Exact, multiply, parseExact } from '../exact.ts';
import { type FactorUse, factorUse, type Fuel } from './factors.ts';
import { baseUnitsPer, measuredLike, needsDensity } from './units.ts';

/** What one base unit of a carrier comes to (kgce or kgCO₂), and the rows that say so: the factor first, then a density. */
export interface Rate {
  readonly perBase: Exact;
  readonly factors: readonly [FactorUse, ...FactorUse[]];
}

export const densityOf = (catalogue: Catalogue, fuel: Fuel, date: string): Answer<Density> =>
  density(catalogue, { carrier: fuel, date });

function rateOf(use: FactorUse, per: string, fuel: Fuel, catalogue: Catalogue, date: string): Answer<Rate> {
  const byMass = needsDensity(fuel, per);
  const dense = byMass ? densityOf(catalogue, fuel, date) : undefined;
  if (dense?.ok === false) return dense;
  try {
    const perBase = divide(parseExact(use.value), baseUnitsPer(per, fuel, dense?.value));
    return { ok: true, value: { perBase, factors: dense ? [use, factorUse(dense.value, 'kg/L')] : [use] } };
  } catch (cause) {
    throw catalogueError('FACTOR_UNIT', `${use.id} is given per "${per}", in which ${fuel} is not measured`, {
      place: use.id,
      cure: `give it per one of ${unitsOf(measuredLike(fuel)).join(', ')}`,
      cause,
    });
  }
}

/** Several rows that only a variant tells apart are a question to the caller, not a fault of the catalogue. */
function unambiguous<T>(choose: () => Answer<T>): Answer<T> {
  try {
    return choose();
  } catch (error) {
    if (!isMeteringError(error) || error.code !== 'FACTOR_AMBIGUOUS') throw error;
    const cure = {
      zh: `指明其中一个品种（variant）：${error.message}`,
      en: `name one of the variants: ${error.message}`,
    };
    return {
      ok: false,
      missing: { what: error.place ?? 'factor', reason: `FACTOR_AMBIGUOUS: ${error.message}`, cure },
    };
  }
}

/** What is measured in kJ takes the row per energy, where a table also has one per mass of steam. */
const PER_OF: Readonly<Partial<Record<Fuel, string>>> = { heat: 'GJ', steam: 'GJ', cooling: 'GJ' };

/** kgce per base unit in a set; missing when the set has no row, several that only a variant tells apart, or a liquid no density. Throws FACTOR_UNIT. */
export function coalRate(catalogue: Catalogue, set: string, fuel: Fuel, date: string, variant?: string): Answer<Rate> {
  const chosen = unambiguous(() => coalFactor(catalogue, { set, carrier: fuel, date, variant, per: PER_OF[fuel] }));
  if (!chosen.ok) return chosen;
  const row = chosen.value;
  return rateOf(factorUse(row, `kgce/${row.per}`), row.per, fuel, catalogue, date);
}

/**
 * kgCO₂ per base unit by JS/T 303-2026: electricity by the grid's factor, anything else by the table of fuels and heat.
 * Throws FACTOR_UNIT.
 */
export function carbonRate(
  catalogue: Catalogue,
  fuel: Fuel,
  region: string,
  date: string,
  basis: ElectricityCarbonFactor['basis'] = 'average',
): Answer<Rate> {
  if (fuel === 'electricity') return electricityRate(catalogue, region, date, basis);
  if (fuel === 'water') return noCarbonOfWater;
  const chosen = fuel === 'heat' ? heatFactor(catalogue, { date }) : fuelFactor(catalogue, { carrier: fuel, date });
  if (!chosen.ok) return chosen;
  const row = chosen.value;
  return rateOf(factorUse(row, `kgCO2/${row.per}`), row.per, fuel, catalogue, date);
}

function electricityRate(
  catalogue: Catalogue,
  region: string,
  date: string,
  basis: ElectricityCarbonFactor['basis'],
): Answer<Rate> {
  const year = Number(date.slice(0, 4));
  const chosen = electricityFactor(catalogue, { region, year, basis });
  if (!chosen.ok) return chosen;
  const { row, fellBack, yearUsed, said } = chosen.value;
  const asked = fellBack === 'none' && yearUsed === year;
  return rateOf(factorUse(row, 'kgCO2/kWh', asked ? undefined : said), 'kWh', 'electricity', catalogue, date);
}

const noCarbonOfWater: { readonly ok: false; readonly missing: Missing } = {
  ok: false,
  missing: {
    what: 'carbon factor:water',
    reason: 'NOT_COUNTED: JS/T 303-2026 counts no carbon of water',
    cure: { zh: '水不计碳排放', en: 'leave water out of the carbon account' },
  },
};

export const weigh = (amount: number, { perBase }: Rate): Exact => multiply({ num: BigInt(amount), den: 1n }, perBase);

/** The rates of a set, a region and a day, each looked up once. */
export interface Rates {
  readonly set: string;
  readonly region: string;
  readonly date: string;
  readonly coal: (carrier: Carrier) => Answer<Rate>;
  readonly carbon: (carrier: Carrier) => Answer<Rate>;
  readonly residual: () => Answer<Rate>;
}

/** The rates of a period by the day after its last (`YYYY-MM-DD`): the latest factors that had begun before it. */
export type RateTables = (set: string, region: string, until: string) => Rates;

/** Remembers every table: 60,000 institutions share a few hundred. */
export function rateTables(catalogue: Catalogue): RateTables {
  const tables = new Map<string, Rates>();
  return (set, region, until) => {
    const key = `${set}|${region}|${until}`;
    const table = tables.get(key) ?? ratesOf(catalogue, set, region, dayBefore(until));
    tables.set(key, table);
    return table;
  };
}

/** Rates on one denominator add without widening: 10⁻¹⁵ of a kilogram per base unit holds every printed factor. */
const COMMON = 10n ** 15n;

const onCommon = (answer: Answer<Rate>): Answer<Rate> => {
  if (!answer.ok) return answer;
  const { num, den } = answer.value.perBase;
  const scaled = num * COMMON;
  if (scaled % den !== 0n) return answer;
  return { ok: true, value: { ...answer.value, perBase: { num: scaled / den, den: COMMON } } };
};

function ratesOf(catalogue: Catalogue, set: string, region: string, date: string): Rates {
  const residual = remembered((carrier) => carbonRate(catalogue, carrier, region, date, 'residual'));
  return {
    set,
    region,
    date,
    coal: remembered((carrier) => coalRate(catalogue, set, carrier, date)),
    carbon: remembered((carrier) => carbonRate(catalogue, carrier, region, date)),
    residual: () => residual('electricity'),
  };
}

function remembered(find: (carrier: Carrier) => Answer<Rate>): (carrier: Carrier) => Answer<Rate> {
  const found = new Map<Carrier, Answer<Rate>>();
  return (carrier) => {
    const answer = found.get(carrier) ?? onCommon(find(carrier));
    found.set(carrier, answer);
    return answer;
  };
}
