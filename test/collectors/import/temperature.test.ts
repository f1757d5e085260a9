import writeXlsxFile, { type SheetData } from 'write-excel-file/node';
import { describe, expect, it } from 'vitest';
import { readTemperatures } from '../../../collectors/import/index.ts';

const csv = (...lines: readonly string[]) => readTemperatures(Buffer.from(lines.join('\n')), 'station.csv');

describe('a file of outdoor temperatures', () => {
  it.each([
    ['time,temperature (°C)', '2026-03-01,-3.5', { time: '2026-03-01', temperature: '-3.5', unit: '°C' }],
    ['观测时间,气温（℃）', '2026-03-01 08:00,4', { time: '2026-03-01 08:00', temperature: '4', unit: '℃' }],
    ['日期 day,平均气温 mean,unit', '20260301,4,°F', { time: '20260301', temperature: '4', unit: '°F' }],
    ['date,time,temp', '2026-03-01,08:00,4', { time: '2026-03-01 08:00', temperature: '4' }],
  ])('headed %s is read as texts by column', async (head, row, cells) => {
    expect((await csv('Lanzhou', head, row, ',')).drafts).toEqual([{ row: 3, cells }]);
  });

  it('without time and temperature is refused', async () => {
    await expect(csv('time,wind', '2026-03-01,3')).rejects.toMatchObject({ code: 'IMPORT_COLUMNS_UNKNOWN' });
  });

  it('of a spreadsheet has days as days, hours as hours, and merged cells and formulas named', async () => {
    const sheet = async (data: SheetData) =>
      readTemperatures(new Uint8Array(await writeXlsxFile(data, { sheet: '气温' }).toBuffer()), 'station.xlsx');
    const head = [{ value: '时间 time' }, { value: '气温 temperature (°C)' }];
    const at = (text: string) => ({ value: new Date(`${text}Z`), type: Date, format: 'yyyy-mm-dd hh:mm' });
    const days = await sheet([head, [at('2026-03-01T00:00'), { value: -3.25 }]]);
    expect(days.drafts).toEqual([{ row: 2, cells: { time: '2026-03-01', temperature: '-3.25', unit: '°C' } }]);
    const hours = await sheet([
      head,
      [at('2026-03-01T00:00'), { value: 1 }],
      [at('2026-03-01T01:00'), { value: 2, rowSpan: 2 }],
      [{ value: '2026-03-01 02:00' }, null],
      [{ value: 'A2', type: 'Formula' }, { value: 3 }],
    ]);
    expect(hours.drafts.map(({ cells, faults }) => [cells.time, faults?.[0]?.code])).toEqual([
      ['2026-03-01 00:00:00', undefined],
      ['2026-03-01 01:00:00', 'MERGED'],
      ['2026-03-01 02:00', 'MERGED'],
      [undefined, 'FORMULA'],
    ]);
  });
});
