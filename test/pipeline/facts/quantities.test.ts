import writeXlsxFile, { type SheetData } from 'write-excel-file/node';
import { describe, expect, it } from 'vitest';
import { readQuantities } from '../../../collectors/import/index.ts';
import type { QuantityTable } from '../../../pipeline/domain/index.ts';
import type { ImportQuantitiesOptions } from '../../../pipeline/index.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { SITE, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();

const HEAD = '机构 institution,月份 month,种类 kind,用途 use,数量 quantity,单位 unit,费用（元） cost,凭证 document';
const csv = (...rows: readonly string[]): Promise<QuantityTable> =>
  readQuantities(Buffer.from([HEAD, ...rows].join('\n')), 'fuel.csv');

async function site() {
  const open = await openSite(smallRegistry([{ point: 'p' }], { institutions: ['a', 'b'] }), '2026-06-15');
  const { rules } = open.service;
  return {
    rules,
    take: (table: QuantityTable, options: Partial<ImportQuantitiesOptions> = {}) =>
      rules.importQuantities(SITE, table, { by: 'wang', commit: true, ...options }),
    held: (superseded = false) => rules.quantities({ site: SITE, superseded }),
  };
}

describe('quantities by hand', () => {
  it('are kept exactly, with cost in fen, document and file', async () => {
    const { rules, take, held } = await site();
    const table = await csv(
      'a,2026-03,汽油,车辆,"1,234.5",L,9876.5,bill-03.pdf',
      'b,２０２６年４月,天然气,,１２００,立方,,',
    );
    const { sha256 } = await rules.keepDocument(SITE, { name: 'bill-03.pdf', bytes: Buffer.from('%PDF') }, 'wang');
    expect(await take(table, { documents: { 'bill-03.pdf': sha256 } })).toMatchObject({ added: 2, refused: [] });
    expect(await held()).toMatchObject([
      {
        institution: 'a',
        month: '2026-03',
        kind: 'petrol',
        use: 'vehicles',
        amount: 1_234_500,
        costFen: 987_650,
        document: { name: 'bill-03.pdf', sha256 },
        file: { name: 'fuel.csv', sha256: table.sha256, row: 2 },
        by: 'wang',
      },
      { institution: 'b', month: '2026-04', kind: 'natural-gas', use: 'ordinary', amount: 1_200_000, costFen: null },
    ]);
  });

  it('with a character that no text of the books can hold are refused, and the other rows are taken', async () => {
    const { take, held } = await site();
    const cells = (month: string, note: string) =>
      ({ institution: 'a', month, kind: 'natural-gas', quantity: '10', unit: 'm3', note }) as const;
    const drafts = [
      { row: 2, cells: cells('2026-02', 'bill\0') },
      { row: 3, cells: cells('2026-03', 'bill 2\0b') },
      { row: 4, cells: cells('2026-04', 'fine') },
    ];
    const answer = await take({ name: 'gas.csv', sha256: '0'.repeat(64), drafts });
    expect(answer.refused.map(({ row, column, code }) => [row, column, code])).toEqual([
      [2, 'note', 'TEXT_INVALID'],
      [3, 'note', 'TEXT_INVALID'],
    ]);
    expect(await held()).toMatchObject([{ month: '2026-04', note: 'fine' }]);
  });

  it('imported twice change nothing, also in another unit', async () => {
    const { take, held } = await site();
    await take(await csv('a,2026-03,coal,heating,1.5,t,,'));
    const before = await held();
    expect(await take(await csv('a,2026-03,煤,采暖,1500,kg,,'))).toMatchObject({ added: 0, unchanged: 1, refused: [] });
    expect(await held()).toEqual(before);
  });

  it('another value of a month is refused, and replaces only with a reason, the old one kept', async () => {
    const { take, held } = await site();
    await take(await csv('a,2026-03,coal,heating,1.5,t,,'));
    const other = await csv('a,2026-03,coal,heating,1.6,t,,');
    expect(await take(other)).toMatchObject({ added: 0, replaced: 0, refused: [{ row: 2, code: 'MONTH_STANDS' }] });
    await expect(take(other, { replace: true })).rejects.toMatchObject({ code: 'CLAIM_NEEDED' });
    expect(await take(other, { replace: true, reason: 'read again' })).toMatchObject({ replaced: 1, refused: [] });
    expect(await held()).toMatchObject([{ amount: 1_600_000, reason: 'read again', supersededBy: null }]);
    const all = await held(true);
    expect(all).toMatchObject([{ amount: 1_500_000, supersededBy: all[1]?.id }, { amount: 1_600_000 }]);
  });

  it('name each row that cannot be taken, with place and cure, and take every other one', async () => {
    const { take, held } = await site();
    const table = await csv(
      'a,2026-01,电,,100,kWh,,',
      'a,2026-02,电,,100,gallons,,',
      'a,2026-03,水,,-5,m3,,',
      'nobody,2026-03,水,,5,m3,,',
      'a,2026-13,水,,5,m3,,',
      'a,2026-09,水,,5,m3,,',
      '=HYPERLINK(x),2026-03,水,,5,m3,,',
      'a,2026-04,水,,5,m3,,',
      'a,2026-04,水,,6,m3,,',
      'a,2026-05,柴油,,5,L,,',
      'a,2026-05,坚果,,5,kg,,',
      'b,2026-05,纸,,12.5,kg,30,',
      'b,2026-05,水,,5,m3,three,',
      'b,2026-06,水,,five,m3,,',
      'b,2026-04,水,,5,m3,"1280,500",',
    );
    const answer = await take(table);
    expect(answer).toMatchObject({ rows: 15, added: 2, unchanged: 0, replaced: 0 });
    expect(answer.refused.map(({ row, column, code }) => `${row} ${column} ${code}`)).toEqual([
      '3 unit UNIT_UNKNOWN',
      '4 quantity QUANTITY_NEGATIVE',
      '5 institution INSTITUTION_UNKNOWN',
      '6 month MONTH_INVALID',
      '7 month MONTH_FUTURE',
      '8 institution FORMULA',
      '9 month MONTH_TWICE',
      '10 month MONTH_TWICE',
      '11 use USE_MISSING',
      '12 kind KIND_UNKNOWN',
      '14 cost COST_INVALID',
      '15 quantity QUANTITY_INVALID',
      '16 cost COST_INVALID',
    ]);
    expect(answer.refused.every(({ reason, cure }) => reason.zh && reason.en && cure.zh && cure.en)).toBe(true);
    expect((await held()).map(({ kind, amount }) => [kind, amount])).toEqual([
      ['electricity', 100_000],
      ['paper', 12_500],
    ]);
  });

  it('are only looked at without commit', async () => {
    const { take, held } = await site();
    expect(await take(await csv('a,2026-01,电,,1,kWh,,'), { commit: false })).toMatchObject({
      added: 1,
      committed: false,
    });
    expect(await held()).toEqual([]);
  });

  it('come from the template that was filled in; rows left empty are no rows', async () => {
    const { rules, take } = await site();
    const bytes = await rules.quantityTemplate(SITE, 2026);
    const empty = await readQuantities(bytes, 'template.xlsx');
    expect(empty.drafts).toEqual([]);
    expect(await take(empty)).toMatchObject({ rows: 0, added: 0, refused: [] });
  });

  it('of a spreadsheet are refused where a cell is merged or a name is a formula; the others are taken', async () => {
    const { take } = await site();
    const data: SheetData = [
      HEAD.split(',').map((value) => ({ value })),
      ['a', '2026-01', '水', '', 5, 'm3'].map((value) => ({ value })),
      [{ value: 'a', rowSpan: 2 }, { value: '2026-02' }, { value: '水' }, null, { value: 6 }, { value: 'm3' }],
      [null, { value: '2026-03' }, { value: '水' }, null, { value: 7 }, { value: 'm3' }],
      [{ value: 'A1', type: 'Formula' }, { value: '2026-04' }, { value: '水' }, null, { value: 8 }, { value: 'm3' }],
      [{ value: 'b' }, { value: '2026-04' }, { value: '水' }, null, { value: '4+5', type: 'Formula' }, { value: 'm3' }],
    ];
    const bytes = new Uint8Array(await writeXlsxFile(data, { sheet: 'A & B' }).toBuffer());
    const answer = await take(await readQuantities(bytes, 'water.xlsx'));
    expect(answer.refused.map(({ row, column, code }) => `${row} ${column} ${code}`)).toEqual([
      '3 institution MERGED',
      '4 institution MERGED',
      '5 institution FORMULA',
      // the library that writes this file keeps no result of the formula
      '6 quantity QUANTITY_MISSING',
    ]);
    expect(answer.added).toBe(1);
  });
});
