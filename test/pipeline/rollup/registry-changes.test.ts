import type { Kysely } from 'kysely';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { markDirty } from '../../../pipeline/books/dirty.ts';
import { migrate } from '../../../pipeline/books/migrate.ts';
import type { MeterEvent } from '../../../pipeline/domain/index.ts';
import { type DirectorySite, loadSiteOf } from '../../../pipeline/ledger/directory.ts';
import { settle } from '../../../pipeline/rollup/settle.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { hourly, local, openSmallSite, SITE, smallRegistry, type SmallSite } from '../../support/small-site.ts';

afterAll(stopPostgres);

const STARTED = local('2026-03-02T05:00');

/** A meter that runs up to 10:00 and its successor, which nobody has told of yet. */
async function replacedMeter(): Promise<SmallSite> {
  const site = await openSmallSite(smallRegistry([{ point: 'p', mounting: { maxRate: 200 } }]), '2026-03-20');
  onTestFinished(site.close);
  await site.feed('p', hourly('2026-03-02T05:00', [100, 150, 200, 250, 300, 350, 3, 53, 103, 153]));
  return site;
}

const replace = (site: SmallSite, serial: string, supersedes?: number): Promise<MeterEvent> =>
  site.service.recordEvent(
    SITE,
    { kind: 'replacement', point: 'p', at: local('2026-03-02T10:30'), serial, final: 370, initial: 0 },
    { by: 'wang', reason: 'broken', ...(supersedes === undefined ? {} : { supersedes }) },
  );

const days = async ({ books }: SmallSite): Promise<readonly unknown[]> =>
  (await books.pool.query('select mounting, day, amount from mounting_day order by mounting, day')).rows;

describe('totals while the registry changes', () => {
  let site: SmallSite;
  beforeEach(async () => {
    site = await replacedMeter();
  });

  it('are never made by a settler that still knows the meters as they were', async () => {
    const before = await loadSiteOf(site.books.db, SITE);
    await replace(site, 's2');
    await site.service.settle();
    const [dump, stored] = [await site.dump(), await days(site)];
    expect(stored).toHaveLength(2);
    // it has read the registry and waits for its turn while another settles what the event has marked
    await markDirty(site.books.db, [{ site: SITE, device: 'd-p', register: 'e', from: STARTED, rejoin: false }]);
    const known: DirectorySite[] = [before];
    const siteOf = async (id: string): Promise<DirectorySite> => known.shift() ?? loadSiteOf(site.books.db, id);
    expect(await settle({ books: site.books, siteOf })).toBe(1);
    expect(known).toEqual([]);
    expect(await days(site)).toEqual(stored);
    expect(await site.dump()).toBe(dump);
  });

  it('are forgotten with the meter that an event made and another takes back', async () => {
    const event = await replace(site, 's2');
    await site.service.settle();
    expect(await site.dump()).toContain('|p/s2|');
    await replace(site, 's3', event.id);
    await site.service.settle();
    expect(await site.dump()).not.toContain('|p/s2|');
    expect(await days(site)).toMatchObject([{ mounting: 'p/s1' }, { mounting: 'p/s3', amount: 153 }]);
  });

  it('follow one of two corrections of an event that are recorded at once; the other is refused', async () => {
    const event = await replace(site, 's2');
    const { pool } = site.books;
    const other = await pool.connect();
    await other.query('begin; lock table meter_event in share row exclusive mode');
    const recording = Promise.allSettled([replace(site, 's3', event.id), replace(site, 's4', event.id)]);
    const waiting =
      'select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())';
    await vi.waitUntil(async () => (await pool.query(waiting)).rowCount === 2);
    await other.query('commit');
    other.release();
    const both = await recording;
    const [refused, ...others] = both.filter((each) => each.status === 'rejected');
    expect(others).toEqual([]);
    expect(refused?.reason).toMatchObject({ code: 'EVENT_UNKNOWN' });
    const { registers, events } = await loadSiteOf(site.books.db, SITE);
    expect(events.filter(({ state }) => state === 'active')).toHaveLength(1);
    expect([...registers.values()].flatMap(({ mountings }) => mountings)).toHaveLength(2);
  });

  it('are not changed by a proposal that is no longer possible when the second person confirms it', async () => {
    const span = { kind: 'exclude', device: 'd-p', register: 'e' } as const;
    const proposed = await site.service.recordEvent(
      SITE,
      { ...span, from: STARTED, to: local('2026-03-02T06:00') },
      { by: 'wang', reason: 'test run' },
    );
    expect(proposed.state).toBe('proposed');
    await site.books.pool.query(`update meter_event set body = jsonb_set(body, '{register}', '"gone"')`);
    const before = await site.dump();
    await expect(site.service.confirmEvent(proposed.id, 'chen')).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    expect(await site.dump()).toBe(before);
  });

  it('are made good by the upgrade where a settler of before had dropped them', async () => {
    await replace(site, 's2');
    await site.service.settle();
    const dump = await site.dump();
    const { books } = site;
    await books.pool.query(`delete from mounting_day where mounting = 'p/s2'`);
    await books.pool.query(`update usage_day set amount = 250, measured = 250, interpolated = 0`);
    await books.pool.query('alter table site drop column settled_version');
    await books.pool.query('drop table party_day');
    await books.pool.query(`delete from civicmeter_migration where name >= '0011'`);
    await migrate(books.db as Kysely<unknown>, 'here');
    expect(await site.dump()).not.toBe(dump);
    await site.service.settle();
    expect(await site.dump()).toBe(dump);
  });
});
