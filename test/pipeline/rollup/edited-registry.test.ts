import type { Kysely } from 'kysely';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../../pipeline/books/migrate.ts';
import { dayOfCivil, type Mounting, type Point, type Registry } from '../../../pipeline/domain/index.ts';
import { differencesFromScratch, NONE } from '../../support/from-scratch.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { local, type Reading, SITE, type SmallSite, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();

const claim = { by: 'wang', reason: 'as it is on site' };
const byHeads = { basis: 'headcount', among: ['court', 'school'] } as const;
const registry = smallRegistry(
  [{ point: 'p', allocation: byHeads }, { point: 's', role: 'sub', parent: 'p', item: 'power' }, { point: 'x' }],
  { institutions: ['court', 'school'] },
);
const NOT_YET_X: Registry = { ...registry, mountings: registry.mountings.filter((m) => m.point !== 'x') };

/** Every quarter of an hour from the 1st of March at 5:10 on, for two days. */
const readings: readonly Reading[] = Array.from({ length: 192 }, (_, i) => [
  local('2026-03-01T05:10') + i * 900_000,
  i * 50,
]);

const apply = (site: SmallSite, target: Registry) =>
  site.service.applyRegistry(target, { take: 'all', commit: true, ...claim });

const withMeter = (r: Registry, id: string, change: Partial<Mounting>): Registry => ({
  ...r,
  mountings: r.mountings.map((m) => (m.id === id ? { ...m, ...change } : m)),
});

async function read(of: Registry, points: readonly string[]): Promise<SmallSite> {
  const site = await openSite(of, '2026-03-20');
  for (const point of points) await site.append(point, readings);
  await site.consume();
  return site;
}

