import type { Books } from '../../../pipeline/books/index.ts';
import type { LogRecord } from '../../../pipeline/log/port.ts';

/** Seconds that a consumer needs that only parses the same frames. */
export function parseFloor(batches: readonly (readonly LogRecord[])[]): number {
  const started = performance.now();
  let seen = 0;
  for (const batch of batches) {
    for (const { value } of batch) {
      try {
        const frame = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()) as {
          readonly r: readonly unknown[];
        };
        seen += frame.r.length;
      } catch {
        seen += 1;
      }
    }
  }
  if (seen === 0) throw new Error('no frames');
  return (performance.now() - started) / 1_000;
}

/** Seconds that a bare writer needs for the same packed rows, once each, in one transaction. */
export async function writeFloor(books: Books): Promise<number> {
  const { rows } = await books.pool.query<{ device_key: number; day: number; part: number; payload: Buffer }>(
    'select device_key, day, part, payload from bracket',
  );
  await books.pool.query(
    'create table bare (device_key int4, day int4, part int2, version int4, payload bytea, primary key (device_key, day, part))',
  );
  const started = performance.now();
  const chunk = 2_000;
  const client = await books.pool.connect();
  try {
    await client.query('begin');
    for (let i = 0; i < rows.length; i += chunk) {
      const part = rows.slice(i, i + chunk);
      await client.query(
        'insert into bare select a, b, c, 1, d from unnest($1::int4[], $2::int4[], $3::int2[], $4::bytea[]) as u(a, b, c, d)',
        [part.map((r) => r.device_key), part.map((r) => r.day), part.map((r) => r.part), part.map((r) => r.payload)],
      );
    }
    await client.query('commit');
  } finally {
    client.release();
  }
  const seconds = (performance.now() - started) / 1_000;
  await books.pool.query('drop table bare');
  return seconds;
}
