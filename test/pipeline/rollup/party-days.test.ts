import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Registry } from '../../../pipeline/domain/index.ts';
import { settle } from '../../../pipeline/rollup/settle.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { hourly, openSmallSite, SITE, smallRegistry, type SmallSite } from '../../support/small-site.ts';

afterAll(stopPostgres);

const registry = smallRegistry([{ point: 'p' }, { point: 'q' }, { point: 'r' }]);
/** Each meter ran on a day of its own. */
const DAY_OF = { p: '2026-03-02', q: '2026-03-03', r: '2026-03-04' } as const;
/** Each mark in a transaction of its own. */
const ONE_BY_ONE = { registerDays: 1, devices: 1 };
const MARCH = ['2026-03-01', '2026-04-01', 'month'] as const;

const subs = (...points: readonly string[]): Registry => ({
  ...registry,
  points: registry.points.map((p) => (points.includes(p.id) ? { ...p, role: 'sub', parent: 'p' } : p)),
});

describe('days of a party', () => {
  let site: SmallSite;
  beforeEach(async () => {
    site = await openSmallSite(registry, '2026-03-20');
    onTestFinished(site.close);
    for (const [point, day] of Object.entries(DAY_OF)) await site.feed(point, hourly(`${day}T05:00`, [0, 10, 30, 60]));
  });

  const apply = (next: Registry) =>
    site.service.applyRegistry(next, { take: 'all', commit: true, by: 'wang', reason: 'other roles' });
  const open = async (): Promise<number> =>
    (await site.books.pool.query('select from party_day where plain is null')).rows.length;
  const unclaimed = async (): Promise<number> => (await site.usage({ kind: 'unallocated' }, ...MARCH)).total.amount;
  const settledAnew = async (): Promise<string> => {
    const whole = await openSmallSite(subs('q', 'r'), '2026-03-20');
    onTestFinished(whole.close);
    for (const [point, day] of Object.entries(DAY_OF)) await whole.feed(point, hourly(`${day}T05:00`, [0, 10, 30, 60]));
    return whole.dump();
  };

  it('are what they would be from the start, however a change of roles is cut into transactions', async () => {
    expect(await unclaimed()).toBe(180);
    await apply(subs('q', 'r'));
    let steps = 0;
    await settle({ books: site.books, limits: ONE_BY_ONE, progress: () => (steps += 1) });
    expect(steps).toBeGreaterThan(1);
    expect(await open()).toBe(0);
    expect(await unclaimed()).toBe(60);
    expect(await site.dump()).toBe(await settledAnew());
    expect(await site.service.reconcile(SITE)).toMatchObject({ differences: 0 });
  });

  it('are right before they are added up, and are added up by whoever comes after a settler that was told to end', async () => {
    await apply(subs('q', 'r'));
    const ending = new AbortController();
    await settle({ books: site.books, limits: ONE_BY_ONE, signal: ending.signal, progress: () => ending.abort() });
    expect(await open()).toBeGreaterThan(0);
    // what is left to settle is still as it was
    expect(await unclaimed()).toBe(120);
    await settle({ books: site.books, limits: ONE_BY_ONE });
    expect(await open()).toBe(0);
    expect(await site.dump()).toBe(await settledAnew());
  });

  it('are added up by a settler whose last marks another has taken', async () => {
    await apply(subs('q', 'r'));
    const taken: Promise<unknown>[] = [];
    const progress = (done: number): void => {
      if (done === 1) taken.push(site.books.pool.query('delete from dirty'));
    };
    await settle({ books: site.books, limits: ONE_BY_ONE, progress });
    await Promise.all(taken);
    expect(taken).toHaveLength(1);
    expect(await open()).toBe(0);
  });
});
