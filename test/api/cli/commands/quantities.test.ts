import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  documentAnswerSchema,
  importQuantitiesAnswerSchema,
  importTemperatureAnswerSchema,
  quantitiesAnswerSchema,
  temperatureAnswerSchema,
} from '../../../../pipeline/answers-facts.ts';
import {
  baselineAnswerSchema,
  convertAnswerSchema,
  factorMovesSchema,
  factorsAnswerSchema,
} from '../../../../pipeline/answers-rules.ts';
import { cli } from '../../../support/cli.ts';
import { type FreshBooks, freshBooks, stopPostgres } from '../../../support/postgres.ts';
import { plant } from '../../../support/run-books.ts';
import { smallRegistry } from '../../../support/small-site.ts';

let folder: string;
let books: FreshBooks;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'civicmeter-quantities-'));
  books = await freshBooks();
  await plant(books.books, smallRegistry([{ point: 'p' }], { institutions: ['a', 'b'] }), []);
}, 60_000);
afterAll(async () => {
  await books.close();
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...argv: readonly string[]) =>
  cli([...argv, '--json', '--data', join(folder, 'data')], {
    env: { CIVICMETER_BOOKS: books.dsn, LANG: 'en_GB.UTF-8' },
  });
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe('quantities and their documents by command line', () => {
  const HEAD = 'institution,month,kind,use,quantity,unit,document';
  const bill = '%PDF-1.7\n\u0000\u00ff';

  test('are imported with the document, which an auditor gets back', async () => {
    const table = file('fuel.csv', `${HEAD}\na,2025-03,petrol,vehicles,120,L,bill-03.pdf\n`);
    const document = file('bill-03.pdf', bill);
    const looked = await run('import', 'quantities', table, '--dry-run', '--document', document);
    expect(importQuantitiesAnswerSchema.parse(JSON.parse(looked.out))).toMatchObject({ added: 1, committed: false });
    const taken = await run('import', 'quantities', table, '--by', 'wang', '--document', document);
    expect(importQuantitiesAnswerSchema.parse(JSON.parse(taken.out))).toMatchObject({ added: 1, committed: true });
    const { quantities } = quantitiesAnswerSchema.parse(JSON.parse((await run('quantities', '--year', '2025')).out));
    const sha256 = createHash('sha256').update(readFileSync(document)).digest('hex');
    expect(quantities).toMatchObject([
      {
        institution: 'a',
        month: '2025-03',
        document: { name: 'bill-03.pdf', sha256 },
        file: { name: 'fuel.csv', row: 2 },
      },
    ]);
    const copy = join(folder, 'copy.pdf');
    const back = await run('document', sha256, copy);
    expect(documentAnswerSchema.parse(JSON.parse(back.out))).toMatchObject({ name: 'bill-03.pdf', by: 'wang' });
    expect(readFileSync(copy)).toEqual(readFileSync(document));
    expect((await run('document', sha256, copy)).err).toContain('FILE_NOT_WRITTEN');
  });

  test('refuse a document that cannot be read, and one that the books do not have', async () => {
    const table = file('coal.csv', `${HEAD}\na,2025-03,coal,heating,1,t,\n`);
    const wrong = await run('import', 'quantities', table, '--by', 'wang', '--document', join(folder, 'none.pdf'));
    expect({ code: wrong.code, said: wrong.err }).toEqual({
      code: 2,
      said: expect.stringContaining('DOCUMENT_REFUSED'),
    });
    expect((await run('document', 'ab'.repeat(32), join(folder, 'x'))).err).toContain('DOCUMENT_UNKNOWN');
  });
});

describe('the catalogue by command line, where there are books', () => {
  test('shows a row as confirmed by a named person, in factors and in the calculator', async () => {
    const row = 'coal/national-statistics-electricity-kwh';
    const used = async () => {
      const answer = await run(...'convert --carrier electricity --quantity 1 --unit kWh --year 2024'.split(' '));
      return convertAnswerSchema.parse(JSON.parse(answer.out)).coalEquivalent?.factor;
    };
    expect(await used()).toMatchObject({ id: row, verified: false });
    await run('confirm-row', row, '--by', 'li', '--text', 'the survey’s form of 2025, page 3');
    expect(await used()).toMatchObject({ id: row, verified: true });
    const { rows } = factorsAnswerSchema.parse(JSON.parse((await run('factors', '--text', row)).out));
    expect(rows).toMatchObject([{ id: row, verified: true, confirmed: { by: 'li' } }]);
  });
});

test('nothing has moved where no factor changed', async () => {
  const { code, out } = await run('factor-moves');
  expect(code).toBe(0);
  expect(factorMovesSchema.parse(JSON.parse(out))).toEqual({ site: 'demo', changed: [], closed: [], open: [] });
});

describe('temperatures and the baseline by command line', () => {
  test('are imported, listed, and the baseline says what it lacks', async () => {
    const station = file('station.csv', 'time,temperature (°C)\n2025-01-01,-7.5\n2025-01-02,warm\n');
    const options = ['--series', 'lanzhou', '--source', 'Lanzhou 52889', '--by', 'wang'];
    const taken = await run('import', 'temperature', station, ...options);
    expect(taken.code).toBe(1);
    expect(importTemperatureAnswerSchema.parse(JSON.parse(taken.out))).toMatchObject({
      added: 1,
      refused: [{ row: 3, code: 'TEMPERATURE_INVALID' }],
    });
    const listed = await run('temperature', '--period', '2025-01', '--series', 'lanzhou');
    expect(temperatureAnswerSchema.parse(JSON.parse(listed.out))).toMatchObject({
      days: [{ day: '2025-01-01', celsius: -7.5 }],
      source: { sources: ['Lanzhou 52889'] },
    });
    const fitted = await run(...'baseline --carrier electricity --period 2025 --series lanzhou'.split(' '));
    const answer = baselineAnswerSchema.parse(JSON.parse(fitted.out));
    expect(answer).toMatchObject({ institution: null, model: null, savings: null });
    expect(answer.missing.map(({ what }) => what)).toEqual(['baseline.use', 'baseline.temperature']);
  });
});
