import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadModels, resolveRegister } from '../../../collectors/devices/index.ts';
import { parseColumnMap } from '../../../collectors/import/index.ts';
import { checkSite } from '../../../collectors/site/index.ts';
import { gbk, list, madrid, read, refusals } from '../../support/readings.ts';

describe('long form', () => {
  const expected = ['hand.w1/r @ 2025-03-01T00:00:00 = 1234500', 'hand.p1/r @ 2025-03-01T00:30:00 = 7'];

  it.each([
    [
      'English names, comma',
      'meter,time,value,unit\n0042,2025-03-01 08:00,1234.5,m3\np1,2025-03-01 08:30:00,0.007,kWh\n',
    ],
    [
      'BOM, semicolon, Windows ends',
      '\ufeffpoint;timestamp;reading;unit\r\nw1;2025-03-01T08:00;1234.5;m3\r\np1;2025-03-01T08:30;7;Wh\r\n',
    ],
    [
      'tabs, Chinese names, a title above',
      '2025年3月抄表\n表号\t抄表时间\t读数\t单位\n0042\t2025年3月1日 8时\t1234.5\t吨\np1\t2025年3月1日 8时30分\t7\tWh\n',
    ],
    [
      'quotes and groups of digits',
      '"meter","time","value","unit"\n"0042","2025/3/1 8:00","1,234.5","m3"\n"20231107","2025-03-01T00:30:00Z","7","Wh"\n',
    ],
    [
      'date and time of day apart',
      '表号,抄表日期,时间,读数,单位\nw1,2025-3-1,8:00,1234.5,m3\np1,2025-3-1,08:30,7,Wh\n',
    ],
    [
      'device and register apart',
      'device,register,time,value,unit\nhand.w1,r,20250301080000,1234.5,m3\nhand.p1,r,20250301083000,7,Wh\n',
    ],
    [
      'full-width digits and marks, units as they are printed on bills',
      '表号,抄表时间,读数,单位\n0042,2025年3月1日 8：00,"１，２３４．５",㎥\np1,2025－03－01　08：30,０．００７,kW·h\n',
    ],
    [
      'device/register',
      'register,time,value,unit\nhand.w1/r,2025-03-01 08:00+08:00,1234500,L\nhand.p1/r,2025-03-01 00:30Z,0.000007,MWh\n',
    ],
  ])('%s', async (_, text) => {
    const readings = await read(text);
    expect(list(readings)).toEqual(expected);
    expect(readings.refused).toEqual([]);
  });

  it.each([
    ['the head with a Windows end, the rest without', '\r\n', '\n', '\n'],
    ['the last with a Windows end', '\n', '\n', '\r\n'],
    ['old Macintosh ends', '\r', '\r', '\r'],
  ])('takes every line whatever ends it: %s', async (_, head, first, second) => {
    const readings = await read(`meter,time,value (m3)${head}w1,2025-03-01,1${first}w1,2025-03-02,2${second}`);
    expect(list(readings)).toEqual([
      'hand.w1/r @ 2025-02-28T16:00:00 = 1000',
      'hand.w1/r @ 2025-03-01T16:00:00 = 2000',
    ]);
    expect(readings.refused).toEqual([]);
  });

  it('reads GBK, as Chinese Excel writes CSV, and gzip', async () => {
    const bytes = gbk('表号,抄表时间,读数（m³）\n0042,2025-03-01 08:00,1234.5\n'.replace('m³', '立方米'));
    for (const content of [bytes, gzipSync(bytes)]) {
      const readings = await read(content);
      expect(list(readings)).toEqual(expected.slice(0, 1));
      expect(readings.understood).toMatchObject({ encoding: 'gb18030', form: 'long', delimiter: ',' });
    }
  });

  it.each(['读数（㎥）', '读数（立方）', '本期读数（单位：m³）'])(
    'finds the unit in the name of a column: %s',
    async (value) => {
      expect(list(await read(`表号,抄表时间,${value}\nw1,2025-03-01,5\n`))).toEqual([
        'hand.w1/r @ 2025-02-28T16:00:00 = 5000',
      ]);
    },
  );

  it('takes the columns that the caller names', async () => {
    const columns = parseColumnMap(['meter=Zähler', 'time=2', 'value=Stand']);
    const readings = await read('Zähler,wann,Stand,Bemerkung\nw1,01/03/2025 08:00,5,ok\n', { columns, unit: 'm3' });
    expect(list(readings)).toEqual(['hand.w1/r @ 2025-03-01T00:00:00 = 5000']);
    expect(readings.understood.columns.map(({ role }) => role)).toEqual(['register', 'time', 'value', 'ignored']);
  });

  it('needs no column for the meter where the caller says which it is', async () => {
    expect(list(await read('time,value (m3)\n2025-03-01,5\n', { register: 'w1' }))).toEqual([
      'hand.w1/r @ 2025-02-28T16:00:00 = 5000',
    ]);
  });

  it('a point means the meter that stood there at the time', async () => {
    const readings = await read('meter,time,value (m3)\nw2,2025-01-31,9\nOLD,2025-01-31,9\nNEW,2025-02-02,1\n');
    expect(readings.understood).toMatchObject({ readings: 2, duplicates: 1 });
  });

  it('a point whose meters have registers of their own means the one that stood there at the time, and none in between', async () => {
    const text = `site: { id: s, name: S }
connections: [{ id: line, kind: modbus-tcp, host: h }]
devices:
  - { id: d1, connection: line, model: acrel-adl3000-dtsd1352, unit: 1 }
  - { id: d2, connection: line, model: acrel-adl3000-dtsd1352, unit: 2 }
points:
  - id: p
    name: P
    carrier: electricity
    role: main
    meters:
      - { serial: A, device: d1, register: e1, removed: { at: 2025-02-01 } }
      - { serial: B, device: d2, register: e1, mounted: { at: 2025-02-03 } }`;
    const checked = checkSite(text, { file: 'site.yaml', models: loadModels(), resolveRegister });
    if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
    const readings = await read(
      'point,time,value (kWh)\np,2025-01-31,1\np,2025-02-01,2\np,2025-02-03,3\nd1/e1,2025-02-03,4\nd2/p1,2025-02-03,5\n',
      { registry: checked.registry },
    );
    expect(list(readings).map((line) => line.replace(/T16:00:00/, ''))).toEqual([
      'd1/e1 @ 2025-01-30 = 1000',
      'd1/e1 @ 2025-02-02 = 4000',
      'd2/e1 @ 2025-02-02 = 3000',
    ]);
    expect(refusals(readings)).toEqual(['3 NO_METER_THEN', '6 NOT_A_COUNTER']);
  });

  it('refuses each bad row with its number and its reason, and takes the others', async () => {
    const readings = await read(
      [
        'meter,time,value,unit',
        'w1,2025-03-01,1,m3',
        'w9,2025-03-01,1,m3',
        ',2025-03-01,1,m3',
        'w1,,1,m3',
        'w1,yesterday,1,m3',
        'w1,2025-02-30,1,m3',
        'w1,2025-03-01,,m3',
        'w1,2025-03-01,abc,m3',
        'w1,2025-03-01,1.0005,m3',
        'w1,2025-03-01,1,kWh',
        'w1,2025-03-01,1,',
        'w1,2025-03-01,=1+1,m3',
        '"=HYPERLINK(""x"")",2025-03-01,1,m3',
        '',
        '合计,,12,',
        'w1,2025-03-02 24:00,2.0,m3',
      ].join('\n'),
    );
    expect(refusals(readings)).toEqual([
      '3 REGISTER_UNKNOWN',
      '4 REGISTER_MISSING',
      '5 TIME_MISSING',
      '6 TIME_INVALID',
      '7 TIME_INVALID',
      '8 VALUE_MISSING',
      '9 VALUE_INVALID',
      '10 VALUE_FINER',
      '11 UNIT_UNKNOWN',
      '12 UNIT_MISSING',
      '13 FORMULA',
      '14 FORMULA',
      '16 TIME_MISSING',
    ]);
    expect(list(readings)).toEqual([
      'hand.w1/r @ 2025-02-28T16:00:00 = 1000',
      'hand.w1/r @ 2025-03-02T16:00:00 = 2000',
    ]);
    expect(readings.refused[0]?.reason.en).toMatch(/there is no "w9". Did you mean "w1"/);
  });

  it('rounds what is finer than the register only when told', async () => {
    const text = 'meter,time,value (m3)\nw1,2025-03-01,1.0005\n';
    expect(refusals(await read(text))).toEqual(['2 VALUE_FINER']);
    expect(list(await read(text, { round: true }))).toEqual(['hand.w1/r @ 2025-02-28T16:00:00 = 1001']);
  });

  it('a comma in a file with semicolons is not guessed: 12,345 may be twelve', async () => {
    const text = 'meter;time;value (m3)\nw1;2025-03-01;12,345\n';
    expect(refusals(await read(text))).toEqual(['2 NUMBER_AMBIGUOUS']);
    expect(list(await read(text, { decimal: ',' }))).toEqual(['hand.w1/r @ 2025-02-28T16:00:00 = 12345']);
    expect(list(await read(text, { decimal: '.' }))).toEqual(['hand.w1/r @ 2025-02-28T16:00:00 = 12345000']);
  });

  it.each(['"1234,567"', '"0,123"', '"1,23"', '"12,3456"', '"1,234,56"'])(
    'a comma that stands between no groups of thousands is not left out: %s may have decimals',
    async (value) => {
      const text = `meter,time,value (m3)\nw1,2025-03-01,${value}\n`;
      expect(refusals(await read(text))).toEqual(['2 NUMBER_AMBIGUOUS']);
      expect(refusals(await read(text, { decimal: '.' }))).toEqual(['2 VALUE_INVALID']);
    },
  );

  it('a point that stands between no groups of thousands is no number where a comma marks decimals', async () => {
    const text = (value: string) => `meter;time;value (m3)\nw1;2025-03-01;${value}\n`;
    expect(refusals(await read(text('1234.567'), { decimal: ',' }))).toEqual(['2 VALUE_INVALID']);
    expect(refusals(await read(text('1.5'), { decimal: ',' }))).toEqual(['2 VALUE_INVALID']);
    expect(list(await read(text('1.234,5'), { decimal: ',' }))).toEqual(['hand.w1/r @ 2025-02-28T16:00:00 = 1234500']);
  });

  it('two values of one register at one time are two frames, equal ones count once', async () => {
    const readings = await read('meter,time,value (m3)\nw1,2025-03-01,1\nw1,2025-03-01,2\nw1,2025-03-01,1.0\n');
    expect(readings.frames.map(({ r }) => r)).toEqual([[['r', 1000]], [['r', 2000]]]);
    expect(readings.understood).toMatchObject({ rows: 3, readings: 2, duplicates: 1 });
  });
});

