import {
  type Carrier,
  firstDayOfMonth,
  formatMonth,
  isCarrier,
  quantityDisplay,
  quantityDisplayUnit,
  type QuantityKind,
  type Use,
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

/** What is in the sums: no bill of what meters count. */
type Entered = HeldQuantity & { readonly use: Use };

/** A bill, or nothing bought, which no bill shows. */
const isEvidenced = ({ amount, document }: HeldQuantity): boolean => document !== null || amount === 0;

/** Documents cover the days of their months. What is no carrier (paper, food waste, heat by area) is named, not converted. */
export function manualQuantities(
  held: readonly HeldQuantity[],
  span: MonthSpan,
  isMetered: (carrier: Carrier, month: number) => boolean,
): ByHand {
  const inside = held.flatMap((row): Entered[] =>
    row.use !== 'metered' && row.month >= span.from && row.month < span.to ? [{ ...row, use: row.use }] : [],
  );
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
  return {
    quantities,
    missing: [...untold.filter(isHeat), ...countedTwice(inside, isMetered)],
    beside: untold.filter((one) => !isHeat(one)),
  };
}

/** Uses that may lie within what a main meter counts. */
const WITHIN: ReadonlySet<Use> = new Set<Use>([
  'ordinary',
  'heating',
  'canteen',
  'laundry',
  'data-centre',
  'data-centre-it',
]);

/** Whether a quantity is another supply's or the bill of the metered one only people know: it is added, and told. */
function countedTwice(
  rows: readonly Entered[],
  isMetered: (carrier: Carrier, month: number) => boolean,
): readonly Missing[] {
  const within = rows.filter(
    ({ kind, use, amount, month }) => isCarrier(kind) && amount > 0 && WITHIN.has(use) && isMetered(kind, month),
  );
  return [...Map.groupBy(within, ({ kind }) => kind)].map(([kind, of]) => ({
    what: `quantity.${kind}`,
    reason: `METERED_AND_ENTERED: ${kind} of ${monthsText(of)} is counted by meters and was entered by hand: both are in the sum`,
    cure: {
      zh: '另有供应则无需处理；若表计已经计入，用途写“表计已计 metered”重新录入，并用 --replace 把原行改为 0',
      en: 'nothing to do where it is another supply; what the meters count already is entered with the use metered, and 0 in place of its old row (--replace)',
    },
  }));
}

const monthsText = (rows: readonly Entered[]): string =>
  [...new Set(rows.map(({ month }) => formatMonth(month)))].join(', ');

/** What no sourced factor turns into coal or carbon is named with its amount, and is in no total. */
function unconverted(kind: Exclude<QuantityKind, Carrier>, rows: readonly Entered[]): Missing {
  const months = monthsText(rows);
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
