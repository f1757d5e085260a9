import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimFolder, type Claimed } from '../../../../api/cli/wiring/data-folder.ts';
import { runBeside } from '../../../../api/cli/wiring/foundation.ts';
import { cli } from '../../../support/cli.ts';

const CITY = 'postgres://city:secret@db.city/civicmeter';
let data: string;
let claimed: Claimed | undefined;

beforeEach(() => void (data = mkdtempSync(join(tmpdir(), 'civicmeter-books-'))));
afterEach(() => {
  claimed?.release();
  rmSync(data, { recursive: true, force: true });
});

const hold = (role: string, books?: string | null): void => void (claimed = claimFolder(data, role, books));
const beside = (dsn?: string) =>
  runBeside({ data, io: { env: dsn === undefined ? {} : { CIVICMETER_BOOKS: dsn } } } as Parameters<
    typeof runBeside
  >[0]);

describe('a command beside a running program', () => {
  test.each([['status'], ['usage'], ['import', 'readings', 'x.csv'], ['findings'], ['backup', 'x.backup']])(
    '%s %s names the same books, or is told where they are, without the password',
    async (...argv) => {
      hold('start', 'db.city:5432/civicmeter');
      const { code, err } = await cli([...argv, '--data', data]);
      expect(code).toBe(3);
      expect(err).toMatch(/keeps the books of this folder at db\.city:5432\/civicmeter \[BOOKS_DIFFER\]/);
      expect(err).toMatch(/cure: .*--books/);
      const other = await cli([...argv, '--data', data, '--books', 'postgres://me:secret@db.other/x', '--lang', 'zh']);
      expect(other.err).toMatch(/^错误：占用数据目录的进程使用另一套账簿 \[BOOKS_DIFFER\]/);
      expect(other.err).not.toContain('secret');
    },
  );

  test('that keeps its books in the folder is asked without naming any', () => {
    hold('start', null);
    expect(beside()).toMatchObject({ role: 'start' });
    expect(() => beside(CITY)).toThrow(
      expect.objectContaining({ code: 'BOOKS_DIFFER', cure: expect.stringMatching(/^leave out/) }),
    );
  });

  test('of the same books, or of one that has none, goes on', () => {
    hold('start', 'db.city:5432/civicmeter');
    expect(beside(CITY)).toMatchObject({ role: 'start' });
    claimed?.release();
    hold('collect');
    expect(beside(CITY)).toMatchObject({ role: 'collect' });
    claimed?.release();
    expect(beside()).toBeUndefined();
  });
});
