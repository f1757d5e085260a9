import type { CatalogueEntry, EntryKind, EntryOf } from './rows.ts';

type Part = string | number | undefined;
type KeyOf = { readonly [K in EntryKind]: (row: EntryOf<K>) => readonly Part[] };

const factorKey = (row: EntryOf<'fuel-co2' | 'heat-co2'>): readonly Part[] => [
  row.set,
  row.carrier,
  row.variant,
  row.per,
  row.region,
];

/** What makes a row the only one of its kind at an instant: two rows of one key must not be valid at once. */
const IDENTITY: KeyOf = {
  coal: (row) => [row.set, row.carrier, row.variant, row.per, row.region],
  density: (row) => [row.set, row.carrier, row.variant, row.region],
  'electricity-co2': (row) => [row.region, row.basis],
  'fuel-co2': factorKey,
  'heat-co2': factorKey,
  quota: (row) => [
    row.pack,
    row.standard,
    row.metric,
    row.type,
    row.level,
    row.zone,
    row.heating,
    row.class,
    row.region,
  ],
  target: (row) => [row.region, row.plan, row.jurisdictionClass, row.metric, row.baseYear, row.targetYear],
  grid: (row) => [row.region],
  zone: (row) => [row.scheme, row.region],
  correction: (row) => [row.pack, row.type, row.parameter],
  barometer: (row) => [row.comparison, row.region],
  pack: (row) => [row.pack],
  'reference-limit': (row) => [row.subject, row.level, row.region],
};

/** Under what the choice functions look. */
const LOOKUP: KeyOf = {
  coal: (row) => [row.set, row.carrier],
  density: (row) => [row.set, row.carrier],
  'electricity-co2': (row) => [row.region, row.basis],
  'fuel-co2': (row) => [row.set, row.carrier],
  'heat-co2': (row) => [row.set, row.carrier],
  quota: (row) => [row.pack, row.type],
  target: (row) => [row.region],
  grid: (row) => [row.region],
  zone: (row) => [row.scheme, row.region],
  correction: (row) => [row.pack, row.type],
  barometer: (row) => [row.comparison],
  pack: () => [],
  'reference-limit': (row) => [row.region],
};

const text = (kind: EntryKind, parts: readonly Part[]): string =>
  [kind, ...parts.map((part) => (part === undefined ? '-' : String(part)))].join('|');

function partsOf(keys: KeyOf, row: CatalogueEntry): readonly Part[] {
  // The row's kind picks the function of that kind: TypeScript cannot correlate the two unions.
  const key = keys[row.kind] as (row: CatalogueEntry) => readonly Part[];
  return key(row);
}

export const identityOf = (row: CatalogueEntry): string => text(row.kind, partsOf(IDENTITY, row));
export const lookupOf = (row: CatalogueEntry): string => text(row.kind, partsOf(LOOKUP, row));
export const lookupKey = (kind: EntryKind, ...parts: readonly Part[]): string => text(kind, parts);
