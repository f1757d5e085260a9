import {
  type Carrier,
  firstDayOfMonth,
  formatMonth,
  isCarrier,
  quantityDisplay,
  quantityDisplayUnit,
  type QuantityKind,
} from '#domain';
import type { Missing, Quantity } from '../../rules/contract.ts';
import type { MonthSpan } from './amounts.ts';
import type { HeldQuantity } from './quantities.ts';

export interface ByHand {
  readonly quantities: readonly Quantity[];
  readonly missing: readonly Missing[];
  /** In no figure, and hinders none: paper, food waste. */
  readonly beside: readonly Missing[];
}

/** A bill, or nothing bought, which no bill shows. */
const isEvidenced = ({ amount, document }: HeldQuantity): boolean => document !== null || amount === 0;

/** Documents cover the days of their months. What is no carrier (paper, food waste, heat by area) is named, not converted. */
export function manualQuantities(held: readonly HeldQuantity[], span: MonthSpan): ByHand {
  const inside = held.filter(({ month }) => month >= span.from && month < span.to);
  const days = (month: number): number => firstDayOfMonth(month + 1) - firstDayOfMonth(month);
  const whole = firstDayOfMonth(span.to) - firstDayOfMonth(span.from);
  const groups = Map.groupBy(inside, ({ kind, use }) => `${kind} ${use}`);
  const quantities = [...groups.values()].flatMap((rows): Quantity[] => {
    const [first] = rows;
    if (!first || !isCarrier(first.kind)) return [];
    return [
      {
        carrier: first.kind,
        use: first.use,
        amount: rows.reduce((sum, { amount }) => sum + amount, 0),
        coverage: rows.filter(isEvidenced).reduce((sum, { month }) => sum + days(month), 0) / whole,
        quality: 'manual',
      },
    ];
  });
  const untold = [...groups.values()].flatMap((rows) => {
    const [first] = rows;
    return first && !isCarrier(first.kind) ? [unconverted(first.kind, rows)] : [];
  });
  const isHeat = ({ what }: Missing): boolean => what === 'quantity.heat';
  return { quantities, missing: untold.filter(isHeat), beside: untold.filter((one) => !isHeat(one)) };
}

/** What no sourced factor turns into coal or carbon is named with its amount, and is in no total. */
function unconverted(kind: Exclude<QuantityKind, Carrier>, rows: readonly HeldQuantity[]): Missing {
  const months = [...new Set(rows.map(({ month }) => formatMonth(month)))].join(', ');
  const amount = rows.reduce((sum, row) => sum + row.amount, 0);
  if (kind === 'heat-by-area')
    return {
      what: 'quantity.heat',
      reason: `HEAT_BY_AREA: heat of ${months} is billed by area; no sourced factor turns m² into heat`,
      cure: {
        zh: '向供热单位索取供热量（GJ），作为“热”录入',
        en: 'ask the supplier for the heat in GJ and enter it as heat',
      },
    };
  return {
    what: `quantity.${kind}`,
    reason: `FACTOR_MISSING: ${quantityDisplay(amount, kind)} ${quantityDisplayUnit(kind)} of ${kind} in ${months} are kept; no sourced factor of coal or carbon, so they are in no total`,
    cure: {
      zh: '无需处理；如有出处明确的系数，请补入目录',
      en: 'nothing to do; where there is a sourced factor, add it to the catalogue',
    },
  };
}
