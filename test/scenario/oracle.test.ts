import { afterAll, describe, expect, it } from 'vitest';
import type { MeterEvent, Registry } from '../../pipeline/domain/index.ts';
import type { OracleInput } from '../oracle/input.ts';
import { dumpOf } from '../oracle/oracle.ts';
import { disturbed, worldOf } from '../oracle/world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { freshBooks, stopPostgres } from '../support/postgres.ts';
import { consumeAll, plant } from '../support/run-books.ts';

afterAll(stopPostgres);

const SEEDS = Number(process.env['SEEDS'] ?? 60);
const FIRST_SEED = Number(process.env['FIRST_SEED'] ?? 1);

const deviceOf = (value: string): string => /"device":"([^"]*)"/.exec(value)?.[1] ?? '';

async function productDump(world: OracleInput, seed: number): Promise<string> {
  const { books, close } = await freshBooks();
  try {
    const registry: Registry = world.registry;
    const events: readonly MeterEvent[] = world.events;
    await plant(books, registry, events);
    const records = world.records.map(({ appendedAt, value }) => ({
      device: deviceOf(value),
      appendedAt,
      value: Buffer.from(value),
    }));
    const { text } = await consumeAll(
      books,
      memoryLog(records, { partitionCount: 1 + (seed % 3), batch: (i) => 1 + ((seed * 31 + i * 17) % 97) }),
    );
    return text;
  } finally {
    await close();
  }
}

const lines = (text: string): readonly string[] => text.split('\n').filter((l) => !l.startsWith('count|'));
const refused = (text: string): readonly string[] => text.split('\n').filter((l) => l.includes('|quarantined:'));
const folded = (text: string): number =>
  text
    .split('\n')
    .filter((l) => l.includes('|folded|'))
    .reduce((sum, l) => sum + Number(l.split('|').at(-1)), 0);

describe('the books against the oracle', () => {
  it.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))(
    'world %i: identical, in order and disturbed',
    { timeout: 60_000 },
    async (seed) => {
      const world = worldOf(seed);
      const want = dumpOf(world).text;
      const got = await productDump(world, seed);
      expect(lines(got)).toEqual(lines(want));
      expect(refused(got)).toEqual(refused(want));
      expect(folded(got)).toBe(folded(want));
      const mixed = disturbed(world, seed);
      expect(lines(await productDump(mixed, seed + 1))).toEqual(lines(want));
    },
  );
});
