import { beforeAll, describe, expect, it } from 'vitest';
import { formatDay, localDay, zoneOf } from '#domain';
import { parseColumnMap, readReadings, readReadingsFile, type Readings } from '../../../collectors/import/index.ts';
import {
  DAIAD_HOURLY,
  DAIAD_QUARTERLY,
  daiadHourlyCsv,
  daiadHourlyRegistry,
  daiadNote,
  daiadPresent,
  daiadQuarterlyReference,
  daiadQuarterlyRegistry,
  daiadReference,
} from '../../support/daiad.ts';

describe.skipIf(!daiadPresent)(`16 real water registers${daiadNote}`, () => {
  let readings: Readings;
  const registry = () => daiadHourlyRegistry();
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  beforeAll(async () => {
    readings = await readReadings(bytes(daiadHourlyCsv()), 'trial.csv', { registry: registry() });
  });

  it('reads the packed file as it is', async () => {
    const { understood, refused } = await readReadingsFile(DAIAD_HOURLY, { registry: registry() });
    expect(refused).toEqual([]);
    expect(understood).toMatchObject({ rows: 135_557, readings: 135_546, duplicates: 11, encoding: 'utf-8' });
  });

  it('takes every row: none refused, equal ones counted', () => {
    const total = Object.values(daiadReference()).reduce((sum, { rows }) => sum + rows, 0);
    expect(readings.refused).toEqual([]);
    expect(readings.understood).toMatchObject({ rows: total, form: 'long', zone: 'Europe/Madrid', dates: 'day-first' });
    expect(readings.understood.readings + readings.understood.duplicates).toBe(total);
    expect(readings.understood.provenDates).toBeGreaterThan(0);
  });

  it('shows what the reference has at the ends: last − first for 16 of 16', () => {
    const reference = daiadReference();
    const byDevice = Map.groupBy(readings.frames, ({ device }) => device);
    const advance = (serial: string): number => {
      const frames = byDevice.get(`hand.w-${serial}`) ?? [];
      return Number(frames.at(-1)?.r[0]?.[1]) - Number(frames[0]?.r[0]?.[1]);
    };
    expect(Object.keys(reference).map((serial) => [serial, advance(serial)])).toEqual(
      Object.entries(reference).map(([serial, { last_minus_first_l }]) => [serial, last_minus_first_l]),
    );
  });

  it('gives the same frames with the columns named by hand and the rows turned round', async () => {
    const [header = '', ...rows] = daiadHourlyCsv().split('\n');
    const turned = bytes([header, ...rows.reverse()].join('\n'));
    const columns = parseColumnMap(['meter=meter', 'time=ts_local', 'value=register_l']);
    const again = await readReadings(turned, 'turned.csv', { registry: registry(), columns, unit: 'L' });
    expect(again.frames).toEqual(readings.frames);
  });
});

describe.skipIf(!daiadPresent)(`15 registers read each quarter${daiadNote}`, () => {
  it('counts the duplicates, keeps each day, and shows the 30 drops of the reference', async () => {
    const reference = daiadQuarterlyReference();
    const { understood, refused, frames } = await readReadingsFile(DAIAD_QUARTERLY, {
      registry: daiadQuarterlyRegistry(),
    });
    expect(refused).toEqual([]);
    expect(understood).toMatchObject({
      rows: reference.rows,
      readings: reference.distinct_rows,
      duplicates: reference.exact_duplicate_rows,
      datesOnly: reference.rows,
    });
    const madrid = zoneOf('Europe/Madrid');
    const drops = [...Map.groupBy(frames, ({ device }) => device)].flatMap(([device, own]) =>
      own.slice(1).flatMap((frame, i) => {
        const [before, after] = [own[i]?.r[0]?.[1] ?? 0, frame.r[0]?.[1] ?? 0];
        return after < before ? [`${device} ${formatDay(localDay(frame.at, madrid))} ${before} ${after}`] : [];
      }),
    );
    const expected = reference.register_drops_after_removing_duplicates.map(
      ({ meter, date, prev, register }) => `hand.w-${meter} ${date} ${prev * 1000} ${register * 1000}`,
    );
    expect(drops.sort()).toEqual(expected.sort());
  });
});
