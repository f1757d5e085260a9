import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import writeXlsxFile, { type SheetData } from 'write-excel-file/node';
import { readQuantities } from '../../../collectors/import/index.ts';
import { list, read, refusals } from '../../support/readings.ts';

/** A workbook whose parts of a folder are written in another way. */
async function rewritten(rows: SheetData, folder: RegExp, rewrite: (xml: string) => string): Promise<Uint8Array> {
  const parts = Object.entries(unzipSync(new Uint8Array(await writeXlsxFile(rows).toBuffer())));
  return zipSync(
    Object.fromEntries(
      parts.map(([name, part]) => [name, folder.test(name) ? strToU8(rewrite(strFromU8(part))) : part]),
    ),
  );
}

/** As Excel writes it: a number that no double holds exactly has 17 digits. */
const excelWorkbook = (rows: SheetData): Promise<Uint8Array> =>
  rewritten(rows, /^xl\/worksheets\/\w+\.xml$/, (xml) =>
    xml.replace(/<v>(\d+\.\d+)<\/v>/g, (_, digits: string) => `<v>${Number(digits).toPrecision(17)}</v>`),
  );

/** As the libraries of .NET write it: every element has a prefix. */
const prefixedWorkbook = (rows: SheetData): Promise<Uint8Array> =>
  rewritten(rows, /^xl\/(?:worksheets\/)?(?:workbook|sheet\d+|styles|sharedStrings)\.xml$/, (xml) =>
    xml.replace(/<(\/?)([a-zA-Z])/g, '<$1x:$2').replace(' xmlns="http', ' xmlns:x="http'),
  );

describe('numbers that Excel writes with 17 digits are those that were typed', () => {
  it('in quantities and costs', async () => {
    const bytes = await excelWorkbook([
      ['机构', '月份', '种类', '数量', '单位', '费用'],
      ['a', '2026-01', '电', 1234.56, 'kWh', 8.2],
    ]);
    const { drafts } = await readQuantities(bytes, 'bills.xlsx');
    expect(drafts[0]?.cells).toMatchObject({ quantity: '1234.56', cost: '8.2' });
  });

  it('in readings', async () => {
    const bytes = await excelWorkbook([
      ['表号', '抄表时间', '读数（kWh）'],
      [20231107, '2025-03-01', 8.2],
    ]);
    expect(list(await read(bytes))).toEqual(['hand.p1/r @ 2025-02-28T16:00:00 = 8200']);
  });
});

it('merged cells and formulas are found whatever prefix the elements of a workbook have', async () => {
  const bytes = await prefixedWorkbook([
    ['机构', '月份', '种类', '数量', '单位'],
    ['a', '2026-01', '电', { value: 10, rowSpan: 2 }, 'kWh'],
    ['a', '2026-02', '电', null, 'kWh'],
    [{ value: 'A2', type: 'Formula' }, '2026-03', '电', 3, 'kWh'],
  ]);
  const { drafts } = await readQuantities(bytes, 'export.xlsx');
  expect(drafts.map(({ faults }) => faults)).toEqual([
    [{ column: 'quantity', code: 'MERGED' }],
    [{ column: 'quantity', code: 'MERGED' }],
    [{ column: 'institution', code: 'FORMULA' }],
  ]);
});

it('a number of a meter in a cell formatted as a date is refused as the sheet shows it, and the other rows are taken', async () => {
  const bytes = await excelWorkbook([
    ['表号', '抄表时间', '读数（kWh）'],
    [{ value: 123456789012, type: Number, format: 'yyyy-mm-dd' }, '2025-03-01', 1],
    ['p1', '2025-03-01', 2],
  ]);
  const readings = await read(bytes);
  expect(list(readings)).toHaveLength(1);
  expect(readings.refused).toMatchObject([{ row: 2, code: 'REGISTER_UNKNOWN', text: '##### | 2025-03-01 | 1' }]);
});

describe('a workbook with a sheet for each year', () => {
  const head = ['机构', '月份', '种类', '数量', '单位'];
  const sheet = (name: string, ...rows: SheetData) => ({ sheet: name, data: [head, ...rows] });

  it('is refused, so that the quantities of the second are not left out in silence', async () => {
    const bytes = await writeXlsxFile([
      sheet('2025', ['a', '2025-01', '电', 1, 'kWh']),
      sheet('2026', ['a', '2026-01', '电', 2, 'kWh']),
    ]).toBuffer();
    await expect(readQuantities(new Uint8Array(bytes), 'bills.xlsx')).rejects.toMatchObject({
      code: 'IMPORT_UNREADABLE',
      message: 'bills.xlsx has rows on several sheets: 2025, 2026',
    });
  });

  it('is taken where only one of them has rows', async () => {
    const bytes = await writeXlsxFile([sheet('2025'), sheet('2026', ['a', '2026-01', '电', 2, 'kWh'])]).toBuffer();
    expect((await readQuantities(new Uint8Array(bytes), 'bills.xlsx')).drafts).toHaveLength(1);
  });
});

describe('a time of day in a cell of its own', () => {
  const day = (text: string) => ({ value: new Date(`${text}Z`), type: Date, format: 'yyyy-mm-dd' });
  const clock = (share: number) => ({ value: share, type: Number, format: '[h]:mm' });

  it('is that of the day beside it; a whole day is the end of that day or its beginning, and is not guessed', async () => {
    const bytes = await excelWorkbook([
      ['表号', '日期', '时间', '读数（kWh）'],
      ['p1', day('2025-03-01T00:00'), clock(0), 1],
      ['p1', day('2025-03-01T00:00'), clock(0.75), 2],
      ['p1', day('2025-03-01T00:00'), clock(1), 3],
      // hours that were filled down over midnight
      ['p1', day('2025-03-02T00:00'), clock(1.25), 4],
    ]);
    const readings = await read(bytes);
    expect(list(readings)).toEqual([
      'hand.p1/r @ 2025-02-28T16:00:00 = 1000',
      'hand.p1/r @ 2025-03-01T10:00:00 = 2000',
      'hand.p1/r @ 2025-03-01T22:00:00 = 4000',
    ]);
    expect(refusals(readings)).toEqual(['4 TIME_INVALID']);
    expect(readings.refused[0]?.reason.en).toMatch(/24:00 .* text/);
  });

  it('and a day whose cell is not formatted as one are told what to do', async () => {
    const bytes = await excelWorkbook([
      ['表号', '抄表时间', '读数（kWh）'],
      ['p1', 45717.25, 1],
    ]);
    const { refused } = await read(bytes);
    expect(refused.map(({ code, reason }) => [code, reason.en])).toEqual([
      ['TIME_INVALID', '45717.25 is a number: format its cell as a date'],
    ]);
  });

  it('is no time where no day stands beside it', async () => {
    const bytes = await excelWorkbook([
      ['表号', '时间', '读数（kWh）'],
      ['p1', clock(0.75), 1],
    ]);
    expect(refusals(await read(bytes))).toEqual(['2 TIME_INVALID']);
  });
});
