import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup, restore } from '../../../pipeline/books/backup.ts';
import { describeTables } from '../../../pipeline/books/catalog.ts';
import { encodeBrackets, encodeGauges } from '../../../pipeline/books/codec.ts';
import type { Books } from '../../../pipeline/books/index.ts';
import { inTransaction } from '../../../pipeline/books/partitions.ts';
import { freshBooks, stopPostgres } from '../../support/postgres.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'civicmeter-backup-'));
});
afterAll(async () => {
  await stopPostgres();
  await rm(dir, { recursive: true, force: true });
});

const NOW = Date.parse('2026-03-10T00:00:00Z');
const DAYS = [20_500, 20_535, 20_580];

/** At least one row in every table, with values that a careless text form would spoil. */
async function fill({ pool, ensurePartitions }: Books): Promise<void> {
  await ensurePartitions(DAYS);
  const text = `it's "quoted", \\ back, line\nbreak, 公表 \u{1f4a7}`;
  const statements: [string, unknown[]][] = [
    ['insert into site values ($1, $2, $3, $4, 60, 7)', ['s', text, 'S', 'UTC']],
    ['insert into registry_edition (number) values (9)', []],
    [`insert into admitting_site values ($1, 1, 7, '{}')`, ['s']],
    ['insert into institution values ($1, $2, $2, $3, null)', ['s', 'a', 'A']],
    ['insert into headcount values ($1, $2, 0, $3)', ['s', 'a', 0.1 + 0.2]],
    ['insert into premises values ($1, $2, $3, $3, null, 20500)', ['s', 'h', '']],
    ['insert into area values ($1, $2, $3, 0, 1e300)', ['s', 'premises', 'h']],
    [
      'insert into device (site, id, model, interval_ms) select $1, $2 || i, $3, 900000 from generate_series(1, 3) i',
      ['s', 'd', 'm'],
    ],
    ['delete from device where id = $1', ['d1']],
    ['insert into register values (2, 0, $1, $2, null, $3, 1, 1, null)', ['e1', 'counter', 'Wh']],
    [
      'insert into point values ($1, $2, $3, $3, $4, null, $5, null, null, $6, null)',
      ['s', 'p', '', 'water', 'formula', '[{"sign": -1, "point": "q"}]'],
    ],
    [
      'insert into mounting values ($1, $2, $3, $4, $5, $6, 1, 1, 1, 1, 9007199254740991, null, null, -1, null, null, null)',
      ['s', 'p/1', 'p', '1', 'd', 'e1'],
    ],
    ['insert into allocation values ($1, $2, 0, $3)', ['s', 'p', '{"basis": "fixed", "shares": []}']],
    [
      'insert into registry_change (site, at, by_name, reason, change) values ($1, 1, $2, $3, $4)',
      ['s', 'Li', text, '[1.50]'],
    ],
    [
      'insert into meter_event (site, state, kind, body, by_name, reason, recorded_at, supersedes) values ($1, $2, $2, $3, $2, $2, 1, null), ($1, $2, $2, $3, $2, $2, 2, 1)',
      ['s', 'x', '{}'],
    ],
    [
      'insert into quarantine (log, partition, log_offset, ordinal, appended_at, reason, detail, payload) values ($1, 0, 5, 0, 1, $2, $2, $3)',
      ['l', 'r', Buffer.from([0, 255, 92])],
    ],
    ['insert into log values ($1, 4)', ['l']],
    ['insert into log_offset values ($1, 0, 10, 3)', ['l']],
    [`insert into log_source values ($1, 0, 'abcdef01', '{[1,5),[7,9)}')`, ['l']],
    [
      `insert into source_batch (log, partition, srcs, counts, seqs) values ($1, 0, '{abcdef01}', '{1}', $2)`,
      ['l', Buffer.alloc(8)],
    ],
    ['insert into dirty values ($1, $2, $3, 5, true)', ['s', '', 'p']],
    [`insert into intake_key values ('k1', 'abc', $1, 'wang', 5, null)`, ['s']],
    [`insert into intake_source values ('abcdef01', $1, 5)`, ['s']],
    [`insert into gateway values ('k1', 'abcdef01', 5, '{"v":1}')`, []],
    [`insert into historian_offset values ('http://influx o/b', $1, 0, 9)`, ['l']],
    [`insert into mark_batch (device_keys, parts, registers, from_at) values ('{1,2}', '{0,0}', '{3,1}', '{5,6}')`, []],
    ['insert into finding values ($1, $2, $3, 1, 2, $4, $4, 3, 4)', ['s', 'p/1', 'gap', 'd']],
    ['insert into evidence values ($1, $2, 1, 2, 3, 4)', ['s', 'p/1']],
    ['insert into mounting_day values ($1, $2, 20500, -5, 1, 2, 3)', ['s', 'p/1']],
    ['insert into usage_day values ($1, $2, 20500, 1, 2, 3, 4, 5)', ['s', 'p']],
    ['insert into allocation_day values ($1, $2, 20500, $3, 4)', ['s', 'unallocated', 'p']],
    ['insert into party_day values ($1, $2, $3, 20500, 4, true)', ['s', 'unallocated', 'electricity']],
    ['insert into closed_period values ($1, 24314, 1, 5, $2, $2, $2, $3)', ['s', 'x', '{"a": [1, 2.50, null]}']],
    ['insert into facts_version values ($1, 1, 5, $2, $2, $2, $3)', ['s', 'x', '{"site": "s"}']],
    [
      `insert into quantity (site, institution, month, kind, use, amount, entered, unit, by_name, recorded_at, superseded_by)
       values ($1, $2, 24314, $3, $3, 5, $3, $3, $3, 1, 2), ($1, $2, 24314, $3, $3, 6, $3, $3, $3, 2, null)`,
      ['s', 'a', 'x'],
    ],
    ['insert into temperature_day values ($1, $2, 20500, -7250, $2, 1)', ['s', 'x']],
    [
      `insert into temperature_replaced (site, series, day, millidegrees, by_name, recorded_at, replaced_by, reason, replaced_at)
       values ($1, $2, 20500, -7000, $2, 1, $2, $2, 2)`,
      ['s', 'x'],
    ],
    ['insert into document values ($1, $2, $2, 3, $3, $2, 1)', ['s', 'x', Buffer.from([0, 255, 92])]],
    ['insert into catalogue_seen values ($1, $1, $2, 1)', ['x', '{"value": 0.1229}']],
    ['insert into row_confirmation (row_id, hash, by_name, text, at) values ($1, $1, $1, $1, 1)', ['x']],
  ];
  for (const [statement, values] of statements) await pool.query(statement, values);
  for (const day of DAYS) {
    const at = day * 86_400_000;
    const first = { at, value: 2 ** 53 - 1, rank: 1 } as const;
    const brackets = Buffer.from(encodeBrackets(day, new Map([[0, [{ start: at, first, last: first }]]])));
    const gauges = Buffer.from(
      encodeGauges(day, new Map([[1, [{ start: at, min: -1, max: 1, last: 0, lastAt: at }]]])),
    );
    for (let key = 1; key <= 900; key++) {
      await pool.query('insert into bracket values ($1, $2, 0, 1, $3)', [key, day, brackets]);
    }
    await pool.query('insert into gauge values (1, $1, 0, 1, $2)', [day, gauges]);
  }
}

