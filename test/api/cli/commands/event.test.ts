import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventSchema } from '../../../../api/cli/shapes.ts';
import { cli } from '../../../support/cli.ts';
import { type FreshBooks, freshBooks, stopPostgres } from '../../../support/postgres.ts';
import { plant } from '../../../support/run-books.ts';
import { smallRegistry } from '../../../support/small-site.ts';

let folder: string;
let books: FreshBooks;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'civicmeter-event-'));
  books = await freshBooks();
  await plant(books.books, smallRegistry([{ point: 'p' }]), []);
}, 60_000);
afterAll(async () => {
  await books.close();
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
});

const record = async (kind: string, ...options: readonly string[]) => {
  const argv = ['event', kind, ...options, '--by', 'wang', '--reason', 'r', '--json', '--data', join(folder, 'data')];
  const run = await cli(argv, { env: { CIVICMETER_BOOKS: books.dsn, LANG: 'en_GB.UTF-8' } });
  return run.code === 0 ? eventSchema.parse(JSON.parse(run.out)).event : run.err;
};

test('blanks are nobody’s name and no reason, as for the API', async () => {
  const books = ['--data', join(folder, 'none')];
  for (const argv of [
    ['event', 'multiplier', '--point', 'p', '--from', '2026-03-05', '--multiplier', '2', '--by', ' ', '--reason', 'r'],
    ['event', 'confirm', '1', '--by', ' '],
    ['close', '2026-03', '--by', 'wang', '--reason', '\t'],
    ['apply', 'site.yaml', '--by', '', '--reason', 'r'],
    ['confirm-row', 'coal/x', '--by', ' ', '--text', 'read'],
  ]) {
    const { code, err } = await cli([...argv, ...books]);
    expect([argv, code, err]).toEqual([argv, 2, expect.stringMatching(/--(by|reason): Too small/)]);
  }
});

test('a name that the books cannot keep is refused before they are opened', async () => {
  const { code, err } = await cli(['event', 'confirm', '1', '--by', 'w\0', '--data', join(folder, 'none')]);
  expect([code, err]).toEqual([2, expect.stringMatching(/--by: holds a NUL/)]);
});

test('Ctrl-C ends it before the totals are there: the event stands, and the next command computes them', async () => {
  const argv = ['event', 'multiplier', '--point', 'p', '--from', '2026-03-05', '--multiplier', '2', '--by', 'wang'];
  const io = { env: { CIVICMETER_BOOKS: books.dsn, LANG: 'en_GB.UTF-8' } };
  const ended = { ...io, signal: AbortSignal.abort(new Error('ended by SIGINT')) };
  const all = [...argv, '--reason', 'r', '--data', join(folder, 'data')];
  expect(await cli(all, ended)).toEqual({
    code: 130,
    out: '',
    err: 'Ended: what was written stands, and the next run computes its totals.\n',
  });
  const { db } = books.books;
  expect(await db.selectFrom('meter_event').select('kind').execute()).toEqual([{ kind: 'multiplier' }]);
  expect(await db.selectFrom('dirty').select('device').execute()).toEqual([{ device: 'd-p' }]);
  const balance = await cli(['reconcile', '--data', join(folder, 'data')], io);
  expect([balance.code, await db.selectFrom('dirty').select('device').execute()]).toEqual([0, []]);
});

test('a day is excluded as far as its end, as the API does it', async () => {
  const day = ['--register', 'd-p/e', '--from', '2026-03-05', '--to', '2026-03-05'];
  expect(await record('exclude', ...day)).toMatchObject({
    from: '2026-03-05T00:00:00+08:00',
    to: '2026-03-06T00:00:00+08:00',
  });
});

test('the quarantine of a site that there is not is refused, and not empty', async () => {
  for (const what of ['list', 'replay']) {
    const argv = ['quarantine', what, '--site', 'typo', '--data', join(folder, 'data')];
    const { code, err } = await cli(argv, { env: { CIVICMETER_BOOKS: books.dsn, LANG: 'en_GB.UTF-8' } });
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('[SITE_UNKNOWN]') });
  }
});

test('a list of the quarantine says what a replay has admitted, and whether there is more', async () => {
  const row = (log_offset: number, state: string) => ({
    log: 'l',
    partition: 0,
    log_offset,
    ordinal: 0,
    site: 'demo',
    device: 'd-p',
    register: 'x',
    at: 0,
    value: '7',
    reason: 'unknown-register',
    detail: 'd-p/x',
    appended_at: 0,
    payload: Buffer.from('{}'),
    state,
  });
  await books.books.db
    .insertInto('quarantine')
    .values([row(1, 'admitted'), row(2, 'open')])
    .execute();
  const list = (...more: readonly string[]) =>
    cli(['quarantine', 'list', ...more, '--data', join(folder, 'data')], {
      env: { CIVICMETER_BOOKS: books.dsn, LANG: 'en_GB.UTF-8' },
    });
  expect((await list()).out).toMatch(/ admitted .*\n.* open /);
  expect((await list('--limit', '1')).out).toContain('There are more; --limit shows them.');
  expect((await list('--reason', 'future')).out).toContain('The quarantine has no such readings.');
  expect(await list('--reason', 'unknown-regster')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/unknown-register/),
  });
});
