import { afterAll, describe, expect, it } from 'vitest';
import { DAY, dayStart, HOUR, localDay, registerKey, zoneOf } from '../../../pipeline/domain/index.ts';
import { openService, type Service, type UsageAnswer } from '../../../pipeline/index.ts';
import { loadSiteOf } from '../../../pipeline/ledger/directory.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { dayUsages } from '../../../pipeline/rollup/days.ts';
import { type JudgedWindow, judgeWindow } from '../../../pipeline/rollup/window.ts';
import { randomOf } from '../../oracle/world/random.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { freshBooks, silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { consume, plant } from '../../support/run-books.ts';
import { type Reading, local, openSmallSite, smallRegistry } from '../../support/small-site.ts';
import { denseWorld } from './dense.ts';

afterAll(stopPostgres);

const point = (id: string) => ({ kind: 'point', id }) as const;

/** Amount and split of each day, from rows of any length, by the day's text. */
function byDay({ rows }: UsageAnswer): ReadonlyMap<string, readonly number[]> {
  const days = new Map<string, readonly number[]>();
  for (const { from, amount, split } of rows) {
    const day = from.slice(0, 10);
    const [a, m, i, d] = days.get(day) ?? [0, 0, 0, 0];
    const sums = [
      (a ?? 0) + amount,
      (m ?? 0) + split.measured,
      (i ?? 0) + split.interpolated,
      (d ?? 0) + split.disputed,
    ];
    days.set(day, sums);
  }
  return days;
}

/** The same days from hours and from days. */
async function bothWays(service: Service, site: string, id: string, from: number, to: number) {
  const ask = (by: 'hour' | 'day') => service.usage({ site, subject: point(id), interval: { from, to }, by });
  const [hours, days] = [await ask('hour'), await ask('day')];
  return { hours: byDay(hours), days: byDay(days) };
}

describe('hours of a period in the middle of a long register', () => {
  it.each([1, 2, 3])('add up to its days, quality by quality (%i)', { timeout: 60_000 }, async (seed) => {
    const random = randomOf(seed);
    const world = denseWorld(random, 'dense');
    const { books, close } = await freshBooks();
    try {
      await plant(books, world.registry, []);
      const records = world.records.map(({ appendedAt, value }) => ({
        device: 'dense',
        appendedAt,
        value: Buffer.from(value),
      }));
      const log = memoryLog(records);
      await consume(books, log);
      const service = openService({ books, log, clock: systemClock, telemetry: silentTelemetry() });
      await service.settle();
      const zone = zoneOf(world.registry.site.zone);
      const first = localDay(records[0]?.appendedAt ?? 0, zone);
      for (let k = 0; k < 25; k++) {
        const day = first + random.int(-1, 62);
        const to = day + random.pick([1, 1, 2, 5]);
        const { hours, days } = await bothWays(service, 'dense', 'p-0', dayStart(day, zone), dayStart(to, zone));
        expect(hours, `${day} to ${to}`).toEqual(days);
      }
      await service.stop();
    } finally {
      await close();
    }
  });

  it('hold also where the meter falls silent in the period and speaks again long after it', async () => {
    const site = await openSmallSite(smallRegistry([{ point: 'p' }]), '2026-03-20');
    try {
      const start = local('2026-01-01');
      const silent = [local('2026-02-10T13:20'), local('2026-02-24T07:00')] as const;
      const readings: Reading[] = [];
      for (let at = start; at < start + 70 * DAY; at += 900_000)
        if (at < silent[0] || at >= silent[1]) readings.push([at, (at - start) / 900_000]);
      await site.feed('p', readings);
      for (const [from, to] of [
        ['2026-02-09', '2026-02-11'],
        ['2026-02-10', '2026-02-13'],
        ['2026-02-15', '2026-02-17'],
        ['2026-02-23', '2026-02-26'],
      ] as const) {
        const { hours, days } = await bothWays(site.service, 'demo', 'p', local(from), local(to));
        expect(hours).toEqual(days);
        const { total } = await site.usage(point('p'), from, to, 'hour');
        expect(total.amount).toBe(((local(to) - local(from)) / DAY) * 96);
      }
    } finally {
      await site.close();
    }
  });
});

