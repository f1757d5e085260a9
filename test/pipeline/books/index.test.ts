import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openBooks } from '../../../pipeline/books/index.ts';
import { parseWhole } from '../../../pipeline/books/pool.ts';
import { freshBooks, freshDatabase, silentTelemetry, stopPostgres } from '../../support/postgres.ts';

afterAll(stopPostgres);

const telemetry = silentTelemetry();
const dayOf = (iso: string): number => Date.parse(iso) / 86_400_000;

describe('opening the books', () => {
  test('two processes that open an empty database at once both find the schema', async () => {
    const { dsn, close } = await freshDatabase();
    const all = await Promise.all([1, 2, 3].map(() => openBooks({ dsn, telemetry })));
    for (const books of all) expect(await books.db.selectFrom('site').selectAll().execute()).toEqual([]);
    await Promise.all(all.map((books) => books.close()));
    await close();
  });

  test('a database that holds foreign tables is refused and left alone', async () => {
    const { dsn, close } = await freshDatabase();
    await run(dsn, 'create table orders (id int)');
    await expect(openBooks({ dsn, telemetry })).rejects.toMatchObject({ code: 'BOOKS_FOREIGN', kind: 'ConfigError' });
    expect(
      await run(dsn, `select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`),
    ).toEqual([{ relname: 'orders' }]);
    await close();
  });

  test('books of a newer release are refused', async () => {
    const { books, dsn, close } = await freshBooks();
    await run(dsn, `insert into civicmeter_migration values ('9999-later', '')`);
    await expect(openBooks({ dsn, telemetry })).rejects.toMatchObject({ code: 'BOOKS_NEWER' });
    await books.close();
    await close();
  });

  test.each([
    ['a wrong password', (url: URL) => (url.password = 'wrong'), 'BOOKS_LOGIN_REFUSED', 'ConfigError'],
    ['an unknown database', (url: URL) => (url.pathname = '/nowhere'), 'BOOKS_MISSING', 'ConfigError'],
    ['a port where nothing listens', (url: URL) => (url.port = '1'), 'BOOKS_UNREACHABLE', 'StoreError'],
  ])('%s is told with place and cure, without the password', async (_, spoil, code, kind) => {
    const { dsn, close } = await freshDatabase();
    const url = new URL(dsn);
    spoil(url);
    const error: unknown = await openBooks({ dsn: url.href, telemetry }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code, kind });
    const { message, place, cure } = error as { message: string; place: string; cure: string };
    expect(place).toContain(url.hostname);
    expect(cure).toBeTruthy();
    expect(`${message}${place}`).not.toContain(url.password);
    await close();
  });
});

describe('statements', () => {
  test('that begin with a name are planned once for a connection, others each time', async () => {
    const { books, close } = await freshBooks();
    const kept = await books.db.connection().execute(async (db) => {
      for (const n of [1, 2]) {
        expect((await sql<{ n: number }>`/* twice */ select ${n}::int4 * 2 as n`.execute(db)).rows).toEqual([
          { n: 2 * n },
        ]);
        await sql`select /* never */ ${n}::int4`.execute(db);
      }
      const { rows } = await sql<{ name: string; times: number }>`
        select name, generic_plans + custom_plans as times from pg_prepared_statements where name <> ''`.execute(db);
      await expect(sql`/* twice */ select 1`.execute(db)).rejects.toThrow('unique');
      return rows;
    });
    expect(kept).toEqual([{ name: 'twice', times: 2 }]);
    await close();
  });
});

describe('numbers', () => {
  test('int8 and sums of it are numbers; one beyond 2^53 is refused, not rounded', async () => {
    const { books, close } = await freshBooks();
    const { rows } = await books.pool.query(
      'select 9007199254740991::int8 a, sum(x) b, count(*) c from generate_series(1, 3) x',
    );
    expect(rows).toEqual([{ a: Number.MAX_SAFE_INTEGER, b: 6, c: 3 }]);
    expect(() => parseWhole('9007199254740993')).toThrowError(expect.objectContaining({ code: 'NUMBER_UNSAFE' }));
    expect(parseWhole('2.5')).toBe(2.5);
    await close();
  });
});

describe('month partitions', () => {
  test('two processes make the partitions of the same days at once, and rows of those days are taken', async () => {
    const { books, dsn, close } = await freshBooks();
    const other = await openBooks({ dsn, telemetry });
    const days = [dayOf('2026-02-28'), dayOf('2026-03-01'), dayOf('2026-03-31'), dayOf('1999-12-31')];
    await Promise.all([books.ensurePartitions(days), other.ensurePartitions(days.toReversed())]);
    await books.db
      .insertInto('bracket')
      .values(days.map((day) => ({ device_key: 1, day, part: 0, version: 1, payload: Buffer.from([1]) })))
      .execute();
    const { rows } = await books.pool.query<{ name: string; n: number }>(
      'select tableoid::regclass::text as name, count(*) n from bracket group by 1 order by 1',
    );
    expect(rows).toEqual([
      { name: 'bracket_1999_12', n: 1 },
      { name: 'bracket_2026_02', n: 1 },
      { name: 'bracket_2026_03', n: 2 },
    ]);
    const options = await books.pool.query(`select reloptions from pg_class where relname = 'bracket_2026_03'`);
    expect(options.rows).toEqual([{ reloptions: ['fillfactor=50', 'toast_tuple_target=8160'] }]);
    await other.close();
    await close();
  });

  test('a partition is made while others hold open transactions on the table', async () => {
    const { books, close } = await freshBooks();
    await books.ensurePartitions([dayOf('2026-01-01')]);
    const client = await books.pool.connect();
    await client.query('begin');
    await client.query(`insert into bracket values (1, ${dayOf('2026-01-01')}, 0, 1, '')`);
    await books.ensurePartitions([dayOf('2026-02-01')]);
    await client.query('commit');
    client.release();
    const { rows } = await books.pool.query(`select to_regclass('bracket_2026_02')::text as name`);
    expect(rows).toEqual([{ name: 'bracket_2026_02' }]);
    await close();
  });
});

