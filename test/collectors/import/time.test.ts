import { describe, expect, it } from 'vitest';
import type { ImportOptions } from '../../../collectors/import/index.ts';
import { list, madrid, read, refusals } from '../../support/readings.ts';

describe('times', () => {
  const at = async (time: string, options: Partial<ImportOptions> = {}): Promise<readonly string[]> => {
    const readings = await read(`meter,time,value (m3)\nw1,${time},1\n`, { registry: madrid, ...options });
    return [...list(readings).map((line) => line.slice(12, 31)), ...refusals(readings)];
  };

  it.each([
    ['01/03/2016 00:24:16', '2016-02-29T23:24:16'],
    ['2016-03-01', '2016-02-29T23:00:00'],
    ['30/10/2016 02:30:00', '2016-10-30T00:30:00'], // shown twice: the first
    ['2016-10-30 02:30+01:00', '2016-10-30T01:30:00'], // the second, said so
    ['27/03/2016 02:30', '2 TIME_SKIPPED'],
    ['27/03/2016 03:00', '2016-03-27T01:00:00'],
    ['13/13/2016 08:00', '2 TIME_INVALID'],
    ['2016-03-01 24:01', '2 TIME_INVALID'],
    ['2016-03-01 8:', '2 TIME_INVALID'],
    ['0016-03-01', '2 TIME_INVALID'],
    ['01/03/0016', '2 TIME_INVALID'],
    ['2016-03-01 08:00+99:99', '2 TIME_INVALID'],
    ['2016-03-01 08:00+14:00', '2016-02-29T18:00:00'],
    ['2016年3月1日 8：30', '2016-03-01T07:30:00'],
    ['２０１６－０３－０１　０８：３０', '2016-03-01T07:30:00'],
    ['20160301 8:30', '2016-03-01T07:30:00'],
    ['20160301 08:30:15', '2016-03-01T07:30:15'],
    ['201603010 8:30', '2 TIME_INVALID'],
  ])('%s in Madrid is %s', async (time, expected) => {
    expect(await at(time)).toEqual([expected]);
  });

  it('month first, and another zone, where the caller says so', async () => {
    expect(await at('03/25/2016 1:05 PM', { dates: 'month-first', zone: 'America/New_York' })).toEqual([
      '2016-03-25T17:05:00',
    ]);
    expect(await at('03/25/2016 13:05')).toEqual(['2 TIME_INVALID']);
  });

  it('shows what was not sure: dates that could be read the other way, dates alone, times shown twice', async () => {
    const { understood } = await read(
      'meter,time,value (m3)\nw1,01/03/2016 10:00,1\nw1,25/03/2016 10:00,2\nw1,26/03/2016,3\nw1,30/10/2016 02:10,4\n',
      { registry: madrid },
    );
    expect(understood).toMatchObject({
      ambiguousDates: 1,
      provenDates: 3,
      datesOnly: 1,
      repeatedTimes: 1,
      zoneFrom: 'site',
    });
  });

  it('a header that says UTC is believed', async () => {
    const readings = await read('meter,time (UTC),value (m3)\nw1,2025-03-01 08:00,1\n', { registry: madrid });
    expect(list(readings)).toEqual(['hand.w1/r @ 2025-03-01T08:00:00 = 1000']);
    expect(readings.understood).toMatchObject({ zone: 'UTC', zoneFrom: 'header' });
  });
});
