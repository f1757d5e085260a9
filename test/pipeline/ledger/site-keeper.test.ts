import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { siteKeeper } from '../../../pipeline/ledger/site-keeper.ts';
import type { DirectorySite } from '../../../pipeline/ledger/directory.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { local, openSmallSite, SITE, smallRegistry, type SmallSite } from '../../support/small-site.ts';

afterAll(stopPostgres);

const CLAIM = { by: 'test', reason: 'test' };

async function opened(): Promise<SmallSite> {
  const site = await openSmallSite(smallRegistry([{ point: 'a' }]), '2026-03-10');
  onTestFinished(site.close);
  return site;
}

const replace = ({ service }: SmallSite, serial: string) =>
  service.recordEvent(
    SITE,
    { kind: 'replacement', point: 'a', at: local('2026-03-05T10:25'), serial, final: 500, initial: 3 },
    CLAIM,
  );

const serials = ({ registers }: DirectorySite): readonly string[] =>
  [...registers.values()].flatMap((r) => r.mountings.map((m) => m.serial));

describe('a keeper of sites', () => {
  it('lets go of the one that was asked for longest ago, and gives each as the books have it', async () => {
    const { books, service } = await opened();
    for (const id of ['s-2', 's-3']) {
      const registry = smallRegistry([{ point: id }]);
      await service.applyRegistry(
        { ...registry, site: { ...registry.site, id } },
        { take: 'all', commit: true, ...CLAIM },
      );
    }
    const { siteOf, asking } = siteKeeper(books.db, 2);
    const [first, second] = [await siteOf(SITE), await siteOf('s-2')];
    expect(await siteOf(SITE)).toBe(first);
    const third = await asking('s-3', async (site) => ({ answer: site }));
    expect([await siteOf(SITE), await siteOf('s-3')]).toEqual([first, third]);
    expect(await asking(SITE, async (site) => ({ answer: site }))).toBe(first);
    const again = await siteOf('s-2');
    expect(again).not.toBe(second);
    expect(again).toEqual(second);
  });

  it('asks again where the registry has changed since it was read, whatever the first answer was', async () => {
    const site = await opened();
    const { siteOf, asking } = siteKeeper(site.books.db);
    const before = serials(await siteOf(SITE));
    await replace(site, 's2');
    const asked: (readonly string[])[] = [];
    const answer = await asking(SITE, async (known) => {
      asked.push(serials(known));
      if (asked.length === 1) throw new Error('there is no such meter');
      return { answer: serials(known) };
    });
    expect(asked).toEqual([before, answer]);
    expect(answer).toEqual([...before, 's2']);
  });

  it('asks again where the answer itself has seen another registry, and looks up nothing where it has seen the same', async () => {
    const site = await opened();
    const { siteOf, asking } = siteKeeper(site.books.db);
    const { version } = await siteOf(SITE);
    const asked: number[] = [];
    const seeing = (registryVersion: number) =>
      asking(SITE, async (known) => {
        asked.push(known.version);
        return { answer: known.version, registryVersion };
      });
    await replace(site, 's2');
    expect(await seeing(version)).toBe(version);
    expect(await seeing(version + 1)).toBe(version + 1);
    expect(asked).toEqual([version, version, version + 1]);
  });

  it('passes on why there is no answer where the registry stands, and says what site there is not', async () => {
    const { books } = await opened();
    const { siteOf, asking } = siteKeeper(books.db);
    await siteOf(SITE);
    await expect(asking(SITE, () => Promise.reject(new Error('no such point')))).rejects.toThrow('no such point');
    await expect(asking('elsewhere', async () => ({ answer: 1 }))).rejects.toMatchObject({ code: 'SITE_UNKNOWN' });
    await expect(siteOf('elsewhere')).rejects.toMatchObject({ code: 'SITE_UNKNOWN' });
  });

  it('reads a site as of one moment, though an event comes while it is read', async () => {
    const site = await opened();
    const { books } = site;
    const { siteOf } = siteKeeper(books.db);
    const other = await books.pool.connect();
    try {
      await other.query('begin');
      await other.query('lock table meter_event in access exclusive mode');
      const reading = siteOf(SITE);
      await expect
        .poll(async () => {
          const { rows } = await books.pool.query('select from pg_locks where not granted');
          return rows.length;
        })
        .toBe(1);
      await other.query(
        `insert into meter_event (site, state, kind, body, by_name, reason, recorded_at)
         values ($1, 'active', 'multiplier', $2, 'li', 'new transformer', 0)`,
        [SITE, { kind: 'multiplier', point: 'a', at: local('2026-03-05'), multiplier: { num: 2, den: 1 } }],
      );
      await other.query('update site set registry_version = registry_version + 1');
      await other.query('commit');
      const before = await reading;
      const after = await siteOf(SITE);
      expect(after.version).toBe(before.version + 1);
      expect([before, after].map((s) => s.events.length)).toEqual([0, 1]);
    } finally {
      other.release();
    }
  });
});
