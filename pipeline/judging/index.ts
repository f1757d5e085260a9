import type { Kysely, Transaction } from 'kysely';
import { DAY, monthOfDay, type SiteFacts, zoneOf } from '#domain';
import type { Clock } from '#platform';
import type { Tables } from '../books/tables.ts';
import { documentContent, keepDocument } from '../facts/documents.ts';
import { applyFacts, emptyFacts, factsAnswer, factsOf } from '../facts/facts.ts';
import type { MonthSpan } from '../facts/amounts.ts';
import { institutionBook } from '../facts/period.ts';
import { importQuantities, listQuantities } from '../facts/quantities.ts';
import { importTemperature, temperatureAnswer, temperatureSource } from '../facts/temperature.ts';
import { writeTemplate } from '../facts/template.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { ClosedJudgement } from '../rollup/close.ts';
import type { RulesService } from '../service-rules.ts';
import { baselineAnswer, daySpanOf } from './baseline.ts';
import { openRulebook } from './catalogue.ts';
import { convertAnswer, factorsAnswer } from './catalogue-answers.ts';
import { costsAnswer } from './costs.ts';
import { decomposeHolders, decomposeSite, institutionHolders } from './decompose.ts';
import { indicatorsAnswer, spansOf } from './indicators.ts';
import { judgeAnswer } from './judge.ts';
import { closingFigures } from './closing.ts';
import { factorMoves } from './moves.ts';
import { firstYearOf, targetsAnswer } from './targets.ts';

export interface RulesOptions {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  readonly siteOf: (id: string) => Promise<DirectorySite>;
  /** Another folder of data files than rules/catalogue/data. */
  readonly rulesFolder?: string | undefined;
}

/** How far back open figures are compared with what they were before a factor changed. */
const MONTHS_LOOKED_AT = 24;

export interface OpenRules {
  readonly service: RulesService;
  /** Figures of a month that is being closed, in the close's own transaction. */
  readonly closing: (tx: Transaction<Tables>, site: DirectorySite, month: number) => Promise<ClosedJudgement>;
}

/** What the rules say about a site of the books (service-rules.ts). */
export function openRules({ db, clock, siteOf, rulesFolder }: RulesOptions): OpenRules {
  const rulebook = openRulebook(db, () => clock.now(), rulesFolder);
  const factsIn = async (site: DirectorySite): Promise<SiteFacts> =>
    (await factsOf(db, site.registry.site.id))?.facts ?? emptyFacts(site.registry.site.id);
  /** Month after the last that has ended at the site. */
  const endedAt = ({ registry }: DirectorySite): number => {
    const zone = zoneOf(registry.site.zone);
    const now = clock.now();
    return monthOfDay(Math.floor((now + zone.offsetAt(now)) / DAY));
  };
  const read = async (id: string) => {
    const site = await siteOf(id);
    const [facts, rules] = await Promise.all([factsIn(site), rulebook.inForce()]);
    return { site, facts, rules, ended: endedAt(site) };
  };
  const service: RulesService = {
    warm: async () => void (await rulebook.inForce()),
    facts: async (id) => {
      const stored = await factsOf(db, id);
      return stored && factsAnswer(await siteOf(id), stored);
    },
    applyFacts: async (facts, options) => applyFacts(db, await siteOf(facts.site), facts, options, clock.now()),
    quantities: async (query) => listQuantities(db, await siteOf(query.site), query),
    importQuantities: async (id, table, options) => importQuantities(db, await siteOf(id), table, options, clock.now()),
    keepDocument: async (id, document, by) => keepDocument(db, await siteOf(id), document, by, clock.now()),
    document: async (id, sha256) => documentContent(db, await siteOf(id), sha256),
    quantityTemplate: async (id, year) => writeTemplate((await siteOf(id)).registry, year),
    temperature: async ({ site: id, period, series }) => {
      const site = await siteOf(id);
      const source = temperatureSource(series, await factsIn(site));
      return temperatureAnswer(db, site, source, daySpanOf(period, zoneOf(site.registry.site.zone)));
    },
    importTemperature: async (id, table, options) =>
      importTemperature(db, await siteOf(id), table, options, clock.now()),
    baseline: async (query) => {
      const site = await siteOf(query.site);
      return baselineAnswer(db, site, await factsIn(site), query, clock.now());
    },
    indicators: async ({ site: id, institution, year, month, periods }) => {
      const { site, facts, rules, ended } = await read(id);
      const spans = spansOf(year, month, ended);
      const book = await institutionBook(db, site, facts, institution, spans.whole);
      return indicatorsAnswer(id, book.institution, book, rules, { year, spans, periods });
    },
    judge: async ({ site: id, institution, year, rollingTo, packs }) => {
      const { site, facts, rules, ended } = await read(id);
      const to = rollingTo === undefined ? (year + 1) * 12 : year * 12 + rollingTo;
      const span: MonthSpan = { from: to - 12, to };
      const book = await institutionBook(db, site, facts, institution, span);
      return judgeAnswer(id, book.institution, book, rules, { span, packs, ended });
    },
    targets: async ({ site: id, institution, year }) => {
      const { site, facts, rules, ended } = await read(id);
      const ids = institution === undefined ? site.registry.institutions.map((one) => one.id) : [institution];
      const from = firstYearOf(year, [
        ...facts.targets,
        ...rules.catalogue.rows.filter((row) => row.kind === 'target'),
      ]);
      const whole = { from: from * 12, to: (year + 1) * 12 };
      const books = await Promise.all(ids.map((one) => institutionBook(db, site, facts, one, whole)));
      return targetsAnswer({ site: id, institution, books, targets: facts.targets, year, ended, whole }, rules);
    },
    decompose: async (query) => {
      const { among } = query;
      if ('holders' in among) return decomposeHolders(query, among.holders, (await rulebook.inForce()).catalogue);
      const { site, facts, rules } = await read(among.site);
      return decomposeSite(query, rules.catalogue, async (measure, baseYear) => {
        const span: MonthSpan = { from: baseYear * 12, to: (baseYear + 1) * 12 };
        const ids = site.registry.institutions.map((one) => one.id);
        const books = await Promise.all(ids.map((one) => institutionBook(db, site, facts, one, span)));
        return institutionHolders(among.site, books, rules, measure, baseYear, among.shares);
      });
    },
    costs: async ({ site: id, institution, year }) => {
      const { site, facts } = await read(id);
      const book = await institutionBook(db, site, facts, institution, { from: year * 12, to: (year + 1) * 12 });
      return costsAnswer(db, site, facts, book, year, clock.now());
    },
    convert: async (query) => convertAnswer(query, (await rulebook.inForce()).catalogue),
    factors: async (query) => factorsAnswer(query, (await rulebook.inForce()).catalogue),
    confirmations: () => rulebook.confirmations(),
    confirmRow: (row, word) => rulebook.confirmRow(row, word),
    factorMoves: async (id) => {
      const { site, facts, rules, ended } = await read(id);
      return factorMoves(db, site, facts, rules, { from: ended - MONTHS_LOOKED_AT, to: ended });
    },
  };
  return {
    service,
    closing: async (tx, site, month) => {
      const rules = await rulebook.inForce();
      const stored = await factsOf(tx, site.registry.site.id);
      return closingFigures(tx, site, stored?.facts ?? emptyFacts(site.registry.site.id), rules, month);
    },
  };
}
