import { oneOf, requestError } from '#domain';
import type { Catalogue } from '../../rules/catalogue/index.ts';
import type { Missing, TargetRow } from '../../rules/contract.ts';
import { decompose, type Holder, type HolderRow, holderTree, type Part } from '../../rules/control/index.ts';
import { type Evidence, lowCoverage } from '../../rules/evidence.ts';
import { exactOf, multiply, parseExact, roundParts, add } from '../../rules/exact.ts';
import { LEAST_COVERAGE } from '../../rules/judgement/index.ts';
import { type DecomposeAnswer, DECOMPOSITION_RULES, type RowUsed, type TargetPart } from '../answers-rules.ts';
import type { InstitutionBook } from '../facts/period.ts';
import type { DecomposeQuery, HolderText } from '../service-rules.ts';
import type { RulesInForce } from './catalogue.ts';
import { missingAnswer, totalsOf } from './figures.ts';
import { eachOnce, usedRow } from './rows.ts';
import { evidenceIn, type Measure, TARGET_UNITS, type TargetUnit } from './target-units.ts';

const BASE_UNITS: Readonly<Record<Measure, DecomposeAnswer['baseUnit']>> = { kgce: 'gce', kgCO2: 'gCO2', waterM3: 'L' };

/** Holders whose bases the books know, and what stands behind them. */
export interface KnownHolders {
  readonly site: string | null;
  readonly holders: readonly HolderRow[];
  readonly rows: readonly RowUsed[];
  readonly missing: readonly Missing[];
}

/** The total that is divided, in base units. */
interface Whole {
  readonly unit: string;
  readonly of: TargetUnit;
  readonly year: number;
  readonly baseYear: number | undefined;
  readonly row: TargetRow | undefined;
  /** Undefined: a change of the base, which only the holders know. */
  readonly amount: number | undefined;
  readonly base: number | undefined;
}

/** What is asked, whoever shares it. */
type Question = Omit<DecomposeQuery, 'among'>;

/** Among holders as they are written: needs no books. */
export function decomposeHolders(query: Question, texts: readonly HolderText[], catalogue: Catalogue): DecomposeAnswer {
  const whole = wholeOf(query, catalogue);
  return divided(query, whole, { site: null, holders: holdersOf(texts, whole), rows: [], missing: [] });
}

/** Among the institutions of a site; `known`: their figures of the base year. */
export async function decomposeSite(
  query: Question,
  catalogue: Catalogue,
  known: (measure: Measure, baseYear: number) => Promise<KnownHolders>,
): Promise<DecomposeAnswer> {
  const whole = wholeOf(query, catalogue);
  return divided(query, whole, await known(whole.of.measure, baseYearOf(whole)));
}

function divided({ rule, changes }: Question, whole: Whole, given: KnownHolders): DecomposeAnswer {
  if (given.holders.length === 0) throw invalid('holders', 'nobody is there to share it', 'name the holders');
  const name = given.site ?? whole.row?.region ?? 'total';
  const tree = withBase(holderTree(given.holders, { rule, changes, whole: name }), whole.base);
  const part = decompose(amountOf(whole, tree), tree);
  const { parts, without } = flat(part, whole.of.per);
  return {
    site: given.site,
    year: whole.year,
    baseYear: whole.baseYear ?? null,
    unit: whole.unit,
    baseUnit: BASE_UNITS[whole.of.measure],
    parts,
    without,
    rows: eachOnce([...(whole.row ? [usedRow(whole.row, whole.unit, whole.row.cap ?? null)] : []), ...given.rows]),
    missing: given.missing.map(missingAnswer),
  };
}

function wholeOf({ target, baseYear }: Question, catalogue: Catalogue): Whole {
  if (!('row' in target)) {
    const { value, unit, year } = target;
    const of = unitOf(unit, 'unit');
    return { unit, of, year, baseYear, row: undefined, amount: unitsOf(value, of, 'value'), base: undefined };
  }
  const row = catalogue.byId.get(target.row);
  if (row?.kind !== 'target')
    throw requestError('ROW_UNKNOWN', `the catalogue has no target "${target.row}"`, {
      place: 'row',
      cure: 'name a row as `civicmeter factors --kind target` shows it, <file>/<row>',
    });
  if (!row.metric.endsWith('-total'))
    throw invalid('row', `${row.id} is of an intensity, which has no parts`, 'name a row of a total, or give a value');
  const of = unitOf(row.unit, 'row');
  return {
    unit: row.unit,
    of,
    year: row.targetYear,
    baseYear: row.baseYear,
    row,
    amount: row.cap === undefined ? undefined : unitsOf(String(row.cap), of, 'row'),
    base: row.base === undefined ? undefined : unitsOf(String(row.base), of, 'row'),
  };
}

function unitOf(unit: string, place: string): TargetUnit {
  const known = TARGET_UNITS[unit];
  if (known) return known;
  throw requestError('UNIT_UNKNOWN', `"${unit}" is not a unit of a total`, {
    place,
    ...oneOf(Object.keys(TARGET_UNITS)),
  });
}

/** Decimals of the target's unit as whole base units. */
function unitsOf(text: string, { per, measure }: TargetUnit, place: string): number {
  const value = read(text, place);
  const { num, den } = multiply(value, exactOf(per));
  if (num < 0n) throw invalid(place, `${text} is below 0`, 'give an amount of at least 0');
  const amount = Number(num / den);
  if (num % den !== 0n || !Number.isSafeInteger(amount))
    throw invalid(place, `${text} is no whole number of ${BASE_UNITS[measure]}, or too large`, 'give fewer digits');
  return amount;
}

