import type { Kysely } from 'kysely';
import {
  type Carrier,
  CARRIERS,
  displayUnitOf,
  formatMonth,
  type Institution,
  inUnit,
  isCarrier,
  localDay,
  monthOfDay,
  type SiteFacts,
  type TariffPeriod,
  unitFactor,
  zoneOf,
} from '#domain';
import type { Missing } from '../../rules/contract.ts';
import { checkPrice, divideByWeight, toFen } from '../../rules/cost/index.ts';
import type { CostRow, CostsAnswer } from '../answers-rules.ts';
import type { Tables } from '../books/tables.ts';
import { type MonthSpan, monthsOf } from '../facts/amounts.ts';
import type { InstitutionBook } from '../facts/period.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { type CostedPoint, costedPoints, pricedPoints } from './cost-points.ts';
import { missingAnswer } from './figures.ts';
import { signOf } from '../rollup/totals.ts';

/** Cost of an institution's year by carrier and month: shares follow the amounts, day by day, so that the parties' costs add up to the point's. */
export async function costsAnswer(
  db: Kysely<Tables>,
  site: DirectorySite,
  facts: SiteFacts,
  book: InstitutionBook,
  year: number,
  now: number,
): Promise<CostsAnswer> {
  const costed = await costedPoints(db, site, facts, book.institution.id, year, now);
  const id = book.institution.id;
  const cells = new Map<string, Cell>();
  for (const one of costed) addPoint(cells, one, id);
  addBills(cells, book);
  const rows = cellsInOrder(cells, year).map((cell) => rowOf(cell, book));
  const priced = rows.filter(({ micro }) => micro !== null);
  const { fen, total } = toFen(priced.map(({ micro }) => micro ?? 0));
  const fenOf = new Map(priced.map((row, i) => [row, fen[i] ?? 0]));
  const finished = rows.map((row) => finish(row, fenOf.get(row) ?? null));
  const silent = silentMonths(book, cells, {
    from: year * 12,
    to: Math.min((year + 1) * 12, endedAt(site, now)),
  });
  const unpriced = unpricedPoints(site, facts, book.institution);
  return {
    site: site.registry.site.id,
    institution: id,
    year,
    rows: checked(finished),
    totalFen: total,
    missing: [
      ...new Map(
        [...costed.flatMap(({ cost }) => cost.missing), ...unpriced, ...silent].map((m) => [m.reason, m]),
      ).values(),
    ].map(missingAnswer),
  };
}

/** A carrier's month of an institution, while it is added up. */
interface Cell {
  readonly carrier: Carrier;
  readonly month: number;
  amount: number;
  /** Amount whose cost is known by tariff. */
  pricedAmount: number;
  micro: number;
  capacity: number;
  priced: boolean;
  billedFen: number | null;
  billedAmount: number;
  readonly byPeriod: Map<TariffPeriod, number>;
  readonly tariffs: Set<string>;
}

const keyOf = (carrier: Carrier, month: number): string => `${carrier} ${month}`;

function cellOf(cells: Map<string, Cell>, carrier: Carrier, month: number): Cell {
  const key = keyOf(carrier, month);
  const cell = cells.get(key) ?? {
    carrier,
    month,
    amount: 0,
    pricedAmount: 0,
    micro: 0,
    capacity: 0,
    priced: false,
    billedFen: null,
    billedAmount: 0,
    byPeriod: new Map(),
    tariffs: new Set(),
  };
  cells.set(key, cell);
  return cell;
}

function addPoint(cells: Map<string, Cell>, { point, tariff, cost, parts }: CostedPoint, party: string): void {
  const costs = new Map(cost.days.map((day) => [day.day, day]));
  const months = new Map<number, Map<string, number>>();
  for (const [day, byParty] of parts) {
    const month = monthOfDay(day);
    if (cost.capacity.has(month)) {
      const sums = months.get(month) ?? new Map<string, number>();
      for (const [name, amount] of byParty) sums.set(name, (sums.get(name) ?? 0) + amount);
      months.set(month, sums);
    }
    const at = [...byParty.keys()].indexOf(party);
    if (at < 0) continue;
    const weights = [...byParty.values()];
    const cell = cellOf(cells, point.carrier, month);
    cell.amount += weights[at] ?? 0;
    cell.tariffs.add(tariff.id);
    const ofDay = costs.get(day);
    if (!ofDay) continue;
    cell.priced = true;
    cell.pricedAmount += weights[at] ?? 0;
    cell.micro += divideByWeight(ofDay.micro, weights)[at] ?? 0;
    for (const [period, micro] of Object.entries(ofDay.byPeriod)) {
      const name = period as TariffPeriod; // keys of byPeriod are periods
      cell.byPeriod.set(name, (cell.byPeriod.get(name) ?? 0) + (divideByWeight(micro, weights)[at] ?? 0));
    }
  }
  for (const [month, charge] of cost.capacity) {
    const sums = months.get(month) ?? new Map<string, number>();
    const at = [...sums.keys()].indexOf(party);
    if (at < 0) continue;
    const part = divideByWeight(charge, [...sums.values()])[at] ?? 0;
    const cell = cellOf(cells, point.carrier, month);
    cell.capacity += part;
    cell.micro += part;
  }
}

