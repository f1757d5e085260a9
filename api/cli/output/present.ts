import { requestError } from '#domain';
import type { Cli } from '../context.ts';
import { csv } from './csv.ts';
import { type Column, table } from './table.ts';

export interface Sheet {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** Writes an answer in the form that was asked for: the document, the table as CSV, or what people read. */
export function present(cli: Cli, answer: unknown, people: { readonly sheet?: Sheet; readonly text?: string }): void {
  if (cli.format === 'json') return cli.io.out(`${JSON.stringify(answer, null, 2)}\n`);
  if (cli.format === 'csv') {
    if (!people.sheet) throw requestError('CSV_NOT_A_TABLE', 'this answer is no table', { cure: 'use --json' });
    const { columns, rows } = people.sheet;
    return cli.io.out(
      csv(
        columns.map(({ heading }) => heading),
        rows,
      ),
    );
  }
  if (people.sheet && people.sheet.rows.length > 0) cli.io.out(table(people.sheet.columns, people.sheet.rows));
  if (people.text) cli.io.out(people.text.endsWith('\n') ? people.text : `${people.text}\n`);
}
