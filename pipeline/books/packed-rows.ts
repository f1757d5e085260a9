import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from './tables.ts';

/** A packed row as the books hold it, of brackets or of gauges. */
export interface PackedRow {
  readonly deviceKey: number;
  /** UTC. */
  readonly day: number;
  readonly part: number;
  /** 0: believed to be new. */
  readonly version: number;
  readonly payload: Uint8Array;
}

/** device_key, day, part, version, length of the payload. */
const HEAD_BYTES = 4 + 4 + 2 + 4 + 4;

/**
 * All rows that a statement finds, as one value for `packedRows`: a message and a few strings for each row cost the client more than reading them, and the server
 * wakes it up for each 8 KiB of messages and would go on before it lets it run. To be asked for a few thousand rows at a time: the server makes at most 1 GB of it.
 */
export const PACKED_ROWS = sql<Buffer | null>`
  string_agg(int4send(device_key) || int4send(day) || int2send(part) || int4send(version) || int4send(octet_length(payload)) || payload, '')`;

/** All rows `from` a table, in no order. */
export async function readPacked(db: Kysely<Tables>, from: RawBuilder<unknown>): Promise<PackedRow[]> {
  const { rows } = await sql<{ all: Buffer | null }>`select ${PACKED_ROWS} as all from ${from}`.execute(db);
  return packedRows(rows[0]?.all);
}

/** In no order. */
export function packedRows(all: Buffer | null | undefined): PackedRow[] {
  const found: PackedRow[] = [];
  const bytes = all ?? Buffer.alloc(0);
  for (let at = 0; at < bytes.length;) {
    const from = at + HEAD_BYTES;
    const to = from + bytes.readInt32BE(from - 4);
    found.push({
      deviceKey: bytes.readInt32BE(at),
      day: bytes.readInt32BE(at + 4),
      part: bytes.readInt16BE(at + 8),
      version: bytes.readInt32BE(at + 10),
      payload: bytes.subarray(from, to),
    });
    at = to;
  }
  return found;
}
