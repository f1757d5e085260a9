import { afterAll, expect, it } from 'vitest';
import { loadAdmitting } from '../../../pipeline/ledger/admitting.ts';
import { loadDirectory } from '../../../pipeline/ledger/directory.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { local, openSmallSite, SITE, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

it('a worker knows of each device what the whole registry says, events included, also after one more', async () => {
  const registry = smallRegistry([
    { point: 'a' },
    { point: 'b', mounting: { mountedAt: local('2026-02-01'), modulus: 100_000 } },
    { point: 'w', carrier: 'water' },
  ]);
  const site = await openSmallSite(registry, '2026-03-10');
  try {
    const claim = { by: 'test', reason: 'test' };
    const event = (body: Parameters<typeof site.service.recordEvent>[1]) =>
      site.service.recordEvent(registry.site.id, body, claim);
    await event({
      kind: 'replacement',
      point: 'a',
      serial: 's2',
      at: local('2026-03-05T10:25'),
      final: 500,
      initial: 3,
    });
    await event({ kind: 'exclude', device: 'd-w', register: 'e', from: local('2026-03-04'), to: local('2026-03-06') });
    const devices = async (known: Awaited<ReturnType<typeof loadAdmitting>>) =>
      [...known.sites].map(([id, { version, devices: of }]) => ({ id, version, of }));
    const known = await loadAdmitting(site.books.db);
    expect(await devices(known)).toEqual(await devices(await loadDirectory(site.books.db)));
    expect(known.sites.get(registry.site.id)?.devices.get('d-a')?.registers.get('e')?.cuts).toEqual([
      local('2026-03-05T10:25'),
    ]);
    await event({ kind: 'reset', device: 'd-b', register: 'e', at: local('2026-03-07T01:05'), initial: 0 });
    const later = await loadAdmitting(site.books.db, known);
    expect(await devices(later)).toEqual(await devices(await loadDirectory(site.books.db)));
    expect(await loadAdmitting(site.books.db, later)).toEqual(later);
    // and one that starts later, by what the first has kept
    expect(await devices(await loadAdmitting(site.books.db))).toEqual(await devices(later));
  } finally {
    await site.close();
  }
});

it('what a worker knows is kept in the books, used as long as it is of the registry’s version and of this format, and made anew otherwise', async () => {
  const mounting = { mountedAt: local('2026-02-01'), modulus: 100_000 };
  const site = await openSmallSite(smallRegistry([{ point: 'a' }, { point: 'b', mounting }]), '2026-03-10');
  try {
    const { db } = site.books;
    const cold = await loadAdmitting(db);
    const [kept] = await db.selectFrom('admitting_site').selectAll().execute();
    // whoever sees this differ has changed what workers make of a registry: raise FORMAT in admitting.ts and the number here
    expect(kept).toMatchInlineSnapshot(`
      {
        "content": "{"slotMs":3600000,"ids":["d-a","d-b"],"keys":[1,2],"shapes":["[{\\"name\\":\\"e\\",\\"ordinal\\":0,\\"kind\\":\\"counter\\",\\"moduli\\":[{\\"from\\":\\"-Infinity\\",\\"to\\":\\"Infinity\\"}],\\"cuts\\":[]}]","[{\\"name\\":\\"e\\",\\"ordinal\\":0,\\"kind\\":\\"counter\\",\\"modulus\\":100000,\\"earliest\\":1769875200000,\\"moduli\\":[{\\"from\\":\\"1769875200000\\",\\"to\\":\\"Infinity\\",\\"modulus\\":100000}],\\"cuts\\":[1769875200000]}]"],"shapeOf":[0,1]}",
        "format": 1,
        "site": "demo",
        "version": 1,
      }
    `);
    const renamed = kept?.content.replace('"d-a"', '"d-z"') ?? '';
    const devicesAs = async (change: Partial<NonNullable<typeof kept>>): Promise<readonly string[]> => {
      await db
        .updateTable('admitting_site')
        .set({ content: renamed, ...change })
        .execute();
      return [...((await loadAdmitting(db)).sites.get(SITE)?.devices.keys() ?? [])];
    };
    expect(await devicesAs({})).toEqual(['d-z', 'd-b']);
    expect(await devicesAs({ version: 0 })).toEqual(['d-a', 'd-b']);
    expect(await devicesAs({ format: 0 })).toEqual(['d-a', 'd-b']);
    expect(await loadAdmitting(db)).toEqual(cold);
    expect(await db.selectFrom('admitting_site').selectAll().execute()).toEqual([kept]);
  } finally {
    await site.close();
  }
});
