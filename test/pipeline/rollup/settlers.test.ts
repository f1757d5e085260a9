import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { unfoldMarks } from '../../../pipeline/books/dirty.ts';
import { loadSiteOf } from '../../../pipeline/ledger/directory.ts';
import { settle } from '../../../pipeline/rollup/settle.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { consume } from '../../support/run-books.ts';
import { hourly, local, openSmallSite, smallRegistry, type SmallSite } from '../../support/small-site.ts';

afterAll(stopPostgres);

const registry = smallRegistry([{ point: 'p' }]);
/** Hours of 30 days; the reading of 5 March, 12:00, comes late. */
const whole = hourly(
  '2026-03-01',
  Array.from({ length: 720 }, (_, i) => i * 10),
);
const late = [local('2026-03-05T12:00'), 960] as const;
const outage = ([at]: readonly [string | number, number]): boolean =>
  Number(at) > local('2026-03-05') && Number(at) < local('2026-03-06');

async function opened(): Promise<SmallSite> {
  const site = await openSmallSite(registry, '2026-04-02');
  onTestFinished(site.close);
  return site;
}

const waiting = async ({ books }: SmallSite): Promise<number> =>
  (await books.db.selectFrom('dirty').selectAll().execute()).length;

describe('two that settle the same books', () => {
  it('settle a mark once, and never take one that came meanwhile for the one they have read', async () => {
    const early = whole.filter((reading) => !outage(reading));
    const inOrder = await opened();
    await inOrder.feed('p', early);
    await inOrder.feed('p', [late]);
    const wanted = await inOrder.dump();

    const site = await opened();
    const { books } = site;
    await site.feed('p', early.slice(0, -1));
    await site.append('p', early.slice(-1));
    await consume(books, site.log);
    // it has read what waits; before it has its turn another settles that, and a late reading marks the register again
    const byTheOther: number[] = [];
    const siteOf = async (id: string) => {
      byTheOther.push(await settle({ books }));
      await site.append('p', [late]);
      await consume(books, site.log);
      await unfoldMarks(books.db);
      return loadSiteOf(books.db, id);
    };
    await settle({ books, siteOf });
    expect(byTheOther).toEqual([1]);
    await settle({ books });
    expect(await waiting(site)).toBe(0);
    expect(await site.dump()).toBe(wanted);
  });

  it('leave alone what another has settled meanwhile', async () => {
    const site = await opened();
    const { books } = site;
    await site.append('p', whole);
    await consume(books, site.log);
    const wrote = async (): Promise<unknown> =>
      (await books.pool.query('select xmin from evidence union all select xmin from usage_day')).rows;
    let before: unknown;
    const siteOf = async (id: string) => {
      await settle({ books });
      before = await wrote();
      return loadSiteOf(books.db, id);
    };
    await settle({ books, siteOf });
    expect(before).toHaveLength(31);
    expect(await wrote()).toEqual(before);
    expect((await site.usage({ kind: 'point', id: 'p' }, '2026-03-01', '2026-03-30', 'month')).total.amount).toBe(
      10 * 24 * 29,
    );
  });
});
