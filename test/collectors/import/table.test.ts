import { describe, expect, it } from 'vitest';
import writeXlsxFile, { type SheetData } from 'write-excel-file/node';
import { parseColumnMap } from '../../../collectors/import/index.ts';
import { list, read, refusals } from '../../support/readings.ts';

describe('XLSX', () => {
  const workbook = (rows: SheetData): Promise<Buffer> => writeXlsxFile(rows).toBuffer();

  it('reads dates as the wall clock, numbers exactly, and names the rows of merged cells', async () => {
    const date = (text: string) => ({ value: new Date(text), type: Date, format: 'yyyy-mm-dd hh:mm' });
    const bytes = await workbook([
      [{ value: '三月抄表', columnSpan: 3 }, null, null],
      ['表号', '抄表时间', '读数（kWh）'],
      [20231107, date('2025-03-01T08:00:00Z'), 0.1 + 0.2],
      ['20231107', date('2025-03-01T09:00:00Z'), 84210.5],
      [null, date('2025-03-01T10:00:00Z'), 84211],
    ]);
    const readings = await read(bytes);
    expect(list(readings)).toEqual([
      'hand.p1/r @ 2025-03-01T00:00:00 = 300',
      'hand.p1/r @ 2025-03-01T01:00:00 = 84210500',
    ]);
    expect(refusals(readings)).toEqual(['5 REGISTER_MISSING']);
    expect(readings.understood).toMatchObject({ format: 'xlsx', headerRow: 2, form: 'long' });
  });

  it('wide form', async () => {
    const readings = await read(
      await workbook([
        ['时间', 'w1 (m3)'],
        ['2025-03-01 08:00', 12.5],
      ]),
    );
    expect(list(readings)).toEqual(['hand.w1/r @ 2025-03-01T00:00:00 = 12500']);
  });
});

describe('a workbook with readings on two sheets', () => {
  const sheet = (name: string, value: number) => ({
    sheet: name,
    data: [
      ['point', 'time', 'value (m3)'],
      ['w1', '2025-03-01', value],
    ],
  });

  it('is refused until the caller names one, so that none is left out in silence', async () => {
    const bytes = await writeXlsxFile([sheet('March', 1), sheet('April', 2)]).toBuffer();
    await expect(read(bytes)).rejects.toThrow(/several sheets: March, April/);
    expect(list(await read(bytes, { sheet: 'April' }))).toEqual(['hand.w1/r @ 2025-02-28T16:00:00 = 2000']);
    await expect(read(bytes, { sheet: 'May' })).rejects.toThrow(/no sheet "May"/);
  });
});

describe('files of which nothing can be taken', () => {
  it('names the column that was asked for and is not there, and the one that was probably meant', async () => {
    const columns = parseColumnMap(['meter=Zaehler', 'time=Zeitpunkt', 'value=Wert']);
    await expect(read('Zähler,Zeitpunkt,Wert\nw1,2025-03-01,1\n', { columns, unit: 'm3' })).rejects.toMatchObject({
      code: 'IMPORT_COLUMNS_UNKNOWN',
      message: 'file.csv has no column "Zaehler"; found: Zähler | Zeitpunkt | Wert',
      cure: 'Did you mean "Zähler"?',
    });
  });

  it.each([
    ['no columns', 'a,b\n1,2\n', 'IMPORT_COLUMNS_UNKNOWN'],
    ['empty', '', 'IMPORT_COLUMNS_UNKNOWN'],
    ['no unit', 'meter,time,value\nw1,2025-03-01,1\n', 'IMPORT_UNIT_UNKNOWN'],
    ['an open quote', 'meter,time,value (m3)\n"w1,2025-03-01,1\n', 'IMPORT_UNREADABLE'],
    ['an old workbook', new Uint8Array([0xd0, 0xcf, 0x11, 0xe0, 1]), 'IMPORT_UNREADABLE'],
    ['a broken workbook', new Uint8Array([0x50, 0x4b, 3, 4, 1]), 'IMPORT_UNREADABLE'],
    ['a broken gzip', new Uint8Array([0x1f, 0x8b, 1]), 'IMPORT_UNREADABLE'],
  ])('%s', async (_, content, code) => {
    await expect(read(content)).rejects.toMatchObject({ code });
  });

  it('a map that is none says what to write', () => {
    expect(() => parseColumnMap(['metre=x'])).toThrow(/which column/);
  });
});
