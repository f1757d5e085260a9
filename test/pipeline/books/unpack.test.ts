import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeBrackets, encodeGauges } from '../../../pipeline/books/codec.ts';
import type { Bracket, GaugeSlot } from '../../../pipeline/domain/index.ts';
import { type FreshBooks, freshBooks, stopPostgres } from '../../support/postgres.ts';
import { dayArbitrary, dayBracketsArbitrary, dayGaugesArbitrary } from './arbitraries.ts';

let fresh: FreshBooks;
beforeAll(async () => {
  fresh = await freshBooks();
});
afterAll(async () => {
  await fresh.close();
  await stopPostgres();
});

const bracketRow = (ordinal: number, { start, first, last }: Bracket) => ({
  ordinal,
  start_at: start,
  first_at: first.at,
  first_value: first.value,
  first_rank: first.rank,
  first_other: first.other?.value ?? null,
  first_other_rank: first.other?.rank ?? null,
  last_at: last.at,
  last_value: last.value,
  last_rank: last.rank,
  last_other: last.other?.value ?? null,
  last_other_rank: last.other?.rank ?? null,
});

const gaugeRow = (ordinal: number, g: GaugeSlot) => ({
  ordinal,
  start_at: g.start,
  min_value: g.min,
  max_value: g.max,
  last_at: g.lastAt,
  last_value: g.last,
});

const rowsOf = <T>(registers: ReadonlyMap<number, readonly T[]>, row: (ordinal: number, item: T) => object): object[] =>
  [...registers].toSorted(([a], [b]) => a - b).flatMap(([ordinal, list]) => list.map((item) => row(ordinal, item)));

const unpacked = async (name: string, bytes: Uint8Array, day: number): Promise<unknown[]> =>
  (await fresh.books.pool.query(`select * from ${name}($1, $2) order by ordinal, start_at`, [Buffer.from(bytes), day]))
    .rows;

test('SQL and program unpack the same brackets from any row', async () => {
  const rows = dayArbitrary.chain((day) => fc.tuple(fc.constant(day), dayBracketsArbitrary(day)));
  await fc.assert(
    fc.asyncProperty(rows, async ([day, registers]) => {
      expect(await unpacked('civicmeter_unpack', encodeBrackets(day, registers), day)).toEqual(
        rowsOf(registers, bracketRow),
      );
    }),
    { numRuns: 100 },
  );
});

test('SQL and program unpack the same gauges from any row', async () => {
  const rows = dayArbitrary.chain((day) => fc.tuple(fc.constant(day), dayGaugesArbitrary(day)));
  await fc.assert(
    fc.asyncProperty(rows, async ([day, registers]) => {
      expect(await unpacked('civicmeter_unpack_gauge', encodeGauges(day, registers), day)).toEqual(
        rowsOf(registers, gaugeRow),
      );
    }),
    { numRuns: 100 },
  );
});

test('the views name site, device and register', async () => {
  const { db, ensurePartitions, pool } = fresh.books;
  const day = 20_500;
  await ensurePartitions([day]);
  await db.insertInto('site').values({ id: 's', name_zh: '', name_en: '', zone: 'UTC', slot_minutes: 60 }).execute();
  const { key } = await db
    .insertInto('device')
    .values({ site: 's', id: 'd', model: 'm', connection: null, interval_ms: 0, ended: null })
    .returning('key')
    .executeTakeFirstOrThrow();
  const register = { device_key: key, carrier: null, unit: 'Wh', scale_num: 1, scale_den: 1, modulus: null };
  await db
    .insertInto('register')
    .values([
      { ...register, ordinal: 0, name: 'e1', kind: 'counter' },
      { ...register, ordinal: 1, name: 'p1', kind: 'gauge' },
    ])
    .execute();
  const start = day * 86_400_000;
  const first = { at: start + 1, value: 10, rank: 1 } as const;
  const last = { at: start + 60_000, value: 12, rank: 0 } as const;
  const packed = { device_key: key, day, part: 0, version: 1 };
  const brackets = Buffer.from(encodeBrackets(day, new Map([[0, [{ start, first, last }]]])));
  const gauges = Buffer.from(encodeGauges(day, new Map([[1, [{ start, min: 1, max: 3, last: 2, lastAt: start }]]])));
  await db
    .insertInto('bracket')
    .values({ ...packed, payload: brackets })
    .execute();
  await db
    .insertInto('gauge')
    .values({ ...packed, payload: gauges })
    .execute();
  const bracketRows = await pool.query(
    'select site, device, register, slot, first_value, last_value, last_rank from bracket_reading',
  );
  expect(bracketRows.rows).toEqual([
    { site: 's', device: 'd', register: 'e1', slot: new Date(start), first_value: 10, last_value: 12, last_rank: 0 },
  ]);
  const gaugeRows = await pool.query(
    'select site, device, register, min_value, max_value, last_value, last_at from gauge_slot',
  );
  expect(gaugeRows.rows).toEqual([
    { site: 's', device: 'd', register: 'p1', min_value: 1, max_value: 3, last_value: 2, last_at: start },
  ]);
});