describe('a window whose first readings are disturbed', () => {
  it.each([
    ['an outlier', 3, [5]],
    ['two outliers, some hours apart', 3, [5, 14]],
    ['outliers every twelve hours, which leave too few readings between them,', 40, [2, 14, 26, 38, 50, 62]],
  ])('by %s begins after them or in a longer one, and not with the meter', async (_name, days, hours) => {
    const site = await openSmallSite(smallRegistry([{ point: 'p', mounting: { maxRate: 100 } }]), '2026-05-20');
    try {
      const start = local('2026-01-01');
      const from = local('2026-05-01T10:00');
      const spikes = hours.map((hour) => from - 3 * DAY + hour * HOUR);
      await site.feed(
        'p',
        Array.from({ length: 130 * 96 }, (_none, i): Reading => {
          const at = start + i * 900_000;
          return [at, spikes.includes(at) ? 77_777 : i];
        }),
      );
      await site.service.settle();
      const directory = await loadSiteOf(site.books.db, 'demo');
      const register = directory.registers.get(registerKey('d-p', 'e'));
      const [mounting] = register?.mountings ?? [];
      if (!register || !mounting) throw new Error('the meter is not mounted');
      const window = await judgeWindow(site.books.db, directory, register, mounting, from);
      expect(window.firstAt).toBeGreaterThanOrEqual(from - (days + 1) * DAY);
      const whole = await judgeWindow(site.books.db, directory, register, mounting, -Infinity);
      const daysOf = ({ judged }: JudgedWindow) => [
        ...dayUsages(judged, window.completeFrom, directory.slotMs, zoneOf(directory.registry.site.zone)),
      ];
      expect(window.completeFrom).toBeLessThanOrEqual(localDay(from, zoneOf(directory.registry.site.zone)));
      expect(daysOf(window)).toEqual(daysOf(whole));
      expect(whole.judged.findings.filter((f) => f.kind === 'outlier')).toHaveLength(spikes.length);
    } finally {
      await site.close();
    }
  });
});

describe('a window that would begin within an exclusion', () => {
  it('begins elsewhere: the readings after the exclusion are not believed unjudged', async () => {
    const site = await openSmallSite(smallRegistry([{ point: 'p', mounting: { maxRate: 100 } }]), '2026-03-20');
    try {
      const start = local('2026-01-01');
      const [from, to] = [local('2026-02-01'), local('2026-02-06')];
      const spike = to + 3_600_000;
      const late = to + DAY + 4 * 900_000;
      const all: readonly Reading[] = Array.from({ length: 60 * 96 }, (_, i) => {
        const at = start + i * 900_000;
        return [at, at === spike ? 77_777 : i] as const;
      });
      await site.feed(
        'p',
        all.filter(([at]) => at !== late),
      );
      const span = { kind: 'exclude', device: 'd-p', register: 'e', from, to } as const;
      const event = await site.service.recordEvent('demo', span, { by: 'wang', reason: 'works' });
      await site.service.confirmEvent(event.id, 'li');
      await site.service.settle();
      const days = () => site.usage(point('p'), '2026-01-01', '2026-03-01', 'day');
      const before = await days();
      await site.feed('p', [[late, (late - start) / 900_000]]);
      const after = await days();
      expect(after.rows.map((r) => r.amount)).toEqual(before.rows.map((r) => r.amount));
      expect(new Set(after.rows.map((r) => r.amount))).toEqual(new Set([96]));
      const { items } = await site.service.findings({ site: 'demo', kind: 'outlier', limit: 9 });
      expect(items.map((f) => f.fromValue)).toEqual([77_777]);
    } finally {
      await site.close();
    }
  });
});
