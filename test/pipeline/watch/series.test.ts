import { afterAll, describe, expect, it } from 'vitest';
import { DAY, dayStart, HOUR, localDay, MINUTE, parseTime, zoneOf } from '../../../pipeline/domain/index.ts';
import { openService } from '../../../pipeline/index.ts';
import type { Historian, SeriesQuery } from '../../../pipeline/historian/port.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { local, openSmallSite, SITE, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

const FROM = local('2026-03-05');

const query = (more: Partial<SeriesQuery> = {}): SeriesQuery => ({
  site: SITE,
  device: 'd-p',
  register: 'e',
  interval: { from: FROM, to: FROM + 6 * HOUR },
  windowMs: 2 * HOUR,
  ...more,
});

describe('a register by window', () => {
  it('comes from the first and last of each slot where there is no historian; no window is made up', async () => {
    const site = await openSmallSite(smallRegistry([{ point: 'p' }]), '2026-03-06');
    try {
      await site.feed('p', [
        [FROM, 100],
        [FROM + 0.5 * HOUR, 120],
        [FROM + 1.2 * HOUR, 150],
        [FROM + 5 * HOUR, 300],
        [FROM + 6 * HOUR, 320],
      ]);
      const answer = await site.service.series(query());
      expect(answer).toEqual({
        source: 'books',
        windowMs: 2 * HOUR,
        unit: 'Wh',
        windows: [
          { start: FROM, min: 100, max: 150, last: 150 },
          { start: FROM + 4 * HOUR, min: 300, max: 300, last: 300 },
        ],
      });
      expect((await site.service.series(query({ windowMs: 60_000 }))).windowMs).toBe(HOUR);
      await expect(site.service.series(query({ register: 'x' }))).rejects.toMatchObject({ code: 'REGISTER_UNKNOWN' });
    } finally {
      await site.close();
    }
  });

  it('comes from the historian where there is one', async () => {
    const site = await openSmallSite(smallRegistry([{ point: 'p' }]), '2026-03-06');
    const windows = [{ start: FROM, min: 1, max: 9, last: 4 }];
    const historian: Historian = { identity: 'h', write: async () => undefined, series: async () => windows };
    const service = openService({ books: site.books, historian, clock: systemClock, telemetry: silentTelemetry() });
    try {
      const answer = await service.series(query({ windowMs: 60_000 }));
      expect(answer).toEqual({ source: 'historian', windowMs: 60_000, unit: 'Wh', windows });
    } finally {
      await service.stop();
      await site.close();
    }
  });

  it('of a whole day is that of the site, and none begins before what was asked for', async () => {
    const site = await openSmallSite(smallRegistry([{ point: 'p' }]), '2026-03-08');
    try {
      await site.feed('p', [
        [FROM, 100],
        [FROM + 3 * HOUR, 120],
        [FROM + 23 * HOUR, 150],
        [FROM + 25 * HOUR, 300],
        [FROM + 47 * HOUR, 320],
      ]);
      const days = await site.service.series(query({ windowMs: DAY, interval: { from: FROM, to: FROM + 2 * DAY } }));
      expect(days).toMatchObject({
        windowMs: DAY,
        windows: [
          { start: FROM, min: 100, max: 150, last: 150 },
          { start: FROM + DAY, min: 300, max: 320, last: 320 },
        ],
      });
      const cut = { from: FROM + 3 * HOUR, to: FROM + 26 * HOUR };
      const starts = async (windowMs: number) =>
        (await site.service.series(query({ windowMs, interval: cut }))).windows.map(
          ({ start }) => (start - FROM) / HOUR,
        );
      expect(await starts(DAY)).toEqual([3, 24]);
      expect(await starts(2 * HOUR)).toEqual([3, 22, 24]);
    } finally {
      await site.close();
    }
  });

  it('is made of whole slots where a shorter one, or one that cuts slots, was asked for, and a day of whole windows', async () => {
    const site = await openSmallSite(smallRegistry([{ point: 'p' }]), '2026-03-06');
    try {
      const minutes = async (asked: number) =>
        (await site.service.series(query({ windowMs: asked * MINUTE }))).windowMs;
      expect(await Promise.all([1, 60, 90, 288].map(minutes))).toEqual([1, 1, 2, 6].map((hours) => hours * HOUR));
    } finally {
      await site.close();
    }
  });

  it.each([
    ['Asia/Shanghai', '2026-03-05', 6, [0, 6, 12, 18, 24, 30, 36, 42], 2 * HOUR],
    ['Asia/Shanghai', '2026-03-05', 12, [0, 12, 24, 36], 4 * HOUR],
    ['Asia/Shanghai', '2026-03-05', 24, [0, 24], 8 * HOUR],
    ['Asia/Shanghai', '2026-03-05', 1, Array.from({ length: 48 }, (_, hour) => hour), HOUR],
    // Saturday, then a Sunday of 23 hours
    ['Europe/London', '2026-03-28', 12, [0, 12, 24, 36], 12 * HOUR],
    ['Europe/London', '2026-03-28', 24, [0, 24], DAY],
    ['Europe/London', '2026-03-29', 12, [0, 12, 23, 35], HOUR],
    // a Sunday of 25 hours, then Monday
    ['Europe/London', '2026-10-25', 12, [0, 12, 24, 25, 37], HOUR],
    ['Europe/London', '2026-10-25', 24, [0, 25], HOUR],
    ['UTC', '2026-03-05', 6, [0, 6, 12, 18, 24, 30, 36, 42], 6 * HOUR],
  ])(
    'is counted from midnight of the site in %s, two days from %s by %i hours, in books and historian',
    async (zoneName, first, hours, starts, asked) => {
      const zone = zoneOf(zoneName);
      const from = parseTime(first, zone).from;
      const interval = { from, to: dayStart(localDay(from, zone) + 2, zone) };
      const plain = smallRegistry([{ point: 'p' }]);
      const site = await openSmallSite({ ...plain, site: { ...plain.site, zone: zoneName } }, '2026-12-01');
      const readings = Array.from(
        { length: (interval.to - from) / HOUR },
        (_, hour) => [from + hour * HOUR, hour] as const,
      );
      const { historian, parts } = alignedHistorian(readings);
      const service = openService({ books: site.books, historian, clock: systemClock, telemetry: silentTelemetry() });
      try {
        await site.feed('p', readings);
        const [books, curves] = await Promise.all(
          [site.service, service].map((one) => one.series(query({ interval, windowMs: hours * HOUR }))),
        );
        expect(books?.windows).toEqual(
          starts.map((start, i) => {
            const last = (starts[i + 1] ?? readings.length) - 1;
            return { start: from + start * HOUR, min: start, max: last, last };
          }),
        );
        expect(curves?.windows).toEqual(books?.windows);
        expect(parts).toEqual([asked]);
      } finally {
        await service.stop();
        await site.close();
      }
    },
  );
});

/** Windows aligned to the epoch and cut to the interval, as InfluxDB's, and how long those were that it was asked for. */
function alignedHistorian(readings: readonly (readonly [at: number, value: number])[]) {
  const parts: number[] = [];
  const historian: Historian = {
    identity: 'h',
    write: async () => undefined,
    series: async ({ interval: { from, to }, windowMs }) => {
      parts.push(windowMs);
      const within = readings.filter(([at]) => at >= from && at < to);
      const byWindow = Map.groupBy(within, ([at]) => Math.max(from, Math.floor(at / windowMs) * windowMs));
      return [...byWindow].map(([start, own]) => {
        const values = own.map(([, value]) => value);
        return { start, min: Math.min(...values), max: Math.max(...values), last: values.at(-1) ?? 0 };
      });
    },
  };
  return { historian, parts };
}
