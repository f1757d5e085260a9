import { execFile } from 'node:child_process';
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

describe('a failure of the books that passes', () => {
  it.each(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL', '57P03', '25006'])(
    'is one with the code %s',
    (code) => expect(isPassing(Object.assign(new Error('the machine of the books is away'), { code }))).toBe(true),
  );
  it('is none of our own making', () =>
    expect(isPassing(Object.assign(new Error('syntax error'), { code: '42601' }))).toBe(false));
});
