import { sql } from 'kysely';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTemperatures } from '../../../collectors/import/index.ts';
import { DAY, formatDay, HOUR, type Registry, zoneOf } from '../../../pipeline/domain/index.ts';
import { dayMeans, keepGaugeDays } from '../../../pipeline/facts/temperature-gauge.ts';
import { readTemperatureDrafts } from '../../../pipeline/facts/temperature-draft.ts';
import {
  importTemperatureAnswerSchema,
  type ImportTemperatureOptions,
  keepHouse,
  temperatureAnswerSchema,
} from '../../../pipeline/index.ts';
import { encodeFrame } from '../../../pipeline/log/port.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { local, SITE, type SmallSite, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();
let open: SmallSite;

const HEAD = '时间 time,气温 temperature (°C)';
const table = (...rows: readonly string[]) => readTemperatures(Buffer.from([HEAD, ...rows].join('\n')), 'station.csv');
const STATION = { series: 'lanzhou', source: 'Lanzhou 52889, CMA', by: 'wang', commit: true };
const CLAIM = { commit: true, by: 'test', reason: 'test' };

async function site(registry: Registry = smallRegistry([{ point: 'p' }], { institutions: ['a'] })) {
  open = await openSite(registry, '2026-06-15');
  const { rules } = open.service;
  return {
    rules,
    books: open.books,
    take: async (rows: readonly string[], options: Partial<ImportTemperatureOptions> = {}) => {
      const answer = await rules.importTemperature(SITE, await table(...rows), { ...STATION, ...options });
      expect(importTemperatureAnswerSchema.parse(answer)).toEqual(answer);
      return answer;
    },
    days: async (period = '2026-03', series: string | undefined = 'lanzhou') => {
      const answer = await rules.temperature({ site: SITE, period, series });
      expect(temperatureAnswerSchema.parse(answer)).toEqual(answer);
      return answer;
    },
  };
}

const hoursOf = (day: string, values: readonly (number | undefined)[]): readonly string[] =>
  values.flatMap((value, hour) => (value === undefined ? [] : [`${day} ${String(hour).padStart(2, '0')}:00,${value}`]));
const hours = (count: number): readonly (number | undefined)[] =>
  Array.from({ length: 24 }, (_, hour) => (hour < count ? hour : undefined));

