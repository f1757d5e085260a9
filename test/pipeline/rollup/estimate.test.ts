import { describe, expect, it } from 'vitest';
import type { Registry } from '../../../pipeline/domain/index.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { hourly, local, SITE, type SmallSite, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();

const claim = { by: 'chen', reason: 'test' };
/** A reading every hour from Monday, 2 March, to an hour of a later day, 10 an hour. */
const until = (last: string) => {
  const hours = (local(last) - local('2026-03-02')) / 3_600_000;
  return hourly(
    '2026-03-02',
    Array.from({ length: hours + 1 }, (_, i) => i * 10),
  );
};
const register = { kind: 'register', device: 'd-p', register: 'e' } as const;
const point = (id: string) => ({ kind: 'point', id }) as const;

const estimates = async (site: SmallSite, subject: Parameters<SmallSite['usage']>[0], from: string, to: string) =>
  (await site.usage(subject, from, to, 'day')).rows.map((row) => row.estimated);

describe('an estimate', () => {
  it('follows the same weekdays that were measured from midnight to midnight, not one on which the meter fell silent', async () => {
    const site = await openSite(smallRegistry([{ point: 'p' }]), '2026-04-20');
    await site.feed('p', until('2026-03-23T06:00'));
    expect(await estimates(site, point('p'), '2026-03-23', '2026-04-02')).toEqual([
      null,
      ...Array.from({ length: 9 }, () => 240),
    ]);
    expect(await estimates(site, register, '2026-03-30', '2026-03-31')).toEqual([240]);
  });

  it('does not follow a day on which the meter began', async () => {
    const site = await openSite(smallRegistry([{ point: 'p' }]), '2026-04-20');
    const readings = until('2026-03-09').filter(([at]) => Number(at) >= local('2026-03-02T18:00'));
    await site.feed('p', readings);
    expect(await estimates(site, point('p'), '2026-03-09', '2026-03-11')).toEqual([null, 240]);
  });

  it('of a register ends with the meter that was replaced, whose use is that of the next from then on', async () => {
    const site = await openSite(smallRegistry([{ point: 'p' }]), '2026-04-20');
    const at = local('2026-03-25');
    await site.service.recordEvent(
      SITE,
      { kind: 'replacement', point: 'p', at, serial: 's2', final: 5_520, initial: 5_520 },
      claim,
    );
    await site.feed('p', until('2026-03-30'));
    expect(await estimates(site, register, '2026-03-25', '2026-04-01')).toEqual([
      null,
      null,
      null,
      null,
      null,
      240,
      240,
    ]);
  });

  it('of a point ends with the day on which it was given up', async () => {
    const registry = smallRegistry([{ point: 'p' }, { point: 'q' }], {
      formulas: [
        {
          id: 'f',
          name: { zh: 'f', en: 'f' },
          carrier: 'electricity',
          role: 'formula',
          terms: [{ point: 'q', sign: -1 }],
          allocations: [],
        },
      ],
    });
    const site = await openSite(registry, '2026-04-02');
    await site.append('q', until('2026-03-23'));
    await site.feed('p', until('2026-03-30'));
    const before = await estimates(site, point('q'), '2026-03-23', '2026-04-04');
    expect(before).toEqual([...Array.from({ length: 10 }, () => 240), null, null]);
    const removed = {
      ...registry,
      mountings: registry.mountings.map((m) =>
        m.point === 'q' ? { ...m, removedAt: local('2026-03-26'), final: 5_520 } : m,
      ),
    };
    await apply(site, removed);
    await apply(site, without(removed, 'q'));
    expect(await estimates(site, point('q'), '2026-03-23', '2026-03-30')).toEqual(
      Array.from({ length: 7 }, () => null),
    );
    expect((await site.usage({ kind: 'site' }, '2026-03-23', '2026-03-30', 'day')).total.estimated).toBe(null);
    expect((await site.usage(point('f'), '2026-03-26', '2026-03-30', 'day')).total.estimated).toBe(null);
  });
});

async function apply(site: SmallSite, registry: Registry): Promise<void> {
  await site.service.applyRegistry(registry, { take: 'all', commit: true, ...claim });
  await site.service.settle();
}

const without = ({ points, mountings, devices, ...rest }: Registry, id: string): Registry => ({
  ...rest,
  points: points.filter((p) => p.id !== id && p.role !== 'formula'),
  mountings: mountings.filter((m) => m.point !== id),
  devices: devices.filter((d) => d.id !== `d-${id}`),
});