function addBills(cells: Map<string, Cell>, { held }: InstitutionBook): void {
  for (const { kind, month, amount, costFen } of held) {
    if (!isCarrier(kind)) continue;
    const cell = cellOf(cells, kind, month);
    cell.billedAmount += amount;
    if (costFen !== null) cell.billedFen = (cell.billedFen ?? 0) + costFen;
  }
}

const cellsInOrder = (cells: ReadonlyMap<string, Cell>, year: number): readonly Cell[] =>
  [...cells.values()]
    .filter(({ month }) => Math.floor(month / 12) === year)
    .toSorted((a, b) => a.month - b.month || CARRIERS.indexOf(a.carrier) - CARRIERS.indexOf(b.carrier));

interface OpenRow {
  readonly cell: Cell;
  /** Null where a part of the amount has no price. */
  readonly micro: number | null;
  readonly coverage: number;
}

function rowOf(cell: Cell, book: InstitutionBook): OpenRow {
  const { quantities } = book.period({ from: cell.month, to: cell.month + 1 }).facts;
  const of = quantities.filter(({ carrier }) => carrier === cell.carrier).map(({ coverage }) => coverage);
  const whole = cell.priced && cell.pricedAmount === cell.amount;
  return { cell, micro: whole ? cell.micro : null, coverage: of.length === 0 ? 0 : Math.min(...of) };
}

/** Yuan per unit that people read. */
function unitPriceOf(fen: number, amount: number, carrier: Carrier): number | null {
  const { num, den } = unitFactor(displayUnitOf(carrier), carrier);
  return amount <= 0 ? null : (fen / 100 / amount) * (num / den);
}

function finish({ cell, coverage }: OpenRow, fen: number | null): CostRow {
  const { carrier, month, amount, billedFen, billedAmount, byPeriod, capacity, tariffs } = cell;
  // a bill's quantity stands beside the meter's where both are known: its own price is its cost by its quantity
  const shown = amount === 0 ? billedAmount : amount;
  const basis = billedFen === null ? fen : billedFen;
  const of = billedFen === null || billedAmount === 0 ? shown : billedAmount;
  return {
    month: formatMonth(month),
    carrier,
    amount: shown,
    display: inUnit(shown, displayUnitOf(carrier), carrier),
    displayUnit: displayUnitOf(carrier),
    fen,
    billedFen,
    byPeriod: Object.fromEntries([...byPeriod].map(([period, micro]) => [period, Math.round(micro / 10_000)])),
    capacityFen: Math.round(capacity / 10_000),
    unitPrice: basis === null ? null : unitPriceOf(basis, of, carrier),
    check: null,
    tariffs: [...tariffs].toSorted(),
    coverage,
  };
}

/** Bills are checked against the tariff of the same month, else against the other months of the carrier. */
const checked = (rows: readonly CostRow[]): CostRow[] =>
  rows.map((row) => {
    if (row.billedFen === null || row.unitPrice === null) return row;
    const byTariff = row.fen === null ? null : unitPriceOf(row.fen, row.amount, row.carrier);
    const neighbours = rows.flatMap((one) =>
      one !== row && one.carrier === row.carrier && one.unitPrice !== null ? [one.unitPrice] : [],
    );
    return { ...row, check: checkPrice(row.unitPrice, byTariff ?? undefined, neighbours) ?? null };
  });

/** Month after the last that has ended at the site. */
const endedAt = ({ registry }: DirectorySite, now: number): number =>
  monthOfDay(localDay(now, zoneOf(registry.site.zone)));

/** Months of carriers of which no reading says anything have no row, unless their bill is there. */
function silentMonths(book: InstitutionBook, cells: ReadonlyMap<string, Cell>, span: MonthSpan): readonly Missing[] {
  const silent = monthsOf(span)
    .flatMap((month) => book.period({ from: month, to: month + 1 }).silent.map((one) => ({ ...one, month })))
    .filter(({ carrier, month }) => !cells.has(keyOf(carrier, month)));
  return [...Map.groupBy(silent, ({ carrier }) => carrier)].map(([carrier, of]) => {
    const months = of.map(({ month }) => formatMonth(month)).join(', ');
    const points = [...new Set(of.flatMap((one) => one.points))].join(', ');
    return {
      what: `cost.${carrier}`,
      reason: `QUANTITY_MISSING: the meters of ${carrier} were silent in ${months} (${points}), whose cost is in no row`,
      cure: {
        zh: `导入 ${points} 的读数，或以用途“表计已计 metered”录入账单`,
        en: `import readings of ${points}, or enter the bills with the use metered`,
      },
    };
  });
}

function unpricedPoints(site: DirectorySite, facts: SiteFacts, institution: Institution): readonly Missing[] {
  const known = new Set(pricedPoints(site, facts).map(({ point }) => point.id));
  const own = new Set(facts.points.filter((p) => p.use === 'pv-self-used').map((p) => p.point));
  return site.registry.points
    .filter((p) => signOf(p.role) === 1 && !known.has(p.id) && !own.has(p.id))
    .map(({ id }) => ({
      what: `tariff.${id}`,
      reason: `TARIFF_MISSING: ${id} has no tariff, so its part is not in the cost of ${institution.id}`,
      cure: { zh: `在基础信息文件中给 ${id} 写上 tariff`, en: `give ${id} a tariff in the facts file` },
    }));
}