describe('an imported series of outdoor temperatures', () => {
  it('keeps daily means exactly, with who measured and the file', async () => {
    const { take, days } = await site();
    expect(await take(['2026-03-01,-3.5', '2026/3/2,0', '2026年3月3日,12.125'])).toMatchObject({
      step: 'day',
      rows: 3,
      added: 3,
      refused: [],
    });
    const march = await days();
    expect(march.days).toEqual([
      { day: '2026-03-01', celsius: -3.5, hours: null, of: null },
      { day: '2026-03-02', celsius: 0, hours: null, of: null },
      { day: '2026-03-03', celsius: 12.125, hours: null, of: null },
    ]);
    expect(march.coverage).toBeCloseTo(3 / 31, 10);
    expect(march.source).toMatchObject({
      kind: 'series',
      sources: ['Lanzhou 52889, CMA'],
      files: [{ name: 'station.csv' }],
    });
  });

  it('makes days of hours; one of under nine in ten of its hours is no day, and is named', async () => {
    const { take, days } = await site();
    const answer = await take([...hoursOf('2026-03-01', hours(22)), ...hoursOf('2026-03-02', hours(21))]);
    expect(answer).toMatchObject({ step: 'hour', added: 1, incomplete: [{ day: '2026-03-02', hours: 21, of: 24 }] });
    expect((await days()).days).toEqual([{ day: '2026-03-01', celsius: 10.5, hours: 22, of: 24 }]);
  });

  it('takes a day that was short of hours once they have come', async () => {
    const { take, days } = await site();
    await take(hoursOf('2026-03-02', hours(12)));
    expect((await days()).days).toEqual([]);
    expect(await take(hoursOf('2026-03-02', hours(24)))).toMatchObject({ added: 1, incomplete: [] });
    expect((await days()).days).toMatchObject([{ celsius: 11.5, hours: 24 }]);
  });

  it('imported twice changes nothing', async () => {
    const { take, days } = await site();
    await take(['2026-03-01,-3.5', '2026-03-02,1']);
    const before = await days();
    expect(await take(['2026-03-01,-3.50', '2026-03-02,1.000'])).toMatchObject({ added: 0, unchanged: 2, refused: [] });
    expect(await days()).toEqual(before);
  });

  it('is replaced only with a reason, and the old day is kept', async () => {
    const { take, days, books } = await site();
    await take(['2026-03-01,-3.5']);
    const other = ['2026-03-01,-4'];
    expect(await take(other)).toMatchObject({ added: 0, refused: [{ row: 2, code: 'DAY_STANDS', text: '-4' }] });
    await expect(take(other, { replace: true })).rejects.toMatchObject({ code: 'CLAIM_NEEDED' });
    expect(await take(other, { replace: true, reason: 'corrected by the station' })).toMatchObject({ replaced: 1 });
    expect((await days()).days).toMatchObject([{ celsius: -4 }]);
    expect(await books.db.selectFrom('temperature_replaced').selectAll().execute()).toMatchObject([
      { millidegrees: -3_500, replaced_by: 'wang', reason: 'corrected by the station' },
    ]);
  });

  it('names each row that cannot be taken, with place and cure, and takes every other one', async () => {
    const { take, days } = await site();
    const answer = await take([
      '2026-03-01,1',
      '2026-02-30,1',
      '2026-03-02,61',
      '2026-03-02,-60.001',
      '2026-03-03,warm',
      '2026-03-04,',
      '2026-03-05,5',
      '2026-03-05,6',
      ',7',
      '2026-06-15,8',
      '2026-03-06,60',
    ]);
    expect(answer.refused.map(({ row, column, code }) => `${row} ${column} ${code}`)).toEqual([
      '3 time TIME_INVALID',
      '4 temperature TEMPERATURE_OUT',
      '5 temperature TEMPERATURE_OUT',
      '6 temperature TEMPERATURE_INVALID',
      '7 temperature TEMPERATURE_MISSING',
      '8 time DAY_TWICE',
      '9 time DAY_TWICE',
      '10 time TIME_MISSING',
      '11 time TIME_FUTURE',
    ]);
    expect(answer.refused.every(({ reason, cure }) => reason.zh && reason.en && cure.zh && cure.en)).toBe(true);
    expect((await days()).days.map(({ day, celsius }) => [day, celsius])).toEqual([
      ['2026-03-01', 1],
      ['2026-03-06', 60],
    ]);
  });

  it('has an hour twice, a day among hours and a time between hours refused', async () => {
    const { take } = await site();
    const answer = await take(['2026-03-01 01:00,1', '2026-03-01 01:00,1', '2026-03-02,1', '2026-03-01 02:30,1']);
    expect(answer.refused.map(({ row, code }) => `${row} ${code}`)).toEqual([
      '2 HOUR_TWICE',
      '3 HOUR_TWICE',
      '4 TIME_INVALID',
      '5 TIME_INVALID',
    ]);
  });

  it.each([
    ['2026-03-01,50,°F', 'UNIT_UNKNOWN'],
    ['2026-03-01,5,', 'UNIT_MISSING'],
    ['2026-03-01,280,K', 'TEMPERATURE_OUT'],
  ])('takes no unit but °C: %s', async (row, code) => {
    const { rules } = await site();
    const read = await readTemperatures(Buffer.from(`time,temperature,unit\n${row}`), 'x.csv');
    expect(await rules.importTemperature(SITE, read, STATION)).toMatchObject({ added: 0, refused: [{ row: 2, code }] });
  });

  it('is only looked at without commit, and refused without name or source', async () => {
    const { take, days } = await site();
    expect(await take(['2026-03-01,1'], { commit: false })).toMatchObject({ added: 1, committed: false });
    expect((await days()).days).toEqual([]);
    await expect(take(['2026-03-01,1'], { source: ' ' })).rejects.toMatchObject({ code: 'CLAIM_NEEDED' });
    await expect(take(['2026-03-01,1'], { series: 'gauge:x/y' })).rejects.toMatchObject({
      code: 'SERIES_NAME_INVALID',
    });
  });

  it('that nobody named is asked for', async () => {
    const { days } = await site();
    const answer = await days('2026-03', '');
    expect(answer.source).toMatchObject({ kind: 'series', name: '' });
    const unnamed = await open.service.rules.temperature({ site: SITE, period: '2026-03' });
    expect(unnamed).toMatchObject({ source: null, days: [], missing: [{ what: 'temperature' }] });
  });

  it('has days of 23 and 25 hours where clocks are changed', () => {
    const berlin = zoneOf('Europe/Berlin');
    const drafts = Array.from({ length: 49 }, (_, i) => ({
      row: i + 1,
      cells: {
        time: new Date(Date.UTC(2026, 9, 24, 22) + i * HOUR).toISOString().slice(0, 19) + 'Z',
        temperature: '5',
        unit: '°C',
      },
    }));
    const read = readTemperatureDrafts(drafts, berlin, Date.UTC(2027, 0, 1));
    expect(read.days.map(({ day, hours: count, of }) => [formatDay(day), count, of])).toEqual([
      ['2026-10-25', 25, 25],
      ['2026-10-26', 24, 24],
    ]);
  });
});

