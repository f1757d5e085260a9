import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { isPassing } from '../../../pipeline/books/passing.ts';
import { freshBooks, stopPostgres } from '../../support/postgres.ts';

afterAll(stopPostgres);

const CHILD = fileURLToPath(new URL('./kept-child.ts', import.meta.url));

it('an answer of the books that nobody wants any more goes with the next collection of young objects: the answer after does not keep it', async () => {
  const { dsn, close } = await freshBooks();
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', CHILD, dsn]);
  await close();
  expect(Number(stdout)).toBeLessThan(5);
});

it.skipIf(process.platform !== 'linux')(
  'a server that vanished without a word is noticed within a minute: the line is probed while an answer is waited for',
  async () => {
    const { books, close } = await freshBooks();
    const client = await books.pool.connect();
    const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
    await client.query('select 1');
    const own = `:${(stream.localPort ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    const sockets = readFileSync('/proc/net/tcp', 'utf8').split('\n');
    const [, , , , , timer = ''] =
      sockets.flatMap((line) => {
        const columns = line.trim().split(/\s+/);
        return columns[1]?.endsWith(own) ? [columns] : [];
      })[0] ?? [];
    client.release();
    await close();
    const [kind, inTicks = ''] = timer.split(':');
    expect(kind).toBe('02'); // keep-alive
    expect(parseInt(inTicks, 16) / 100).toBeLessThan(60);
  },
);

describe('a failure of the books that passes', () => {
  it.each(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL', '57P03', '25006'])(
    'is one with the code %s',
    (code) => expect(isPassing(Object.assign(new Error('the machine of the books is away'), { code }))).toBe(true),
  );
  it('is none of our own making', () =>
    expect(isPassing(Object.assign(new Error('syntax error'), { code: '42601' }))).toBe(false));
});
