import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { isMeteringError, requestError } from '#domain';

/**
 * A backup: gzip of lines of JSON. First the head; then for each table its name and columns, followed by its rows as arrays
 * of PostgreSQL's text form; then the numbers that come next; last the count of rows and the SHA-256 of all lines before.
 */
export const headSchema = z.strictObject({
  civicmeter: z.literal('backup'),
  format: z.literal(1),
  schema: z.string(),
  at: z.string(),
});
const tableSchema = z.strictObject({ table: z.string(), columns: z.array(z.string()) });
const sequenceSchema = z.strictObject({ sequence: z.string(), value: z.string(), called: z.boolean() });
const closingSchema = z.strictObject({ rows: z.int(), sha256: z.string() });

export type Head = z.infer<typeof headSchema>;
export type BackupLine =
  | { readonly kind: 'table'; readonly table: string; readonly columns: readonly string[] }
  | { readonly kind: 'row'; readonly values: string; readonly size: number }
  | { readonly kind: 'sequence'; readonly sequence: string; readonly value: string; readonly called: boolean };

export const newHash = (): Hash => createHash('sha256');

/**
 * Reads a backup from its first line to its last, checking as it goes; what it yielded is proven only when it ends. Throws
 * BACKUP_DAMAGED for a file that is cut or altered, or no backup at all.
 */
export async function* readBackup(file: string): AsyncGenerator<Head | BackupLine> {
  const hash = newHash();
  let [rows, closed, first] = [0, false, true];
  try {
    for await (const line of linesOf(file)) {
      if (closed) throw damaged(file, 'something follows its end');
      const last = line.startsWith('{"rows":');
      if (!last) hash.update(line).update('\n');
      if (line.startsWith('[')) {
        rows++;
        yield { kind: 'row', values: line, size: line.length };
        continue;
      }
      const value: unknown = JSON.parse(line);
      if (first) yield headSchema.parse(value);
      else if (last) {
        const closing = closingSchema.parse(value);
        if (closing.rows !== rows || closing.sha256 !== hash.digest('hex')) throw damaged(file, 'its checksum differs');
        closed = true;
      } else yield lineOf(value);
      first = false;
    }
  } catch (cause) {
    throw isMeteringError(cause) ? cause : failed(file, cause);
  }
  if (!closed) throw damaged(file, 'its end is missing');
}

function lineOf(value: unknown): BackupLine {
  const table = tableSchema.safeParse(value);
  return table.success ? { kind: 'table', ...table.data } : { kind: 'sequence', ...sequenceSchema.parse(value) };
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file);
  const text = createGunzip();
  source.on('error', (error) => text.destroy(error));
  // put together when its end is there: a document is a line of up to 40 MB, in pieces of 16 kB
  let pieces: string[] = [];
  try {
    for await (const chunk of source.pipe(text).setEncoding('utf8')) {
      const [end = '', ...begun] = String(chunk).split('\n');
      pieces.push(end);
      for (const piece of begun) {
        yield pieces.join('');
        pieces = [piece];
      }
    }
  } finally {
    source.destroy();
  }
  const rest = pieces.join('');
  if (rest !== '') yield rest;
}

const codeOf = (cause: unknown): string =>
  typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';

function failed(file: string, cause: unknown): Error {
  if (['ENOENT', 'EACCES', 'EISDIR'].includes(codeOf(cause))) {
    const cure = 'give the path of a file that `civicmeter backup` wrote';
    return requestError('BACKUP_UNREADABLE', 'the backup cannot be read', { place: file, cure, cause });
  }
  return damaged(file, cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause), cause);
}

export const damaged = (file: string, why: string, cause?: unknown): Error =>
  requestError('BACKUP_DAMAGED', `the file is no whole backup: ${why}`, {
    place: file,
    cure: 'take another copy of it, or an earlier backup; nothing has been changed',
    cause,
  });