describe('figures after a change of the registry are those of books that knew it from the start', () => {
  it('a formula that is added sums its points since ever', async () => {
    const site = await read(registry, ['p', 's']);
    const rest: Point = {
      id: 'rest',
      name: { zh: '其余', en: 'rest' },
      carrier: 'electricity',
      role: 'formula',
      terms: [
        { point: 'p', sign: 1 },
        { point: 's', sign: -1 },
      ],
      allocations: [],
    };
    const { taken } = await apply(site, { ...registry, points: [...registry.points, rest] });
    expect(taken).toMatchObject([{ what: 'point', id: 'rest', recomputes: { points: ['rest'] } }]);
    expect(await differencesFromScratch(site)).toEqual(NONE);
  });

  it('a sub-meter that gets rules of its own, or loses them, no longer takes those of its parent, or does again', async () => {
    const site = await read(registry, ['p', 's']);
    const from = dayOfCivil(2026, 3, 3);
    const own: Registry = {
      ...registry,
      points: registry.points.map((p) =>
        p.id === 's' ? { ...p, allocations: [{ from, value: { basis: 'area', among: ['court'] } }] } : p,
      ),
    };
    const { left } = await site.service.applyRegistry(own, { take: 'additions', commit: true });
    expect(left).toMatchObject([{ what: 'allocation', id: 's', recomputes: { from: '1970-01-01', points: ['s'] } }]);
    await apply(site, own);
    expect(await differencesFromScratch(site)).toEqual(NONE);
    await apply(site, registry);
    expect(await differencesFromScratch(site)).toEqual(NONE);
  });

  it('a meter that was taken for another register is parted from what that one had read before it was mounted', async () => {
    const wrong = withMeter(NOT_YET_X, 'p/s1', { device: 'd-x', mountedAt: local('2026-03-01T10:20') });
    const site = await read(wrong, ['p', 'x']);
    await apply(site, withMeter(wrong, 'p/s1', { device: 'd-p' }));
    expect(await differencesFromScratch(site)).toEqual(NONE);
  });

  it('so is one that a replacement had put there, following the meter before it', async () => {
    const wrong = withMeter(NOT_YET_X, 'p/s1', { device: 'd-x' });
    const site = await read(wrong, ['p', 'x']);
    const at = local('2026-03-01T10:20');
    await site.service.recordEvent(SITE, { kind: 'replacement', point: 'p', at, serial: 's2' }, claim);
    await site.service.settle();
    await apply(site, withMeter(wrong, 'p/s1', { device: 'd-p' }));
    expect(await differencesFromScratch(site)).toEqual(NONE);
  });

  it('a meter that stands at a point of another name since ever has its past there, and counts once', async () => {
    const site = await read(registry, ['p']);
    const renamed = (id: string): string => (id === 'p' ? 'q' : id);
    const target: Registry = {
      ...registry,
      points: registry.points.map((p) => ({
        ...p,
        id: renamed(p.id),
        ...(p.parent ? { parent: renamed(p.parent) } : {}),
      })),
      mountings: registry.mountings.map((m) => ({ ...m, point: renamed(m.point), id: `${renamed(m.point)}/s1` })),
    };
    const house = async (): Promise<number> =>
      (await site.usage({ kind: 'site' }, '2026-03-01', '2026-03-04', 'day')).total.amount;
    const before = await house();
    await apply(site, target);
    expect(await differencesFromScratch(site)).toEqual(NONE);
    expect(before).toBe(191 * 50);
    expect(await house()).toBe(before);
  });

  it('a meter that moves to another point on a day ends there where it begins here', async () => {
    const site = await read(NOT_YET_X, ['p']);
    const moved = withMeter(NOT_YET_X, 'p/s1', { id: 'x/s1', point: 'x', mountedAt: local('2026-03-02T10:20') });
    await apply(site, moved);
    expect(await differencesFromScratch(site)).toEqual(NONE);
    const { total } = await site.usage({ kind: 'site' }, '2026-03-01', '2026-03-04', 'day');
    expect(total.amount).toBe(190 * 50);
  });

  it('a replacement that the site file comes to tell as well is told by the site file', async () => {
    const site = await read(registry, ['p']);
    const at = local('2026-03-01T10:20');
    const event = { kind: 'replacement', point: 'p', at, serial: 's2', final: 1_030, initial: 1_030 } as const;
    await site.service.recordEvent(SITE, event, claim);
    await site.service.settle();
    const days = async () => (await site.usage({ kind: 'point', id: 'p' }, '2026-03-01', '2026-03-04', 'day')).rows;
    const before = await days();
    const told = withMeter(registry, 'p/s1', { removedAt: at, final: 1_030 });
    const s2 = {
      ...told.mountings[0],
      id: 'p/s2',
      serial: 's2',
      mountedAt: at,
      removedAt: undefined,
      final: undefined,
    };
    const later = (mountedAt: number): Registry => ({
      ...withMeter(told, 'p/s1', { removedAt: mountedAt }),
      mountings: [
        ...told.mountings.map((m) => (m.id === 'p/s1' ? { ...m, removedAt: mountedAt } : m)),
        { ...s2, initial: 1_030, mountedAt } as Mounting,
      ],
    });
    await apply(site, later(at));
    expect(await differencesFromScratch(site)).toEqual(NONE);
    expect(await days()).toEqual(before);
    await apply(site, later(at + 3_600_000));
    expect(await differencesFromScratch(site)).toEqual(NONE);
  });

  it('what is found on a meter names the register that it is read from', async () => {
    const wrong = withMeter(NOT_YET_X, 'p/s1', { device: 'd-x' });
    const site = await openSite(wrong, '2026-03-20');
    const halting = readings.filter((_, i) => i < 40 || i > 60);
    await site.append('p', halting);
    await site.feed('x', halting);
    const found = async () => (await site.service.findings({ site: SITE, limit: 10 })).items;
    expect(await found()).toMatchObject([{ kind: 'gap', device: 'd-x' }]);
    await apply(site, withMeter(wrong, 'p/s1', { device: 'd-p' }));
    await site.service.settle();
    expect(await found()).toMatchObject([{ kind: 'gap', device: 'd-p' }]);
  });

  it('a meter that the site file tells from its first to its last reading has used what lies between', async () => {
    const [from, until] = [local('2026-02-26'), local('2026-02-28')];
    const s0 = { ...registry.mountings[0], id: 'p/s0', serial: 's0', mountedAt: from, initial: 100, removedAt: until };
    const told = withMeter(registry, 'p/s1', { mountedAt: until });
    const site = await read({ ...told, mountings: [...told.mountings, { ...s0, final: 400 } as Mounting] }, ['p']);
    expect(await differencesFromScratch(site)).toEqual(NONE);
    const { rows } = await site.usage({ kind: 'point', id: 'p' }, '2026-02-26', '2026-02-28', 'day');
    expect(rows.map((r) => r.amount)).toEqual([150, 150]);
  });

  it('an upgrade makes good what changes of before had left out', async () => {
    const [from, until] = [local('2026-02-26'), local('2026-02-28')];
    const faces = { serial: 's0', mountedAt: from, initial: 100, removedAt: until, final: 400 };
    const told = withMeter(registry, 'p/s1', { mountedAt: until });
    const rest: Point = {
      id: 'rest',
      name: { zh: '其余', en: 'rest' },
      carrier: 'electricity',
      role: 'formula',
      terms: [{ point: 'p', sign: 1 }],
      allocations: [],
    };
    const site = await read(
      {
        ...told,
        mountings: [...told.mountings, { ...told.mountings[0], id: 'p/s0', ...faces } as Mounting],
        points: [
          ...told.points.map((p) =>
            p.id === 's' ? { ...p, allocations: [{ from: dayOfCivil(2026, 3, 3), value: byHeads }] } : p,
          ),
          rest,
        ],
      },
      ['p', 's'],
    );
    const { books } = site;
    await books.pool.query(`delete from mounting_day where mounting = 'p/s0'`);
    await books.pool.query(`delete from evidence where mounting = 'p/s0'`);
    await books.pool.query(`delete from usage_day where point = 'rest' or day < ${dayOfCivil(2026, 2, 28)}`);
    await books.pool.query(`update allocation_day set amount = amount - 1 where point = 's'`);
    await books.pool.query(`delete from civicmeter_migration where name >= '0013'`);
    expect(await differencesFromScratch(site)).not.toEqual(NONE);
    await migrate(books.db as Kysely<unknown>, 'here');
    expect(await differencesFromScratch(site)).toEqual(NONE);
  });
});
