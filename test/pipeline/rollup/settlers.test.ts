import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { markDirty, unfoldMarks } from '../../../pipeline/books/dirty.ts';
import { loadSiteOf } from '../../../pipeline/ledger/directory.ts';
import { encodeFrame } from '../../../pipeline/log/port.ts';
import { settle, SETTLE_LOCK } from '../../../pipeline/rollup/settle.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { consume } from '../../support/run-books.ts';
import { hourly, local, openSmallSite, SITE, smallRegistry, type SmallSite } from '../../support/small-site.ts';

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

  it('are at different sites at once, and come back to the one that was taken', async () => {
    const site = await opened();
    const { pool, db } = site.books;
    const { site: names } = registry;
    const other = { ...registry, site: { ...names, id: 'other' } };
    await site.service.applyRegistry(other, { take: 'all', commit: true, by: 'wang', reason: 'another' });
    await site.service.settle();
    const mark = { device: 'd-p', register: 'e', from: local('2026-03-01'), rejoin: false };
    await markDirty(db, [
      { ...mark, site: SITE },
      { ...mark, site: 'other' },
    ]);
    const atWork = await pool.connect();
    await atWork.query('begin');
    await atWork.query('select pg_advisory_xact_lock($1::int4, hashtext($2))', [SETTLE_LOCK, SITE]);
    const order: string[] = [];
    const settling = settle({ books: site.books, progress: (_done, _of, id) => order.push(id) });
    await vi.waitUntil(() => order.length > 0);
    expect(order).toEqual(['other']);
    await atWork.query('commit');
    atWork.release();
    expect(await settling).toBe(2);
    expect(order).toEqual(['other', SITE]);
    expect(await waiting(site)).toBe(0);
  });
});

describe('a site that cannot be computed', () => {
  it('is told with its name, keeps its marks, and keeps no other site waiting', async () => {
    // without a rating a reading of garbage is believed until the next one comes: times its ratio it is beyond 2^53
    const site = await openSmallSite(
      smallRegistry([{ point: 'p', mounting: { multiplier: { num: 10_000, den: 1 } } }]),
      '2026-04-02',
    );
    onTestFinished(site.close);
    const { books, service } = site;
    const other = smallRegistry([{ point: 'q' }]);
    const claim = { take: 'all', commit: true, by: 'test', reason: 'test' } as const;
    await service.applyRegistry({ ...other, site: { ...other.site, id: 'later' } }, claim);
    await site.append('p', [
      ['2026-03-02T08:00', 0],
      ['2026-03-02T09:00', Number.MAX_SAFE_INTEGER],
    ]);
    const producer = await site.log.producer();
    await producer.append(
      [0, 1].map((seq) => {
        const at = local('2026-03-02T08:00') + seq * 3_600_000;
        const place = { v: 1, src: '00000002', site: 'later', device: 'd-q' } as const;
        return { device: 'd-q', value: encodeFrame({ ...place, seq, at, r: [['e', seq * 7]] }) };
      }),
    );
    await consume(books, site.log);

    await expect(service.settle()).rejects.toMatchObject({ code: 'SITE_NOT_COMPUTED', place: SITE, retryable: true });
    expect(await waiting(site)).toBe(1);
    const days = books.db.selectFrom('usage_day').select(['site', 'amount']);
    expect(await days.execute()).toEqual([{ site: 'later', amount: 7 }]);

    await site.feed('p', [['2026-03-02T10:00', 3]]);
    expect(await waiting(site)).toBe(0);
    expect(await days.orderBy('site').execute()).toEqual([
      { site: SITE, amount: 30_000 },
      { site: 'later', amount: 7 },
    ]);
  });
});
