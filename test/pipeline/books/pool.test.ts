import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { freshBooks, stopPostgres } from '../../support/postgres.ts';

afterAll(stopPostgres);

const CHILD = fileURLToPath(new URL('./kept-child.ts', import.meta.url));

it('an answer of the books that nobody wants any more goes with the next collection of young objects: the answer after does not keep it', async () => {
  const { dsn, close } = await freshBooks();
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', CHILD, dsn]);
  await close();
  expect(Number(stdout)).toBeLessThan(5);
});