async function run(dsn: string, statement: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: dsn });
  await client.connect();
  const { rows } = await client.query(statement);
  await client.end();
  return rows;
}

describe('housekeeping', () => {
  const today = dayOf('2026-06-10');

  test('packs months that are over tight, drops old gauges, and leaves the running month and all brackets alone', async () => {
    const { books, close } = await freshBooks();
    const days = ['2026-01-15', '2026-02-15', '2026-03-15', '2026-05-15', '2026-06-09'].map(dayOf);
    await books.ensurePartitions(days);
    const rows = days.flatMap((day) =>
      [1, 2, 3].map((key) => ({ device_key: key, day, part: 0, version: 1, payload: Buffer.alloc(500) })),
    );
    await books.db.insertInto('bracket').values(rows).execute();
    await books.db.insertInto('gauge').values(rows).execute();
    const brackets = ['01', '02', '03', '05'].map((month) => `bracket_2026_${month}`);
    expect(await books.tend(today)).toEqual({
      cooled: [...brackets, 'gauge_2026_03', 'gauge_2026_05'],
      dropped: ['gauge_2026_01', 'gauge_2026_02'],
    });
    const hot = await books.pool.query(
      `select relname from pg_class where relkind = 'r' and 'fillfactor=50' = any(reloptions) order by 1`,
    );
    expect(hot.rows).toEqual([{ relname: 'bracket_2026_06' }, { relname: 'gauge_2026_06' }]);
    const counts = await books.pool.query('select (select count(*) from bracket) b, (select count(*) from gauge) g');
    expect(counts.rows).toEqual([{ b: 15, g: 9 }]);
    expect(await books.tend(today)).toEqual({ cooled: [], dropped: [] });
    await close();
  });

  test('packs the next time what it was interrupted at', async () => {
    const { books, close } = await freshBooks();
    await books.ensurePartitions([dayOf('2026-05-15')]);
    const client = await books.pool.connect();
    await client.query('begin');
    await client.query('lock table bracket_2026_05 in access share mode');
    const tending = books.tend(today).then(
      () => 'tended',
      (error: unknown) => error,
    );
    await vi.waitUntil(async () => {
      const { rows } = await books.pool.query(`
        select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'vacuum full%' and wait_event_type = 'Lock'`);
      return rows.length > 0;
    }, 10_000);
    expect(await tending).toMatchObject({ code: '57P01' });
    await client.query('commit');
    client.release();
    // a server process that was ended keeps its lock for a moment
    const packed = { cooled: ['bracket_2026_05', 'gauge_2026_05'], dropped: [] };
    await expect.poll(() => books.tend(today), { timeout: 10_000 }).toEqual(packed);
    expect(await books.tend(today)).toEqual({ cooled: [], dropped: [] });
    await close();
  });

  test('is done by one program at a time', async () => {
    const { books, dsn, close } = await freshBooks();
    const other = await openBooks({ dsn, telemetry: silentTelemetry() });
    await books.ensurePartitions([dayOf('2026-01-15'), dayOf('2026-05-15')]);
    const client = await books.pool.connect();
    await client.query('begin');
    await client.query('lock table gauge_2026_01 in access share mode');
    const tending = Promise.all([books.tend(today), other.tend(today)]);
    await vi.waitUntil(async () => {
      const { rows } = await books.pool.query(
        `select from pg_stat_activity where datname = current_database() and query like 'drop table%'`,
      );
      return rows.length > 0;
    }, 10_000);
    await client.query('commit');
    client.release();
    const all = await tending;
    expect(all.flatMap(({ dropped }) => dropped)).toEqual(['gauge_2026_01']);
    expect(all.flatMap(({ cooled }) => cooled)).toEqual(['bracket_2026_01', 'bracket_2026_05', 'gauge_2026_05']);
    await other.close();
    await close();
  });

  test.each(['access exclusive', 'access share'])(
    'leaves for the next time what somebody holds in %s mode',
    async (mode) => {
      const { books, close } = await freshBooks();
      await books.ensurePartitions([dayOf('2026-05-15')]);
      const client = await books.pool.connect();
      await client.query('begin');
      await client.query(`lock table bracket_2026_05 in ${mode} mode`);
      expect(await books.tend(today)).toEqual({ cooled: ['gauge_2026_05'], dropped: [] });
      await client.query('commit');
      client.release();
      expect(await books.tend(today)).toEqual({ cooled: ['bracket_2026_05'], dropped: [] });
      await close();
    },
  );
});
