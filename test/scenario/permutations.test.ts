import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Books, openBooks } from '../../pipeline/books/index.ts';
import { dumpOf } from '../oracle/oracle.ts';
import { disturbed, worldOf } from '../oracle/world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { freshDatabase, freshBooks, silentTelemetry, stopPostgres } from '../support/postgres.ts';
import { consumeAll, plant } from '../support/run-books.ts';
import { createHash } from 'node:crypto';

/** All thousand in CI; on a user's machine a sample, unless PERMUTATIONS says otherwise. */
const COUNT = Number(process.env['PERMUTATIONS'] ?? (process.env['CI'] ? 1_000 : 60));
const SHARDS = 20;
const WORLD = 11;

const world = worldOf(WORLD);
const deviceOf = (value: string): string => /"device":"([^"]*)"/.exec(value)?.[1] ?? '';
const hashOf = (text: string): string =>
  createHash('sha256')
    .update(
      text
        .split('\n')
        .filter((l) => !l.startsWith('count|'))
        .join('\n'),
    )
    .digest('hex');

describe(`${COUNT} permutations of one log, 5 % of it twice and 10 % late by up to 40 days`, () => {
  const want = hashOf(dumpOf(world).text);
  let template = '';
  beforeAll(async () => {
    const fresh = await freshBooks();
    await plant(fresh.books, world.registry, world.events);
    template = new URL(fresh.dsn).pathname.slice(1);
    await fresh.books.close();
  });
  afterAll(stopPostgres);

  const run = async (seed: number): Promise<string> => {
    const { dsn, close } = await freshDatabase(template);
    let books: Books | undefined;
    try {
      books = await openBooks({ dsn, telemetry: silentTelemetry() });
      const records = disturbed(world, seed).records.map(({ appendedAt, value }) => ({
        device: deviceOf(value),
        appendedAt,
        value: Buffer.from(value),
      }));
      const { text } = await consumeAll(books, memoryLog(records, { batch: (i) => 1 + ((seed * 31 + i * 17) % 197) }));
      return hashOf(text);
    } finally {
      await books?.close();
      await close();
    }
  };

  it.each(Array.from({ length: SHARDS }, (_, i) => i))(
    'part %i: one hash, the oracle’s',
    { timeout: 300_000 },
    async (part) => {
      const hashes = new Set<string>();
      for (let seed = part; seed < COUNT; seed += SHARDS) hashes.add(await run(seed));
      expect([...hashes]).toEqual([want]);
    },
  );
});