describe('a gauge of the site as outdoor temperature', () => {
  const withGauge = (): Registry => {
    const registry = smallRegistry([{ point: 'p' }], { institutions: ['a'] });
    const [meter, ...others] = registry.devices;
    if (!meter) throw new Error('no device');
    const gauge = { name: 't', kind: 'gauge' as const, unit: 'm°C', scale: { num: 1, den: 1 } };
    return { ...registry, devices: [{ ...meter, registers: [...meter.registers, gauge] }, ...others] };
  };
  const FACTS = { site: SITE, institutions: [], points: [], tariffs: [], targets: [] };
  const GAUGE = { kind: 'gauge', device: 'd-p', register: 't' } as const;

  async function gauged(readings: readonly (readonly [string, number])[]) {
    const made = await site(withGauge());
    const producer = await open.log.producer();
    await producer?.append(
      readings.map(([at, value], seq) => ({
        device: 'd-p',
        value: encodeFrame({
          v: 1,
          src: '00000002',
          site: SITE,
          device: 'd-p',
          seq,
          at: local(at),
          r: [['t', value, 'g']],
        }),
      })),
    );
    await open.consume();
    return made;
  }
  const perHour = (
    day: string,
    count: number,
    value: (hour: number) => number,
  ): readonly (readonly [string, number])[] =>
    Array.from({ length: count }, (_, hour) => [`${day}T${String(hour).padStart(2, '0')}:10`, value(hour)] as const);

  it('has daily means of its hours, and a day of under nine in ten of them is none', async () => {
    const { rules, days } = await gauged([
      ...perHour('2026-06-01', 24, (hour) => hour * 1_000),
      ...perHour('2026-06-02', 21, () => 20_000),
    ]);
    await rules.applyFacts({ ...FACTS, temperature: GAUGE }, CLAIM);
    const answer = await rules.temperature({ site: SITE, period: '2026-06' });
    expect(answer.days).toEqual([{ day: '2026-06-01', celsius: 11.5, hours: 24, of: 24 }]);
    expect(answer.source).toMatchObject({ kind: 'gauge', name: 'gauge:d-p/t' });
    expect((await days('2026-06')).days).toEqual([]);
  });

  const fail = (site: string, error: unknown): void => {
    throw new Error(site, { cause: error });
  };

  it('keeps its days after the gauges of the books have gone', async () => {
    const { rules, books } = await gauged(perHour('2026-06-01', 24, () => 21_250));
    await rules.applyFacts({ ...FACTS, temperature: GAUGE }, CLAIM);
    expect(await keepGaugeDays(books.db, local('2026-06-15'), fail)).toBe(1);
    expect(await keepGaugeDays(books.db, local('2026-06-15'), fail)).toBe(0);
    await sql`delete from gauge`.execute(books.db);
    const answer = await rules.temperature({ site: SITE, period: '2026-06' });
    expect(answer.days).toEqual([{ day: '2026-06-01', celsius: 21.25, hours: 24, of: 24 }]);
  });

  it('damaged, or of a site that cannot be read, holds up neither its other days nor the housekeeping', async () => {
    const { rules, books } = await gauged([
      ...perHour('2026-06-01', 24, () => 21_250),
      ...perHour('2026-06-04', 24, () => 23_000),
    ]);
    await rules.applyFacts({ ...FACTS, temperature: GAUGE }, CLAIM);
    await sql`update gauge set payload = substr(payload, 1, length(payload) - 3) where day = (select max(day) from gauge)`.execute(
      books.db,
    );
    await sql`insert into site (id, name_zh, name_en, zone, slot_minutes) values ('odd', 'odd', 'odd', 'nowhere', 60)`.execute(
      books.db,
    );
    await sql`insert into facts_version select 'odd', version, at, by_name, reason, hash, content from facts_version`.execute(
      books.db,
    );
    const telemetry = silentTelemetry();
    const ending = new AbortController();
    const clock = {
      now: () => local('2026-06-15'),
      sleep: async (ms: number) => {
        if (ms > HOUR) ending.abort();
      },
    };
    await keepHouse({ books, keepMs: Infinity, clock, telemetry }, ending.signal);
    const counts = await telemetry.counts();
    expect(counts).toMatchObject({ civicmeter_house_kept_total: 1, civicmeter_temperatures_not_kept_total: 2 });
    const { rows } = await sql<{ day: number }>`select day from temperature_day`.execute(books.db);
    expect(rows.map(({ day }) => formatDay(day))).toEqual(['2026-06-01']);
  });

  it('is refused where it is no gauge of temperature', async () => {
    const { rules } = await site(withGauge());
    const wrong = { ...FACTS, temperature: { ...GAUGE, register: 'e' } };
    await expect(rules.applyFacts(wrong, CLAIM)).rejects.toMatchObject({ code: 'FACTS_UNKNOWN' });
  });

  it('is the same whatever the order of its slots', () => {
    const zone = zoneOf('Asia/Shanghai');
    const slot = fc
      .tuple(fc.nat(71), fc.integer({ min: -30_000, max: 30_000 }), fc.nat(5_000))
      .map(([i, min, width]) => ({ start: 20_000 * DAY + i * HOUR, min, max: min + width, lastAt: 0, last: min }));
    const unique = fc.uniqueArray(slot, { selector: ({ start }) => start, minLength: 40, maxLength: 72 });
    fc.assert(
      fc.property(unique, (slots) => {
        const means = dayMeans(slots, zone);
        expect(dayMeans(slots.toReversed(), zone).toSorted((a, b) => a.day - b.day)).toEqual(
          means.toSorted((a, b) => a.day - b.day),
        );
        for (const { day, millidegrees, hours: count = 0, of = 0 } of means) {
          expect(count).toBeGreaterThanOrEqual(0.9 * of);
          const own = slots.filter(({ start }) => Math.floor((start + 8 * HOUR) / DAY) === day);
          expect(millidegrees).toBeGreaterThanOrEqual(Math.min(...own.map(({ min }) => min)));
          expect(millidegrees).toBeLessThanOrEqual(Math.max(...own.map(({ max }) => max)));
        }
      }),
    );
  });
});