/** Throws QUANTITY_INVALID with the place. */
function read(text: string, place: string): ReturnType<typeof parseExact> {
  try {
    return parseExact(text);
  } catch (cause) {
    throw requestError('QUANTITY_INVALID', `"${text}" is not a number`, {
      place,
      cure: 'write digits with a point, such as 1234.5',
      cause,
    });
  }
}

const holdersOf = (texts: readonly HolderText[], { of }: Whole): readonly HolderRow[] =>
  texts.map(({ place, id, parent, base, class: name, share, rule }) => ({
    place,
    id: id.trim() === '' ? refuseNameless(place) : id,
    parent,
    base: base === undefined ? undefined : unitsOf(base, of, place),
    class: name,
    share: share === undefined ? undefined : shareOf(share, place),
    rule: rule === undefined ? undefined : ruleOf(rule, place),
  }));

function refuseNameless(place: string): never {
  throw invalid(place, 'a holder without id', 'give it an id');
}

function shareOf(text: string, place: string): number {
  const { num, den } = read(text, place);
  if (num < 0n || num > den) throw invalid(place, `${text} is no share`, 'give a share between 0 and 1, such as 0.25');
  return Number(text);
}

function ruleOf(text: string, place: string): NonNullable<HolderRow['rule']> {
  const found = DECOMPOSITION_RULES.find((rule) => rule === text);
  if (found) return found;
  throw invalid(place, `there is no rule "${text}"`, `use one of ${DECOMPOSITION_RULES.join(', ')}`);
}

function baseYearOf({ baseYear, year }: Whole): number {
  if (baseYear !== undefined && baseYear < year) return baseYear;
  throw invalid(
    'baseYear',
    baseYear === undefined ? 'the base year is not known' : `the base year ${baseYear} is not before ${year}`,
    'name the year whose figures the institutions are measured against',
  );
}

const withBase = (tree: Holder, base: number | undefined): Holder =>
  tree.base === undefined && base !== undefined ? { ...tree, base } : tree;

/** A row's cap, or its change of what the whole used in the base year. */
function amountOf({ amount, row }: Whole, tree: Holder): number {
  if (amount !== undefined) return amount;
  const bases = (tree.below ?? []).map(({ base }) => base);
  const base = tree.base ?? (bases.includes(undefined) ? undefined : bases.reduce<number>((a, b) => a + (b ?? 0), 0));
  if (base === undefined || row?.change === undefined)
    throw invalid(tree.id, 'the base of the whole is not known', 'give its base, or the bases of all right below it');
  const [target = 0] = roundParts([multiply(exactOf(base), add(exactOf(1), parseExact(row.change)))], 0);
  return target;
}

function flat(part: Part, per: number): Pick<DecomposeAnswer, 'parts' | 'without'> {
  const parts: TargetPart[] = [];
  const without: DecomposeAnswer['without'] = [];
  const visit = (one: Part, parent: string | null, level: number): void => {
    const holds = one.rule !== undefined;
    parts.push({
      id: one.id,
      parent,
      level,
      base: one.base === undefined ? null : one.base / per,
      target: one.target / per,
      targetAmount: one.target,
      change: one.change ?? null,
      rule: one.rule ?? null,
      sum: holds ? (one.target - one.remainder) / per : null,
      remainder: holds ? one.remainder / per : null,
      remainderAmount: holds ? one.remainder : null,
    });
    without.push(...one.without.map(({ id, reason }) => ({ id, parent: one.id, reason })));
    for (const child of one.parts) visit(child, one.id, level + 1);
  };
  visit(part, null, 0);
  return { parts, without };
}

/** Institutions by their figures of the base year; one with too little evidence has no base, and is named. Its class is its level. */
export function institutionHolders(
  site: string,
  books: readonly InstitutionBook[],
  { tables }: RulesInForce,
  measure: Measure,
  year: number,
  shares: Readonly<Record<string, number>>,
): KnownHolders {
  const stranger = Object.keys(shares).find((id) => !books.some(({ institution }) => institution.id === id));
  if (stranger !== undefined)
    throw invalid(stranger, `${site} has no institution "${stranger}"`, 'give shares to institutions of the site');
  const each = books.map((book) => {
    const { facts } = book.period({ from: year * 12, to: (year + 1) * 12 });
    const totals = totalsOf(facts, tables);
    const evidence = evidenceIn(measure, facts.quantities);
    const value = totals[measure];
    const enough = evidence.coverage >= LEAST_COVERAGE;
    const { id } = book.institution;
    const holder: HolderRow = {
      place: id,
      id,
      base: enough && value !== null && value >= 0 ? Math.round(value * 1_000) : undefined,
      class: book.profile.level,
      share: shares[id],
    };
    return { holder, totals, missing: enough ? totals.missing : [baseMissing(id, year, evidence)] };
  });
  return {
    site,
    holders: each.map(({ holder }) => holder),
    rows: measure === 'waterM3' ? [] : eachOnce(each.flatMap(({ totals }) => totals.rows)),
    missing: each.flatMap(({ holder, missing }) => (holder.base === undefined ? missing : [])),
  };
}

const baseMissing = (id: string, year: number, evidence: Evidence): Missing => ({
  ...lowCoverage(`base.${id}`, evidence, LEAST_COVERAGE),
  reason: `COVERAGE_LOW: ${(evidence.coverage * 100).toFixed(1)} % of ${year} is evidenced at ${id}, ${LEAST_COVERAGE * 100} % are needed`,
});

const invalid = (place: string, message: string, cure: string) =>
  requestError('DECOMPOSITION_INVALID', message, { place, cure });
