import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkFacts, factsSchemaText, isFactsFile } from '../../../../collectors/site/facts/index.ts';
import { formatProblem } from '../../../../collectors/site/problem.ts';
import { compoundFacts, compoundRegistry } from '../../../support/compound-books.ts';

const registry = compoundRegistry();
const read = (text: string) => checkFacts(text, { file: 'f.yaml', registry });
const brief = (text: string): readonly string[] => {
  const checked = read(text);
  return 'problems' in checked ? checked.problems.map((p) => `${p.line}:${p.column} ${p.code}`) : [];
};
const HEAD = 'facts: lz-compound\n';

describe('a facts file', () => {
  it('of the simulated compound reads without a mistake, prices exact', () => {
    const facts = compoundFacts(registry);
    expect(facts.institutions.map(({ id, type, division }) => [id, type, division])).toEqual([
      ['reform', 'organ', '620100'],
      ['housing', 'organ', '620100'],
      ['offices', 'organ', '620102'],
    ]);
    const terms = facts.tariffs.find(({ id }) => id === 'grid')?.terms[0]?.value;
    expect(terms).toMatchObject({ kind: 'time-of-use', capacity: { perMonth: 12_800_000_000 } });
    const season = terms?.kind === 'time-of-use' ? terms.seasons[0] : undefined;
    expect(season?.hours.map((period) => period[0]).join('')).toBe('fffffffppvvvvvvvvpssppp' + 'f');
    expect(season?.prices.flat).toEqual({ num: 569, den: 1 }); // 0.569 yuan/kWh is 569 millionths a Wh
  });

  it('is told from a site file by its head', () => {
    expect(isFactsFile('# a comment\nfacts: s\n')).toBe(true);
    expect(isFactsFile('site:\n  id: s\n')).toBe(false);
  });

  it('has every mistake named at its place, in one run', () => {
    const text = `${HEAD}institutions:
  - { id: reform, type: organs, level: city }
  - { id: nobody, heatedArea: 12 acres }
  - { id: housing, division: 62010, colour: blue }
  - { id: housing, bedDays: { 2026-13: 4 } }
points:
  - { point: p-x, use: heating }
  - { point: w-main, tariff: grid }
  - { point: h-a, tariff: none }
tariffs:
  - id: grid
    carrier: electricity
    terms:
      - { from: 2025-01-01, kind: flat, price: 0.5 CNY/m3 }
      - { from: 2024-01-01, kind: flat, price: half a yuan }
targets:
  - { id: t, metric: energy-total, baseYear: 2030, targetYear: 2025, source: x }
`;
    expect(brief(text)).toEqual([
      '3:25 VALUE_INVALID',
      '4:11 REFERENCE_UNKNOWN',
      '4:31 COUNT_INVALID',
      '5:30 VALUE_INVALID',
      '5:37 KEY_UNKNOWN',
      '6:11 ID_TWICE',
      '6:40 MONTH_INVALID',
      '8:14 REFERENCE_UNKNOWN',
      '9:30 TARIFF_CARRIER',
      '10:27 REFERENCE_UNKNOWN',
      '15:48 UNIT_UNKNOWN',
      '16:17 DATES_ORDER',
      '16:48 PRICE_INVALID',
      '18:5 TARGET_UNCLEAR',
      '18:64 YEARS_ORDER',
    ]);
  });

  it('has a text that the books cannot keep refused at its place', () => {
    const checked = checkFacts(`${HEAD}institutions:\n  - { id: reform, grade: "三级\\0" }\n`, {
      file: 'f.yaml',
      registry,
    });
    expect('problems' in checked && checked.problems.map(({ code, line }) => [code, line])).toEqual([
      ['TEXT_INVALID', 3],
    ]);
  });

  it('has a time of use that leaves an hour or a month out refused, or that takes one twice', () => {
    const season = (months: string, hours: string, prices: string) =>
      `${HEAD}tariffs:
  - id: t
    carrier: electricity
    terms:
      - from: 2025-01-01
        kind: time-of-use
        seasons:
          - { months: ${months}, hours: { ${hours} }, prices: { ${prices} } }
`;
    const both = 'peak: 8-22, valley: 22-8';
    const prices = 'peak: 1 CNY/kWh, valley: 0.3 CNY/kWh';
    expect(brief(season('1-12', both, prices))).toEqual([]);
    expect(brief(season('1-11', both, prices))).toEqual(['8:9 SEASONS_INCOMPLETE']);
    expect(brief(season('1-12', 'peak: 8-22, valley: 22-7', prices))).toEqual(['9:36 HOURS_INVALID']);
    expect(brief(season('1-12', 'peak: 8-22, valley: 21-8', prices))).toEqual(['9:36 HOURS_INVALID']);
    expect(brief(season('1-12', both, 'peak: 1 CNY/kWh'))).toEqual(['9:74 PRICE_MISSING']);
  });

  it('says mistakes in both languages with what to write instead', () => {
    const checked = read(`${HEAD}institutions:\n  - { id: reforn }\n`);
    const [problem] = 'problems' in checked ? checked.problems : [];
    expect(problem && formatProblem(problem, 'en')).toBe(
      'f.yaml:3:11: There is no institution "reforn". Did you mean "reform"?',
    );
    expect(problem && formatProblem(problem, 'zh')).toBe('f.yaml:3:11: 没有机构 "reforn"。是否想写 "reform"？');
  });

  it('has a schema for editors that is the one in docs', () => {
    expect(readFileSync(new URL('../../../../docs/schema/facts.schema.json', import.meta.url), 'utf8')).toBe(
      factsSchemaText(),
    );
  });
});
