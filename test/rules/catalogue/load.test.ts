import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { isMeteringError } from '#domain';
import { loadCatalogue, type Confirmation } from '../../../rules/catalogue/index.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function load(text: string, confirmations: readonly Confirmation[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'catalogue-'));
  folders.push(folder);
  writeFileSync(join(folder, 'coal.yaml'), text);
  return loadCatalogue(folder, confirmations);
}

function refusal(action: () => unknown): { code: string; message: string; place: string; cure: string } {
  try {
    action();
  } catch (error) {
    if (!isMeteringError(error)) throw error;
    return { code: error.code, message: error.message, place: error.place ?? '', cure: error.cure ?? '' };
  }
  throw new Error('nothing was refused');
}

const shared = `
      kind: coal
      set: test
      carrier: electricity
      per: kWh
      region: '000000'
      source: { document: a document, clause: table 1, year: 2020 }
      confidence: B
      verified: false`;

const table = (rows: string, more = '', extra = ''): string => `tables:
  - shared:${shared}${more}
    named: [from]${extra}
    columns: [from, to, value]
    rows:
${rows}
`;

const TWO_YEARS = `      - ['2020-01-01', '2021-01-01', 0.31]
      - ['2021-01-01', null, 0.3]`;

test('a row is valid until the day on which the next begins', () => {
  const catalogue = load(table(TWO_YEARS));
  expect(catalogue.rows.map(({ id, from, to }) => [id, from, to])).toEqual([
    ['coal/2020-01-01', '2020-01-01', '2021-01-01'],
    ['coal/2021-01-01', '2021-01-01', undefined],
  ]);
});

test('a row may be written out, and joins the fields that its table shares', () => {
  const text = `tables:
  - shared:${shared}
    rows:
      - { row: one, from: '2020-01-01', value: 0.3, source: { clause: table 2 } }`;
  expect(load(text).byId.get('coal/one')).toMatchObject({
    value: 0.3,
    source: { document: 'a document', clause: 'table 2', year: 2020 },
  });
});

