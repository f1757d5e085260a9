import { isMeteringError, oneOf, requestError } from '#domain';
import {
  type Catalogue,
  type CatalogueEntry,
  clauseText,
  divisionOf,
  NATION,
  validOn,
} from '../../rules/catalogue/index.ts';
import { type Carbon, type CoalEquivalent, convert, type FactorUse } from '../../rules/conversion/index.ts';
import type { Source } from '../../rules/contract.ts';
import type { ConvertAnswer, FactorRow, FactorsAnswer, RowUsed } from '../answers-rules.ts';
import { canonicalJson, sha256 } from '../rollup/canonical.ts';
import type { ConvertQuery, FactorsQuery } from '../service-rules.ts';

/** What the catalogue alone can answer: needs no books. */

export const sourceAnswer = ({ document, clause, year }: Source): RowUsed['source'] => ({
  document,
  clause: clauseText(clause),
  year,
});

export const rowUsedOf = ({ source, fallback, ...use }: FactorUse): RowUsed => ({
  ...use,
  source: sourceAnswer(source),
  ...(fallback && { fallback: { ...fallback } }),
});

const coalOf = ({ kgce, caliber, factor, rows }: CoalEquivalent): ConvertAnswer['coalEquivalentQuota'][number] => ({
  kgce,
  caliber,
  factor: rowUsedOf(factor),
  rows: rows.map(rowUsedOf),
});

const carbonOf = ({ kgCO2, scope, factor, rows }: Carbon): NonNullable<ConvertAnswer['carbon']> => ({
  kgCO2,
  scope,
  factor: rowUsedOf(factor),
  rows: rows.map(rowUsedOf),
});

const PLACES: Readonly<Record<string, string>> = {
  QUANTITY_INVALID: 'quantity',
  UNIT_UNKNOWN: 'unit',
  REGION_INVALID: 'region',
  YEAR_INVALID: 'year',
};

/**
 * The calculator's answer. Throws CARRIER_UNKNOWN, REGION_INVALID, QUANTITY_INVALID, UNIT_UNKNOWN, YEAR_INVALID, each with the name of the
 * part as its place; what is known but has no factor stands in `missing`.
 */
export function convertAnswer(query: ConvertQuery, catalogue: Catalogue): ConvertAnswer {
  refuseUnknown(query, catalogue);
  const { coalEquivalent, coalEquivalentQuota, carbon, carbonResidual, missing, notes, ...head } = placed(() =>
    convert(query, catalogue),
  );
  return {
    ...head,
    coalEquivalent: coalEquivalent && coalOf(coalEquivalent),
    coalEquivalentQuota: coalEquivalentQuota.map(coalOf),
    carbon: carbon && carbonOf(carbon),
    carbonResidual: carbonResidual && carbonOf(carbonResidual),
    missing: missing.map((one) => ({ ...one, cure: { ...one.cure } })),
    notes: notes.map((one) => ({ ...one })),
  };
}

function refuseUnknown({ carrier, region }: ConvertQuery, catalogue: Catalogue): void {
  const known = carriersOf(catalogue);
  if (!known.includes(carrier)) {
    throw requestError('CARRIER_UNKNOWN', `"${carrier}" is not a carrier of the catalogue`, {
      place: 'carrier',
      ...oneOf(known),
    });
  }
  if (/^\d{6}$/.test(region) && region !== NATION && divisionOf(region) === undefined) {
    throw requestError('REGION_INVALID', `there is no division with the code ${region}`, {
      place: 'region',
      cure: 'give a code of GB/T 2260, such as 620000; 000000 is the nation',
    });
  }
}

/** Carriers without any factor can be named too: what they lack is then in the answer. */
const FACTORLESS = ['water', 'cooling'];

export const carriersOf = (catalogue: Catalogue): readonly string[] =>
  [
    ...new Set([
      'electricity',
      ...FACTORLESS,
      ...catalogue.rows.flatMap((row) => ('carrier' in row && row.kind !== 'density' ? [row.carrier] : [])),
    ]),
  ].toSorted();

function placed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const place = isMeteringError(error) && error.place === undefined ? PLACES[error.code] : undefined;
    if (!isMeteringError(error) || place === undefined) throw error;
    throw requestError(error.code, error.message, {
      place,
      ...(error.cure === undefined ? {} : { cure: error.cure }),
      known: error.known,
      cause: error,
    });
  }
}

const COMMON: ReadonlySet<string> = new Set(
  'id kind region from to value unit per source confidence verified confirmed note'.split(' '),
);

/** What a close keeps of a row: its content without anybody's word on it. */
export const hashOfRow = ({ confirmed: _confirmed, verified: _verified, ...content }: CatalogueEntry): string =>
  sha256(canonicalJson(content));

const unitOf = (row: CatalogueEntry): string | null => {
  if ('unit' in row) return row.unit;
  if (row.kind === 'coal') return `kgce/${row.per}`;
  if (row.kind === 'fuel-co2' || row.kind === 'heat-co2') return `kgCO2/${row.per}`;
  if (row.kind === 'electricity-co2') return 'kgCO2/kWh';
  return row.kind === 'density' ? 'kg/L' : null;
};

export const factorRowOf = (row: CatalogueEntry): FactorRow => ({
  id: row.id,
  kind: row.kind,
  region: row.region,
  from: row.from,
  to: row.to ?? null,
  value: 'value' in row ? row.value : null,
  unit: unitOf(row),
  source: sourceAnswer(row.source),
  confidence: row.confidence,
  verified: row.verified,
  confirmed: row.confirmed ? { ...row.confirmed } : null,
  note: row.note ?? null,
  hash: hashOfRow(row),
  fields: Object.fromEntries(Object.entries(row).filter(([key]) => !COMMON.has(key))),
});

/** Rows of the catalogue that fit all that is asked. */
export function factorsAnswer(query: FactorsQuery, catalogue: Catalogue): FactorsAnswer {
  const found = catalogue.rows.filter((row) => fits(row, query));
  return { rows: found.slice(0, query.limit ?? found.length).map(factorRowOf), total: found.length };
}

function fits(row: CatalogueEntry, { kind, carrier, region, year, set, text, verified }: FactorsQuery): boolean {
  const has = (key: string, value: string | undefined): boolean =>
    value === undefined || Object.entries(row).some(([name, held]) => name === key && held === value);
  const carries = row.kind === 'electricity-co2' && carrier === 'electricity' ? true : has('carrier', carrier);
  const { zh, en } = clauseText(row.source.clause);
  const said = [row.id, row.note ?? '', row.source.document, zh, en].join('\n').toLowerCase();
  return (
    has('kind', kind) &&
    carries &&
    has('region', region) &&
    (has('set', set) || has('factorSet', set) || has('pack', set)) &&
    (year === undefined || validOn(row, `${year}-12-31`)) &&
    (text === undefined || said.includes(text.toLowerCase())) &&
    (verified === undefined || row.verified === verified)
  );
}
