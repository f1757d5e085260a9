/** What flows through a point, and the integer unit in which the ledger keeps it (ledger.md, 2). */
export const CARRIERS = [
  'electricity',
  'water',
  'natural-gas',
  'heat',
  'cooling',
  'steam',
  'coal',
  'petrol',
  'diesel',
  'lpg',
] as const;

export type Carrier = (typeof CARRIERS)[number];

export const BASE_UNITS = ['Wh', 'L', 'kJ', 'g', 'mL'] as const;

export type BaseUnit = (typeof BASE_UNITS)[number];

const BASE_UNIT_OF: Readonly<Record<Carrier, BaseUnit>> = {
  electricity: 'Wh',
  water: 'L',
  'natural-gas': 'L',
  heat: 'kJ',
  cooling: 'kJ',
  steam: 'kJ',
  coal: 'g',
  petrol: 'mL',
  diesel: 'mL',
  lpg: 'g',
};

export const baseUnitOf = (carrier: Carrier): BaseUnit => BASE_UNIT_OF[carrier];
