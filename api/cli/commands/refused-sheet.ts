import type { LocalText } from '#domain';
import type { Cli } from '../context.ts';

/** A row of an import that was refused. */
interface RefusedRow {
  readonly row: number;
  /** Null: the row as a whole. */
  readonly column: string | null;
  readonly text: string;
  readonly code: string;
  readonly reason: LocalText;
  readonly cure: LocalText;
}

/** Refused rows as a table: where, what stood there, why, what to do. */
export function refusedSheet(cli: Cli, refused: readonly RefusedRow[]) {
  const headings =
    cli.language === 'zh'
      ? ['行', '列', '内容', '代码', '原因', '办法']
      : ['row', 'column', 'text', 'code', 'reason', 'cure'];
  return {
    columns: headings.map((heading, i) => ({ heading, right: i === 0 })),
    rows: refused.map((one) => [
      String(one.row),
      one.column ?? '',
      one.text,
      one.code,
      cli.say(one.reason),
      cli.say(one.cure),
    ]),
  };
}