describe('refused, with file and row:', () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'validity that overlaps',
      table(TWO_YEARS.replace("'2021-01-01', 0.31", "'2021-02-01', 0.31")),
      'CATALOGUE_OVERLAP',
      /2021-02-01/,
    ],
    [
      'validity without an end before another row',
      table(TWO_YEARS.replace("'2021-01-01', 0.31", 'null, 0.31')),
      'CATALOGUE_OVERLAP',
      /further notice/,
    ],
    [
      'a gap in a series that claims none',
      table(TWO_YEARS.replace("'2021-01-01', 0.31", "'2020-07-01', 0.31"), '', '\n    continuous: true'),
      'CATALOGUE_GAP',
      /2020-07-01 to 2021-01-01/,
    ],
    [
      'validity that ends before it begins',
      table(TWO_YEARS.replace("'2021-01-01', 0.31", "'2019-01-01', 0.31")),
      'CATALOGUE_ROW_INVALID',
      /not after/,
    ],
    ['a row without a source', table(TWO_YEARS).replace(/ +source:.*\n/, ''), 'CATALOGUE_ROW_INVALID', /source/],
    [
      'a source without a clause',
      table(TWO_YEARS).replace('clause: table 1, ', ''),
      'CATALOGUE_ROW_INVALID',
      /source.clause/,
    ],
    [
      'a row without confidence',
      table(TWO_YEARS).replace(/ +confidence:.*\n/, ''),
      'CATALOGUE_ROW_INVALID',
      /confidence/,
    ],
    ['an unknown field', table(TWO_YEARS, '\n      colour: red'), 'CATALOGUE_ROW_INVALID', /colour/],
    [
      'an unknown carrier',
      table(TWO_YEARS).replace('carrier: electricity', 'carrier: peat'),
      'CATALOGUE_ROW_INVALID',
      /carrier/,
    ],
    ['a factor that is not positive', table(TWO_YEARS.replace('0.31', '0')), 'CATALOGUE_ROW_INVALID', /value/],
    ['a region that is no code', table(TWO_YEARS).replace("'000000'", 'china'), 'CATALOGUE_ROW_INVALID', /region/],
    [
      'a day that does not exist',
      table(TWO_YEARS.replace("'2020-01-01'", "'2020-02-30'")),
      'CATALOGUE_ROW_INVALID',
      /from/,
    ],
    [
      'a row with a cell too few',
      table("      - ['2020-01-01', 0.31]"),
      'CATALOGUE_ROW_INVALID',
      /2 cells for 3 columns/,
    ],
    ['a row without a name', table(TWO_YEARS).replace('    named: [from]\n', ''), 'CATALOGUE_ROW_INVALID', /no name/],
    [
      'a remembered row that says verified',
      table(TWO_YEARS).replace('confidence: B\n      verified: false', 'confidence: C\n      verified: true'),
      'CATALOGUE_NOT_VERIFIED',
      /confidence C/,
    ],
    [
      'the same row twice',
      table(TWO_YEARS).replace("'2021-01-01', null", "'2020-01-01', '2020-02-01'"),
      'CATALOGUE_ROW_TWICE',
      /stands twice/,
    ],
    ['an unknown key of the table', table(TWO_YEARS, '', '\n    comment: no'), 'CATALOGUE_FILE_INVALID', /comment/],
    ['a file that is no YAML', 'tables: [', 'CATALOGUE_UNREADABLE', /coal.yaml/],
  ];
  test.each(cases)('%s', (_name, text, code, message) => {
    const error = refusal(() => load(text));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.place).toContain('coal.yaml');
    expect(error.cure).not.toBe('');
  });

  test('a folder that is not there', () => {
    expect(refusal(() => loadCatalogue(join(tmpdir(), 'no-such-catalogue')))).toMatchObject({
      code: 'CATALOGUE_UNREADABLE',
    });
  });

  test('a quota in a unit that is not its metric’s, and limits that rise', () => {
    const quota = (unit: string, limits: string): string => `tables:
  - shared:
      kind: quota
      region: '370000'
      from: '2019-01-01'
      source: { document: a document, clause: table 1, year: 2020 }
      confidence: B
      verified: false
    rows:
      - { row: one, pack: p, standard: s, table: t, metric: energy-per-person, unit: ${unit}, type: organ, limits: ${limits}, factorSet: f }`;
    expect(refusal(() => load(quota('tce/(person·a)', '{ constraint: 3, base: 2 }'))).message).toMatch(
      /unit of the metric/,
    );
    expect(refusal(() => load(quota('kgce/(person·a)', '{ constraint: 2, base: 3 }'))).message).toMatch(
      /constraint ≥ base/,
    );
    expect(refusal(() => load(quota('kgce/(person·a)', '{ constraint: 2, general: 3 }'))).message).toMatch(
      /in one row/,
    );
    expect(load(quota('kgce/(person·a)', '{ constraint: 3, base: 2 }')).rows).toHaveLength(1);
  });
});

describe('a named person', () => {
  const word: Confirmation = {
    row: 'coal/2020-01-01',
    by: '张明',
    at: '2026-11-01',
    text: 'DB37/T 2672-2019, printed copy, p. 9',
  };

  test('makes a row verified, and is named in it', () => {
    const catalogue = load(table(TWO_YEARS), [word]);
    expect(catalogue.byId.get('coal/2020-01-01')).toMatchObject({
      verified: true,
      confidence: 'B',
      confirmed: { by: '张明', at: '2026-11-01', text: word.text },
    });
    expect(catalogue.byId.get('coal/2021-01-01')?.verified).toBe(false);
  });

  test('is refused for an unknown row, and without a name, a day or a text', () => {
    for (const wrong of [{ row: 'coal/none' }, { by: '' }, { at: 'yesterday' }, { text: '' }])
      expect(refusal(() => load(table(TWO_YEARS), [{ ...word, ...wrong }]))).toMatchObject({
        code: 'CONFIRMATION_INVALID',
        place: 'confirmation 1',
      });
  });
});