/** Every table as text, in the order of its key. */
const contents = (books: Books): Promise<Record<string, unknown>> =>
  inTransaction(books.pool, async (client) => {
    const all: Record<string, unknown> = {};
    for (const { name, primaryKey } of await describeTables(client)) {
      const { rows } = await client.query(
        `select t::text as row from "${name}" t order by ${primaryKey.map((k) => `"${k}"`).join()}`,
      );
      all[name] = rows.map((r: { row: string }) => r.row);
    }
    return all;
  });

async function backedUp(name: string): Promise<{ readonly file: string; readonly filled: Record<string, unknown> }> {
  const { books, close } = await freshBooks();
  await fill(books);
  const file = path.join(dir, name);
  await backup(books.pool, file, { now: NOW });
  const filled = await contents(books);
  await close();
  return { file, filled };
}

describe('backup and restore', () => {
  test('give every table back as it was, to the last character', async () => {
    const { file, filled } = await backedUp('whole');
    const empty = Object.entries(filled).filter(([, rows]) => (rows as unknown[]).length === 0);
    expect(
      empty.map(([name]) => name),
      'tables that the test does not fill',
    ).toEqual(['adjustment'].filter((t) => t in filled));
    const { books, close } = await freshBooks();
    const seen: number[] = [];
    const { rows } = await restore(books.pool, file, { progress: (done, total) => seen.push(done, total ?? -1) });
    expect(await contents(books)).toEqual(filled);
    expect(seen.at(-2)).toBe(rows);
    expect(seen.at(-1)).toBe(rows);
    const { key } = await books.db
      .insertInto('device')
      .values({ site: 's', id: 'next', model: 'm', connection: null, interval_ms: 1, ended: null })
      .returning('key')
      .executeTakeFirstOrThrow();
    expect(key, 'numbers go on where they were').toBe(4);
    await close();
  });

  test('take few large rows at a time: no text is as long as a table of documents', async () => {
    const { books, close } = await freshBooks();
    await books.pool.query(`insert into site values ('s', 'S', 'S', 'UTC', 60, 1)`);
    await books.pool.query(`
      insert into document select 's', i::text, 'bill.pdf', 1, decode(repeat('00', 1000000), 'hex'), 'li', 1 from generate_series(1, 60) i`);
    const file = path.join(dir, 'documents');
    const seen: number[] = [];
    await backup(books.pool, file, { now: NOW, progress: (done) => seen.push(done) });
    await close();
    expect(Math.max(...seen.map((done, i) => done - (seen[i - 1] ?? 0)))).toBeLessThanOrEqual(10);
    const fresh = await freshBooks();
    expect((await restore(fresh.books.pool, file)).rows).toBe(61);
    await fresh.close();
  });

  test('are broken off with nothing left of them where nobody waits any more', async () => {
    const { file } = await backedUp('to-break-off');
    const { books, close } = await freshBooks();
    const empty = await contents(books);
    const stopping = () => {
      const ending = new AbortController();
      return { progress: () => ending.abort(new Error('ended by SIGINT')), signal: ending.signal };
    };
    await expect(restore(books.pool, file, stopping())).rejects.toThrow('ended by SIGINT');
    expect(await contents(books)).toEqual(empty);
    await restore(books.pool, file);
    const unfinished = path.join(dir, 'unfinished');
    await expect(backup(books.pool, unfinished, { now: NOW, ...stopping() })).rejects.toThrow('ended by SIGINT');
    expect((await readdir(dir)).filter((name) => name.startsWith('unfinished'))).toEqual([]);
    await close();
  });

  test('of the same books are the same file but for its time', async () => {
    const { books, close } = await freshBooks();
    await fill(books);
    const [a, b] = [path.join(dir, 'a'), path.join(dir, 'b')];
    for (const file of [a, b]) await backup(books.pool, file, { now: NOW });
    expect(await readFile(a)).toEqual(await readFile(b));
    await close();
  });

  test('refuse a file that cannot be written', async () => {
    const { books, close } = await freshBooks();
    for (const file of [path.join(dir, 'none', 'a'), path.join(import.meta.filename, 'a')])
      await expect(backup(books.pool, file, { now: NOW })).rejects.toMatchObject({
        code: 'FILE_NOT_WRITTEN',
        place: file,
      });
    await close();
  });

  test('refuse to write over a file, and books that hold rows', async () => {
    const { file } = await backedUp('once');
    const { books, close } = await freshBooks();
    await expect(backup(books.pool, file, { now: NOW })).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
    await books.pool.query(`insert into log values ('x', 1)`);
    await expect(restore(books.pool, file)).rejects.toMatchObject({ code: 'BOOKS_NOT_EMPTY' });
    await close();
  });

  test('a cut or altered file is refused and nothing is changed', async () => {
    const { file } = await backedUp('to-spoil');
    const whole = await readFile(file);
    const text = gunzipSync(whole).toString();
    const lines = text.trimEnd().split('\n');
    const flipped = Buffer.from(whole);
    const middle = Math.floor(whole.length / 2);
    flipped[middle] = (flipped[middle] ?? 0) ^ 0x10;
    const zip = (list: readonly string[]): Buffer => gzipSync(`${list.join('\n')}\n`);
    const spoiled: [string, Buffer][] = [
      ['cut in the middle', whole.subarray(0, middle)],
      ['cut before its last byte', whole.subarray(0, -1)],
      ['a bit flipped', flipped],
      ['its closing line left out', zip(lines.slice(0, -1))],
      ['a row left out', zip(lines.filter((_, i) => i !== 5))],
      ['a value altered', zip(lines.map((line) => line.replace('9007199254740991', '9007199254740990')))],
      ['something added', zip([...lines, '["x"]'])],
      ['empty', Buffer.alloc(0)],
      ['no backup', Buffer.from('hello')],
      ['another JSON', zip(['{"a":1}'])],
    ];
    const { books, close } = await freshBooks();
    const before = await contents(books);
    for (const [what, bytes] of spoiled) {
      const target = path.join(dir, 'spoiled');
      await writeFile(target, bytes);
      const outcome: unknown = await restore(books.pool, target).catch((error: unknown) => error);
      expect({ what, outcome }).toMatchObject({ what, outcome: { code: 'BACKUP_DAMAGED', place: target } });
      expect({ what, contents: await contents(books) }).toEqual({ what, contents: before });
    }
    await expect(restore(books.pool, path.join(dir, 'absent'))).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' });
    await close();
  });

  test('a backup of another release is refused', async () => {
    const { file } = await backedUp('older');
    const lines = gunzipSync(await readFile(file))
      .toString()
      .trimEnd()
      .split('\n');
    const body = [lines[0]?.replace(/"schema":"[^"]*"/, '"schema":"0000-other"'), ...lines.slice(1, -1)]
      .map((l) => `${l}\n`)
      .join('');
    const closing = {
      ...(JSON.parse(lines.at(-1) ?? '') as object),
      sha256: createHash('sha256').update(body).digest('hex'),
    };
    await writeFile(file, gzipSync(`${body}${JSON.stringify(closing)}\n`));
    const { books, close } = await freshBooks();
    await expect(restore(books.pool, file)).rejects.toMatchObject({ code: 'BACKUP_OTHER_SCHEMA' });
    await close();
  });
});
