import { type Carrier, CARRIER_LABELS, type Point, type Use } from '#domain';
import type { Missing, PeriodFacts, Quantity } from '../../rules/contract.ts';
import { isSilent } from '../../rules/evidence.ts';
import { type MonthAmounts, type MonthSpan, sumOf } from './amounts.ts';
import type { UsePart } from './uses.ts';

interface Bucket {
  readonly carrier: Carrier;
  readonly use: Use;
  amount: number;
  readonly points: Point[];
  /** Sub-meters whose use was taken out: what they miss stays in the amount. */
  readonly taken: Point[];
}

/** What the meters of an institution say of a span. */
export interface Metering {
  readonly parts: readonly UsePart[];
  readonly amounts: MonthAmounts;
  readonly coverage: (points: readonly Point[], span: MonthSpan) => number;
  /** Bears a part of a point whose meters had spoken by the end of the span: without amounts there its use is 0, or not known. */
  readonly spoken: (point: Point, span: MonthSpan) => boolean;
  /** Was given up before the span. */
  readonly gone: (point: Point, span: MonthSpan) => boolean;
}

/** A point of which no day has an amount used nothing, or is silent: its coverage says which. */
export function meteredQuantities(
  { parts, amounts, coverage, spoken, gone }: Metering,
  span: MonthSpan,
): readonly Quantity[] {
  const buckets = new Map<string, Bucket>();
  const sum = ({ id }: Point): number | undefined => sumOf(amounts, id, span.from, span.to);
  // a counted point that was given up uses nothing; a sub-meter that was tells no use apart any more
  const stands = (point: Point, root: Point): boolean =>
    sum(point) !== undefined || (spoken(point, span) && (point === root || !gone(point, span)));
  for (const { point, carrier, use, root, without } of parts) {
    // what the institution bears of a sub-meter is in its total only with the counted point above it
    const counts = sum(root) !== undefined;
    if (!counts && !(point === root && stands(root, root))) continue;
    const taken = counts ? without.filter((q) => stands(q, root)) : [];
    if (point !== root && !stands(point, root) && taken.length === 0) continue;
    const bucket = buckets.get(`${carrier} ${use}`) ?? { carrier, use, amount: 0, points: [], taken: [] };
    bucket.amount += taken.reduce((rest, q) => rest - (sum(q) ?? 0), sum(point) ?? 0);
    bucket.points.push(point);
    bucket.taken.push(...taken);
    buckets.set(`${carrier} ${use}`, bucket);
  }
  return [...buckets.values()].map(({ carrier, use, amount, points, taken }) => ({
    carrier,
    use,
    amount,
    coverage: Math.min(coverage(points, span), taken.length === 0 ? 1 : coverage(taken, span)),
    quality: 'metered' as const,
  }));
}

/** Whether meters counted something of a carrier in a month. */
export const isMetered =
  ({ parts, amounts }: Metering) =>
  (carrier: Carrier, month: number): boolean =>
    parts.some(({ point, root }) => point === root && point.carrier === carrier && amounts.get(point.id)?.has(month));

/** A carrier that is metered and of which no reading of a span says anything, with the points to look at. */
export interface SilentCarrier {
  readonly carrier: Carrier;
  readonly points: readonly string[];
}

export function silentCarriers(
  { parts, spoken }: Metering,
  span: MonthSpan,
  metered: readonly Quantity[],
): readonly SilentCarrier[] {
  return [...Map.groupBy(metered, ({ carrier }) => carrier)].flatMap(([carrier, of]) => {
    if (!of.every(isSilent)) return [];
    const points = parts.flatMap(({ point, root }) =>
      point === root && point.carrier === carrier && spoken(point, span) ? [point.id] : [],
    );
    return [{ carrier, points }];
  });
}

export const silentMissing = ({ carrier, points }: SilentCarrier): Missing => ({
  what: `quantity.${carrier}`,
  reason: `QUANTITY_MISSING: the meters of ${carrier} were silent throughout the period (${points.join(', ')})`,
  cure: {
    zh: `导入${CARRIER_LABELS[carrier].zh}表计的读数（${points.join(', ')}）；已停用的计量点请在站点文件中终止，其后的用量可手工录入`,
    en: `import readings of ${points.join(', ')}; end a point that measures no more in the site file, and what was used since can be entered by hand`,
  },
});

/** Electricity that entered, and of it what no sub-meter right below the entry measures (ledger.md, 7). */
export function unattributedOf(
  points: readonly Point[],
  { amounts, coverage, spoken }: Metering,
  span: MonthSpan,
): Pick<PeriodFacts, 'unattributed'> {
  const sum = ({ id }: Point): number | undefined => sumOf(amounts, id, span.from, span.to);
  const mains = points.filter((p) => p.role === 'main' && p.carrier === 'electricity' && sum(p) !== undefined);
  const ids = new Set(mains.map((p) => p.id));
  const subs = points.filter(
    (p) => p.role === 'sub' && p.parent !== undefined && ids.has(p.parent) && (sum(p) !== undefined || spoken(p, span)),
  );
  if (subs.length === 0) return {};
  const total = (list: readonly Point[]): number => list.reduce((whole, point) => whole + (sum(point) ?? 0), 0);
  const of = total(mains);
  return { unattributed: { amount: of - total(subs), of, coverage: coverage(subs, span) } };
}