describe('wide form', () => {
  it('a row is a time, a column a register with its unit; a blank is no reading', async () => {
    const readings = await read('time,w1 (m3),p1 (kWh),note\n2025-03-01 08:00,1.5,10,x\n2025-03-01 09:00,,11,\n');
    expect(list(readings)).toEqual([
      'hand.p1/r @ 2025-03-01T00:00:00 = 10000',
      'hand.w1/r @ 2025-03-01T00:00:00 = 1500',
      'hand.p1/r @ 2025-03-01T01:00:00 = 11000',
    ]);
    expect(readings.understood).toMatchObject({ form: 'wide', rows: 2, readings: 3, blanks: 1 });
  });

  it('says a column of numbers that means no register once, and each bad cell with row and column', async () => {
    const readings = await read('time,w1 (m3),w7 (m3)\n2025-03-01,1,2\n2025-03-02,x,3\n');
    expect(refusals(readings)).toEqual(['1:3 REGISTER_UNKNOWN', '3:2 VALUE_INVALID']);
  });
});

describe('laws', () => {
  const row = fc.record({
    meter: fc.constantFrom('w1', '0042', 'p1', 'w2', 'nobody', ''),
    minute: fc.integer({ min: 0, max: 600_000 }),
    value: fc.constantFrom('1', '2', '2.0', '1e3', 'x', '', '0.0004'),
    unit: fc.constantFrom('m3', 'kWh', ''),
  });
  const csv = (rows: readonly { meter: string; minute: number; value: string; unit: string }[]): string =>
    [
      'meter,time,value,unit',
      ...rows.map((r) => {
        const local = new Date(Date.UTC(2016, 0, 1) + r.minute * 60_000).toISOString().slice(0, 16).replace('T', ' ');
        return `${r.meter},${local},${r.value},${r.unit}`;
      }),
    ].join('\n');

  it('every row is a reading, a duplicate or refused, and their order changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), fc.integer(), async (rows, seed) => {
        const twice = [...rows, ...rows.slice(0, 3)];
        const readings = await read(csv(twice), { registry: madrid });
        const { understood, refused } = readings;
        expect(understood.readings + understood.duplicates + refused.length).toBe(twice.length);
        const shuffled = [...twice]
          .sort((a, b) => ((a.minute * 31 + seed) % 97) - ((b.minute * 31 + seed) % 97))
          .reverse();
        const again = await read(csv(shuffled), { registry: madrid });
        expect(again.frames).toEqual(readings.frames);
        expect(again.refused.map(({ code }) => code).sort()).toEqual(refused.map(({ code }) => code).sort());
      }),
      { numRuns: 60 },
    );
  });
});
