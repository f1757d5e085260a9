import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cli } from '../../../../api/cli/context.ts';
import { csv } from '../../../../api/cli/output/csv.ts';
import { present } from '../../../../api/cli/output/present.ts';
import { createProgress } from '../../../../api/cli/output/progress.ts';
import { table } from '../../../../api/cli/output/table.ts';

interface Said {
  out: string;
  err: string;
}

function fakeCli(format: Cli['format'], tty = false): Cli & { readonly said: Said } {
  const said: Said = { out: '', err: '' };
  let now = 0;
  return {
    said,
    format,
    language: 'en',
    say: (text) => text.en,
    data: '/data',
    debug: false,
    io: {
      out: (text) => void (said.out += text),
      err: (text) => void (said.err += text),
      tty,
      env: {},
      clock: { now: () => (now += 1_000), sleep: () => Promise.resolve() },
      signal: new AbortController().signal,
    },
  };
}

/** Columns on a terminal: a Chinese character takes two. */
const width = (text: string): number => text.length + (text.match(/\p{Script=Han}/gu)?.length ?? 0);

test('columns of a table line up, Chinese or not', () => {
  const drawn = table(
    [{ heading: '计量点' }, { heading: '用量', right: true }],
    [
      ['总表', '1'],
      ['main-1', '1234.5'],
    ],
  );
  const ends = drawn
    .trimEnd()
    .split('\n')
    .map((line) => width(line));
  expect(new Set(ends).size).toBe(1);
});

describe('CSV', () => {
  test('begins with a byte order mark and reads back as it was', () => {
    const cell = fc.string({ unit: 'grapheme' }).filter((text) => !/^[=@\t\r]|^[+-](?![\d.]+$)/.test(text));
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 2 }), { maxLength: 5 }), (rows) => {
        const text = csv(['a', '用量'], rows);
        expect(text.startsWith('\uFEFF')).toBe(true);
        expect(parse(text.slice(1), { record_delimiter: '\r\n', skip_empty_lines: false })).toEqual([
          ['a', '用量'],
          ...rows,
        ]);
      }),
    );
  });

  test('no cell becomes a formula, and numbers stay numbers', () => {
    const text = csv(['a'], [['=1+1'], ['@x'], ['-1.5'], ['+cmd'], ['-2+3'], ['-12.5 %'], ['-1.2e-7'], ['-1%+2 %']]);
    const cells = ["'=1+1", "'@x", '-1.5', "'+cmd", "'-2+3", '-12.5 %', '-1.2e-7', "'-1%+2 %"];
    expect(text.split('\r\n').slice(1, -1)).toEqual(cells);
  });
});

test('one answer is one document, one table or what people read', () => {
  const sheet = { columns: [{ heading: 'a' }], rows: [['1']] };
  const [json, text, table_] = [fakeCli('json'), fakeCli('csv'), fakeCli('table')];
  for (const cli of [json, text, table_]) present(cli, { a: 1 }, { sheet, text: 'fine' });
  expect(JSON.parse(json.said.out)).toEqual({ a: 1 });
  expect(text.said.out).toBe('\uFEFFa\r\n1\r\n');
  expect(table_.said.out).toContain('fine');
  expect(() => present(fakeCli('csv'), {}, { text: 'no table' })).toThrow('no table');
});

test('progress is a line for each tenth where nobody watches', () => {
  const cli = fakeCli('table');
  const { report } = createProgress(cli);
  for (let done = 0; done <= 1_000; done++) report(done, 1_000, 'reading');
  expect(cli.said.err.trim().split('\n')).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((tenth) => `reading ${tenth * 10} %`),
  );
});

test('progress is a bar that redraws itself on a terminal, and ends its line', () => {
  const cli = fakeCli('table', true);
  const { report, stop } = createProgress(cli);
  report(1, 4, 'reading');
  report(3, 4, 'reading');
  report(1, 2, 'writing');
  stop();
  expect(cli.said.err).toContain('\r\u001B[Kreading');
  expect(cli.said.err).toContain('75 %');
  expect(cli.said.err.split('\n')).toHaveLength(3);
  expect(cli.said.err.endsWith('\n')).toBe(true);
});
