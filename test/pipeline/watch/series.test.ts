import { afterAll, describe, expect, it } from 'vitest';
import { openService } from '../../../pipeline/index.ts';
import type { Historian, SeriesQuery } from '../../../pipeline/historian/port.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { local, openSmallSite, SITE, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

const HOUR = 3_600_000;
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
});
