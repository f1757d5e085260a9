import { afterAll, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import { foldSources } from '../../../pipeline/ledger/sources.ts';
import { openBooks } from '../../../pipeline/books/index.ts';
import { raiseRegistryEdition } from '../../../pipeline/books/registry.ts';
import { siteOf } from '../../../pipeline/ledger/directory.ts';
import { openService, sqlStore } from '../../../pipeline/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { memoryStore } from '../../support/memory-store.ts';
import { freshBooks, silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { SITE } from '../../support/small-site.ts';
import { describeStore, REGISTRY } from './store.contract.ts';

afterAll(stopPostgres);

const rangesText = (ranges: readonly (readonly [number, number])[]): string =>
  ranges.map(([from, to]) => `${from}-${to}`).join(',');

describeStore('in PostgreSQL', async () => {
  const { books, close } = await freshBooks();
  const service = openService({ books, clock: systemClock, telemetry: silentTelemetry() });
  await service.applyRegistry(REGISTRY, { take: 'all', commit: true, by: 'test', reason: 'test' });
  await service.stop();
  return {
    store: sqlStore(books),
    counts: async () => {
      const { rows } = await sql<{ records: number; readings: number; folded: number; quarantined: number }>`
        select coalesce(sum(records), 0)::int as records, coalesce(sum(readings), 0)::int as readings,
          coalesce(sum(folded), 0)::int as folded, (select count(*)::int from quarantine) as quarantined
        from log_offset`.execute(books.db);
      return rows[0] ?? { records: 0, readings: 0, folded: 0, quarantined: 0 };
    },
    seqs: async (partition, src) => {
      await foldSources(books.db);
      const { rows } = await sql<{ from: number; to: number }>`
        select lower(r)::int as from, upper(r)::int as to from log_source, unnest(seqs) r
        where partition = ${partition} and src = ${src} order by 1`.execute(books.db);
      return rangesText(rows.map(({ from, to }) => [from, to]));
    },
    changeRegistry: async () => {
      await sql`update site set registry_version = registry_version + 1 where id = ${SITE}`.execute(books.db);
      await raiseRegistryEdition(books.db);
    },
    remove: close,
  };
});

describe('a partition that the group gave to somebody else', () => {
  const takenFrom = async (holding: string) => {
    const { books, close } = await freshBooks();
    const store = sqlStore(books);
    await store.acquaint('log-1', 1);
    await store.claim('log-1', 0, 0);
    const holder = await books.pool.connect();
    const ended = new Promise<void>((resolve) => holder.once('end', () => resolve()));
    await holder.query('begin');
    await holder.query('update log_offset set next_offset = 7');
    const held = holder.query(holding);
    return {
      store,
      holder,
      held,
      ended,
      close: async (broken: boolean) => {
        holder.release(broken);
        await close();
      },
    };
  };

  it('is not waited for where its transaction stands still, which has then written nothing', async () => {
    const { store, held, ended, close } = await takenFrom('select 1');
    await held;
    expect(await store.claim('log-1', 0, 0)).toEqual({ next: 0, epoch: 2 });
    await ended;
    await close(true);
  });

  it('is not waited for by a commit either, where its late comparison locked the row after the claim', async () => {
    const { store, holder, held, ended, close } = await takenFrom('select 1');
    await held;
    await holder.query('rollback');
    const { epoch } = await store.claim('log-1', 0, 0);
    await holder.query('begin');
    await holder.query('select from log_offset for no key update');
    const edition = await store.registryEdition();
    const none = { records: 0, readings: 0, folded: 0, quarantined: [], seqs: new Map(), marks: [] };
    const rows = { bracket: [], gauge: [] };
    const committed = store.commit({ log: 'log-1', partition: 0, epoch, from: 0, to: 3, edition, rows, ...none });
    expect(await committed).toEqual({ outcome: 'committed' });
    await ended;
    await close(true);
  });

  it('is waited for where its transaction is at work on a slow server, and begins where that ended', async () => {
    const { store, holder, held, close } = await takenFrom('select pg_sleep(3)');
    const claimed = store.claim('log-1', 0, 0);
    await held;
    await holder.query('commit');
    expect(await claimed).toEqual({ next: 7, epoch: 2 });
    await close(false);
  });

  it('is waited for no longer by who is told to end, neither with a claim nor with a commit', async () => {
    const { store, held, close } = await takenFrom('select pg_sleep(60)');
    const interrupted = held.catch(() => undefined);
    const ending = new AbortController();
    const edition = await store.registryEdition();
    const none = { records: 0, readings: 0, folded: 0, quarantined: [], seqs: new Map(), marks: [] };
    const batch = { log: 'log-1', partition: 0, epoch: 1, from: 0, to: 3, edition, ...none };
    const waiting = [
      store.claim('log-1', 0, 0, ending.signal),
      store.commit({ ...batch, rows: { bracket: [], gauge: [] } }, ending.signal),
    ];
    ending.abort();
    for (const each of await Promise.allSettled(waiting))
      expect(each).toMatchObject({ status: 'rejected', reason: { code: '55P03' } });
    await close(true);
    await interrupted;
  });
});

it('late readings of a month of gauges that the housekeeping of another program has dropped are taken', async () => {
  const { books, dsn, close } = await freshBooks();
  const other = await openBooks({ dsn, telemetry: silentTelemetry() });
  const store = sqlStore(books);
  await store.acquaint('log-1', 1);
  const { epoch } = await store.claim('log-1', 0, 0);
  const edition = await store.registryEdition();
  const none = { records: 0, readings: 0, folded: 0, quarantined: [], seqs: new Map(), marks: [] };
  const commit = async (from: number, day: number) =>
    store.commit({
      log: 'log-1',
      partition: 0,
      epoch,
      from,
      to: from + 1,
      edition,
      ...none,
      rows: { bracket: [], gauge: [{ deviceKey: 1, day, part: 0, version: 0, payload: Buffer.from('g') }] },
    });
  const day = 20_000;
  expect(await commit(0, day)).toEqual({ outcome: 'committed' });
  expect((await other.tend(day + 130)).dropped).toHaveLength(1);
  expect(await commit(1, day + 1)).toEqual({ outcome: 'committed' });
  await other.close();
  await close();
});

const memoryHarness = () => {
  let version = 1;
  const rows = REGISTRY.devices.flatMap(({ id, registers }, i) =>
    registers.map(({ name, kind }, ordinal) => ({ key: i + 1, device: id, name, ordinal, kind, modulus: null })),
  );
  const store = memoryStore({
    directory: () => {
      const site = siteOf(REGISTRY, version, [], rows);
      return { edition: version, sites: new Map([[SITE, site]]), byKey: new Map() };
    },
  });
  return {
    store,
    counts: async () => ({ ...store.books().counts, quarantined: store.books().quarantine.size }),
    seqs: async (partition: number, src: string) =>
      rangesText(store.books().seqs.get(`log-1/${partition}/${src}`) ?? []),
    changeRegistry: async () => {
      version += 1;
    },
    remove: async () => undefined,
  };
};

describeStore('in memory', async () => memoryHarness());

describe('a server in memory that falls over', () => {
  it('has undone what was not yet on disk, and tells its caller', async () => {
    const synced = Promise.withResolvers<void>();
    const store = memoryStore({
      directory: () => ({ edition: 0, sites: new Map(), byKey: new Map() }),
      sync: () => synced.promise,
    });
    const claimed = store.claim('log-1', 0, 0);
    store.crash();
    synced.resolve();
    await expect(claimed).rejects.toMatchObject({ code: '57P01' });
    expect(await store.position('log-1', 0)).toBeUndefined();
    expect(await store.claim('log-1', 0, 0)).toEqual({ next: 0, epoch: 1 });
  });
});
