import { describe, expect, it } from 'vitest';
import { DAY, formatDay, type TemperatureDraft } from '../../../pipeline/domain/index.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { local, ONE, type Reading, SITE, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();

const first = Date.UTC(2025, 0, 1) / DAY;
const days = Array.from({ length: 365 }, (_, i) => first + i);
const cold = (day: number): number => Math.max(0, 18 - (12 - 14 * Math.cos(((day - first) * 2 * Math.PI) / 365)));
/** Heat of each day, none in the warm half of the year. */
const use = (day: number): number => Math.round(cold(day)) * 1_000_000;

const readings: readonly Reading[] = days.reduce<Reading[]>(
  (list, day) => [...list, [local(formatDay(day + 1)), (list.at(-1)?.[1] ?? 0) + use(day)]],
  [[local('2025-01-01'), 0]],
);

describe('daily use of an institution', () => {
  it('is 0 on a day on which its meters say so, as that of the site: a heat meter has a summer', async () => {
    const allocation = { basis: 'fixed', shares: [{ institution: 'a', share: ONE }] } as const;
    const open = await openSite(
      smallRegistry([{ point: 'h', carrier: 'heat', allocation }], { institutions: ['a'] }),
      '2026-02-01',
    );
    const { rules } = open.service;
    await open.feed('h', readings);
    const drafts = days.map((day, i): TemperatureDraft => ({
      row: i + 2,
      cells: { time: formatDay(day), temperature: (18 - cold(day)).toFixed(2), unit: '°C' },
    }));
    const claim = { series: 'station', source: 'station', by: 'wang', commit: true };
    await rules.importTemperature(SITE, { name: 't.csv', sha256: '0'.repeat(64), drafts }, claim);
    const ask = { site: SITE, carrier: 'heat', period: '2025', series: 'station' } as const;
    const [whole, own] = [await rules.baseline(ask), await rules.baseline({ ...ask, institution: 'a' })];
    expect(whole.gates.find(({ what }) => what === 'use')?.value).toBe(1);
    expect(own.gates).toEqual(whole.gates);
    expect(own.model).toEqual(whole.model);
    expect(own.missing).toEqual([]);
  });

  it('is not known on the days of a period in which one of its meters is silent: that would look like a saving', async () => {
    const ours = (point: string) => ({
      point,
      allocation: { basis: 'fixed', shares: [{ institution: 'a', share: ONE }] } as const,
    });
    const open = await openSite(
      smallRegistry([ours('p'), ours('q'), ours('later')], { institutions: ['a'] }),
      '2026-03-01',
    );
    const nights = (from: string, count: number): readonly Reading[] =>
      Array.from({ length: count + 1 }, (_, i) => [local(from) + i * DAY, 1_000 * i]);
    await open.feed('p', nights('2025-01-01', 420));
    await open.feed('q', nights('2025-01-01', 300));
    await open.feed('later', nights('2026-02-01', 20));
    const known = async (institution: string | undefined, period: string) => {
      const { gates, sources } = await open.service.rules.baseline({
        site: SITE,
        carrier: 'electricity',
        institution,
        period,
      });
      return [gates.find(({ what }) => what === 'use')?.value, sources.points];
    };
    for (const institution of ['a', undefined]) {
      expect(await known(institution, '2025-06')).toEqual([1, ['p', 'q']]);
      expect(await known(institution, '2026-01')).toEqual([0, ['p', 'q']]);
    }
  });

  it('is not known on the days on which a sub-meter that divides its house is silent', async () => {
    const by = [
      { institution: 'a', point: 'of-a' },
      { institution: 'b', point: 'of-b' },
    ];
    const open = await openSite(
      smallRegistry(
        [
          { point: 'p', allocation: { basis: 'fixed', shares: [{ institution: 'a', share: ONE }] } },
          { point: 'house', allocation: { basis: 'sub-meter', by } },
          { point: 'of-a', role: 'sub', parent: 'house' },
          { point: 'of-b', role: 'sub', parent: 'house' },
        ],
        { institutions: ['a', 'b'] },
      ),
      '2026-03-01',
    );
    const nights = (count: number): readonly Reading[] =>
      Array.from({ length: count + 1 }, (_, i) => [local('2025-06-01') + i * DAY, 1_000 * i]);
    for (const point of ['p', 'house', 'of-a']) await open.feed(point, nights(60));
    await open.feed('of-b', nights(15));
    const ask = { site: SITE, carrier: 'electricity', institution: 'a', period: '2025-06' } as const;
    const { gates } = await open.service.rules.baseline(ask);
    expect(gates.find(({ what }) => what === 'use')?.value).toBe(0.5);
  });
});
