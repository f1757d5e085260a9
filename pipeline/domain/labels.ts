import type { Carrier } from './carrier.ts';
import type { Item, LocalText } from './registry.ts';
import { say } from './text.ts';

/** The carriers' words in both languages, the same as docs/glossary.md (held by a test). */
export const CARRIER_LABELS: Readonly<Record<Carrier, LocalText>> = {
  electricity: say('电', 'electricity'),
  water: say('水', 'water'),
  'natural-gas': say('天然气', 'natural gas'),
  heat: say('热', 'heat'),
  cooling: say('冷', 'cooling'),
  steam: say('蒸汽', 'steam'),
  coal: say('煤', 'coal'),
  petrol: say('汽油', 'petrol'),
  diesel: say('柴油', 'diesel'),
  lpg: say('液化石油气', 'LPG'),
};

export const ITEM_LABELS: Readonly<Record<Item, LocalText>> = {
  'lighting-and-sockets': say('照明插座', 'lighting and sockets'),
  'air-conditioning': say('空调', 'air conditioning'),
  power: say('动力', 'power'),
  special: say('特殊', 'special'),
};
