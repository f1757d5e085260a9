import { afterAll, describe, expect, it } from 'vitest';
import { DAY, dayStart, HOUR, localDay, parseTime, zoneOf } from '../../../pipeline/domain/index.ts';
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

  it('of a whole day is put together from what the historian has of it, also where the clocks are changed', async () => {
    const plain = smallRegistry([{ point: 'p' }]);
    const asked: number[] = [];
    // a historian whose register shows the hours since the epoch, by windows aligned to it
    const historian: Historian = {
      identity: 'h',
      write: async () => undefined,
      series: async ({ interval: { from, to }, windowMs }) => {
        asked.push(windowMs);
        const windows = [];
        for (let start = from; start < to; start = Math.floor(start / windowMs + 1) * windowMs) {
          const end = Math.min(to, Math.floor(start / windowMs + 1) * windowMs);
          windows.push({ start, min: start / HOUR, max: end / HOUR - 1, last: end / HOUR - 1 });
        }
        return windows;
      },
    };
    const daysOf = async (zone: string, from: string, count: number) => {
      const site = await openSmallSite({ ...plain, site: { ...plain.site, zone } }, '2026-06-01');
      const service = openService({ books: site.books, historian, clock: systemClock, telemetry: silentTelemetry() });
      try {
        const first = localDay(parseTime(from, zoneOf(zone)).from, zoneOf(zone));
        const bounds = Array.from({ length: count + 1 }, (_, i) => dayStart(first + i, zoneOf(zone)));
        const interval = { from: bounds[0] ?? 0, to: bounds.at(-1) ?? 0 };
        const { windows } = await service.series(query({ windowMs: DAY, interval }));
        expect(windows).toEqual(
          bounds.slice(0, -1).map((start, i) => {
            const last = (bounds[i + 1] ?? 0) / HOUR - 1;
            return { start, min: start / HOUR, max: last, last };
          }),
        );
      } finally {
        await service.stop();
        await site.close();
      }
    };
    await daysOf('Asia/Shanghai', '2026-03-05', 3);
    await daysOf('Europe/London', '2026-03-28', 3);
    await daysOf('UTC', '2026-03-05', 2);
    expect(asked).toEqual([8 * HOUR, HOUR, DAY]);
  });
});
