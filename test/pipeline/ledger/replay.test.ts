import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Registry } from '../../../pipeline/domain/index.ts';
import { openService } from '../../../pipeline/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { hourly, openSmallSite, type SmallSite, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

const both = smallRegistry([{ point: 'p' }, { point: 'q' }]);
const apply = { take: 'all', commit: true, by: 'wang', reason: 'forgotten' } as const;
const readings = hourly(
  '2026-03-02',
  Array.from({ length: 72 }, (_, i) => i * 10),
);

async function opened(registry: Registry): Promise<SmallSite> {
  const site = await openSmallSite(registry, '2026-03-20');
  onTestFinished(site.close);
  return site;
}

const lines = async (site: SmallSite): Promise<readonly string[]> =>
  (await site.dump()).split('\n').filter((line) => !line.startsWith('count|'));

describe('readings out of quarantine', () => {
  it('come into the books whole or not at all, also where one that races with the worker is cut short', async () => {
    const known = await opened(both);
    await known.feed('q', readings);

    const site = await opened(smallRegistry([{ point: 'p' }]));
    const { books } = site;
    await site.feed('q', readings);
    await site.service.applyRegistry(both, apply);
    // while it is on its way somebody writes its last day, and then the books end its transaction
    const last = await known.books.db
      .selectFrom('bracket')
      .select(['day', 'part', 'version', 'payload'])
      .orderBy('day', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    const ensurePartitions = async (days: Iterable<number>): Promise<void> => {
      await books.ensurePartitions(days);
      const { key } = await books.db
        .selectFrom('device')
        .select('key')
        .where('id', '=', 'd-q')
        .executeTakeFirstOrThrow();
      await books.db
        .insertInto('bracket')
        .values({ ...last, device_key: key })
        .execute();
      await books.pool.query(`
        create function cut() returns trigger language plpgsql as $$ begin raise exception 'cut short'; end $$;
        create trigger cut before update on quarantine for each row execute function cut()`);
    };
    const raced = openService({
      books: { ...books, ensurePartitions },
      clock: systemClock,
      telemetry: site.telemetry,
    });
    onTestFinished(raced.stop);
    await expect(raced.replayQuarantine({})).rejects.toThrow('cut short');
    await books.pool.query('drop function cut cascade');

    await site.service.settle();
    expect(await site.service.replayQuarantine({})).toEqual({ admitted: 72, refused: 0 });
    await site.service.settle();
    expect(await lines(site)).toEqual(await lines(known));
    expect((await site.usage({ kind: 'point', id: 'q' }, '2026-03-02', '2026-03-05', 'day')).total.amount).toBe(710);
  });
});
