import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../pipeline/domain/index.ts';
import { admitBatch } from '../../../pipeline/ledger/batch.ts';
import type { Directory, DirectoryRegister } from '../../../pipeline/ledger/directory.ts';
import { type HotTable, packRow, type RowKey, rowKey } from '../../../pipeline/ledger/hot.ts';
import { joinReadings } from '../../../pipeline/ledger/join-readings.ts';
import { foldRecords, openPartition, type Partition } from '../../../pipeline/ledger/partition.ts';
import {
  bracketStore,
  dirtyRows,
  evict,
  gaugeStore,
  markWritten,
  type RowStore,
} from '../../../pipeline/ledger/rows.ts';
import type { PackedRow } from '../../../pipeline/books/packed-rows.ts';
import type { RowSource } from '../../../pipeline/ledger/store.ts';
import type { LogRecord } from '../../../pipeline/log/port.ts';
import { silentTelemetry } from '../../support/postgres.ts';

const DAY_0 = 20_500;
const BEGIN = DAY_0 * DAY;

const register = (name: string, ordinal: number, more: Partial<DirectoryRegister> = {}): DirectoryRegister => ({
  name,
  ordinal,
  kind: 'counter',
  moduli: [],
  cuts: [],
  ...more,
});

/** Registers of two parts and both kinds; one with a face, one that was replaced within an hour and on an hour. */
const REGISTERS = [
  register('e0', 0),
  register('e1', 1, { modulus: 2_000 }),
  register('p2', 2, { kind: 'gauge' }),
  register('e3', 3, {
    earliest: BEGIN + 30 * MINUTE,
    cuts: [BEGIN + 30 * MINUTE, BEGIN + 3 * HOUR, BEGIN + 5 * HOUR + 10 * MINUTE],
    moduli: [
      { from: BEGIN + 30 * MINUTE, to: BEGIN + 3 * HOUR, modulus: 1_500 },
      { from: BEGIN + 3 * HOUR, to: BEGIN + 5 * HOUR + 10 * MINUTE, modulus: undefined },
      { from: BEGIN + 5 * HOUR + 10 * MINUTE, to: Infinity, modulus: 900 },
    ],
  }),
  register('e16', 16),
];
const PLAIN = REGISTERS.map((r) => (r.name === 'e3' ? register('e3', 3) : r));

const [PLAIN_REGISTERS, PARTED_REGISTERS] = [PLAIN, REGISTERS].map((list) => new Map(list.map((r) => [r.name, r])));

/** Two sites whose meters are alike, so that what is known of them is shared, and whose slots are not. */
function directoryOf(slots: Readonly<Record<string, number>>): Directory {
  const all = Object.entries(slots).flatMap(([site, slotMs], i) => [
    { site, id: 'plain', key: 2 * i + 1, slotMs, registers: PLAIN_REGISTERS ?? new Map() },
    { site, id: 'parted', key: 2 * i + 2, slotMs, registers: PARTED_REGISTERS ?? new Map() },
  ]);
  const sites = [...Map.groupBy(all, (d) => d.site)].map(
    ([site, devices]) => [site, { version: 1, devices: new Map(devices.map((d) => [d.id, d])) }] as const,
  );
  // the hot path asks for nothing else of a site
  return {
    edition: 1,
    sites: new Map(sites) as unknown as Directory['sites'],
    byKey: new Map(all.map((d) => [d.key, d])),
  };
}

const directory = directoryOf({ s: HOUR, q: 15 * MINUTE });

const entry = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.tuple(fc.constantFrom('e0', 'e1', 'p2', 'e3', 'e16'), fc.integer({ min: 0, max: 1_400 })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom('e0', 'e1', 'e3'),
      fc.integer({ min: -5, max: 2_500 }),
      fc.constantFrom('u', 'g'),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('e0', 'x'), fc.constantFrom(0.5, 2 ** 53, -0, 1)) },
);

/** Mostly a device's next frame some minutes later; sometimes one of long ago, of the day after, or no frame. */
const record = fc.record({
  site: fc.constantFrom('s', 's', 'q'),
  device: fc.constantFrom('plain', 'plain', 'plain', 'parted', 'parted', 'nobody'),
  minute: fc.oneof(fc.constantFrom(0, 5, 5, 10, -5, -10, 60), fc.integer({ min: -400, max: 400 })),
  whole: fc.boolean(),
  entries: fc.oneof(
    fc.array(entry, { maxLength: 6 }),
    fc.nat({ max: 1_000 }).map(
      (v) =>
        [
          ['e0', v],
          ['e1', v + 1],
          ['p2', v + 2],
          ['e3', v + 3],
          ['e16', v + 4],
        ] as const,
    ),
  ),
  early: fc.constantFrom(0, 0, 0, 0, 0, 0, 30 * MINUTE),
  spoilt: fc.constantFrom(false, false, false, false, false, false, false, false, false, true),
});

const records = fc.array(record, { minLength: 1, maxLength: 60 }).map((list) => {
  const next = new Map<string, number>();
  return list.map(({ site, device, minute, whole, entries, early, spoilt }, offset): LogRecord => {
    const name = `${site} ${device}`;
    const at = Math.max(BEGIN, (next.get(name) ?? BEGIN + 2 * HOUR) + minute * MINUTE + (whole ? 0 : 137));
    if (minute > 0 && minute < 100) next.set(name, at);
    const frame = { v: 1, src: '0000ab01', site, device, seq: offset, at, r: entries };
    const text = JSON.stringify(frame);
    return {
      partition: 0,
      offset,
      appendedAt: at + 1_000 - early,
      value: Buffer.from(spoilt ? text.replace('"r"', ' "r"') : text),
    };
  });
});

/** The books as far as rows go. */
function shelf(): RowSource & { readonly write: (table: HotTable, rows: readonly PackedRow[]) => void } {
  const stored = new Map<string, PackedRow>();
  const key = (table: HotTable, row: RowKey): string => `${table} ${rowKey(row)}`;
  return {
    readRows: async (table, keys) => keys.flatMap((k) => stored.get(key(table, k)) ?? []),
    write: (table, rows) => rows.forEach((row) => stored.set(key(table, row), { ...row, version: row.version + 1 })),
  };
}

const rowsIn = (stores: readonly RowStore<never>[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    stores.flatMap(({ table, rows }) =>
      [...rows].flatMap(([key, row]) => {
        const hex = Buffer.from(packRow(row)).toString('hex');
        // a row that was looked for and got nothing
        return hex.length === 10 ? [] : [[`${table} ${key}`, hex] as const];
      }),
    ),
  );
const packed = ({ brackets, gauges }: Pick<Partition, 'brackets' | 'gauges'>): Readonly<Record<string, string>> =>
  // only packed bytes are asked for, whatever the rows hold
  rowsIn([brackets, gauges] as unknown as readonly RowStore<never>[]);

it('the hot path gives the rows, the refusals and the counts that reading by reading gives, whatever comes and whenever it commits', async () => {
  let [hot, unusual] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      records,
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }),
      fc.array(fc.constantFrom('go on', 'commit', 'commit', 'forget'), { minLength: 1 }),
      async (given, sizes, turns) => {
        const books = shelf();
        const partition = openPartition(0, 1, 0, 0);
        for (let at = 0, turn = 0; at < given.length; turn++) {
          const batch = given.slice(at, (at += sizes[turn % sizes.length] ?? 1));
          await foldRecords(books, partition, batch, directory, silentTelemetry());
          const then = turns[turn % turns.length];
          if (then === 'go on') continue;
          books.write('bracket', dirtyRows(partition.brackets));
          books.write('gauge', dirtyRows(partition.gauges));
          markWritten(partition.brackets);
          markWritten(partition.gauges);
          if (then !== 'forget') continue;
          evict(partition.brackets, 0);
          evict(partition.gauges, 0);
        }
        const wanted = { brackets: bracketStore(), gauges: gaugeStore() };
        const slow = admitBatch(given, directory);
        await joinReadings(shelf(), wanted, slow.admitted);
        // what was forgotten is asked for again
        await foldRecords(books, partition, given, directory, silentTelemetry());
        expect(packed(partition)).toEqual(packed(wanted));
        const { pending } = partition;
        expect(pending.readings).toBe(2 * slow.readings);
        expect(pending.folded).toBe(2 * slow.admitted.length);
        const told = (q: (typeof slow.quarantined)[number]): string =>
          `${q.record.offset} ${q.ordinal} ${q.reason} ${q.detail}`;
        expect(pending.quarantined.map(told).toSorted()).toEqual(
          [...slow.quarantined, ...slow.quarantined].map(told).toSorted(),
        );
        const seqs = (all: ReadonlyMap<string, readonly number[]>) =>
          [...all].flatMap(([src, list]) => list.map((s) => `${src} ${s}`)).toSorted();
        expect(seqs(pending.seqs)).toEqual([...seqs(slow.seqs), ...seqs(slow.seqs)].toSorted());
        hot += [...partition.brackets.rows.values()].filter((row) => row.open).length;
        unusual += [...partition.brackets.rows.values()].filter((row) => row.lists).length;
      },
    ),
    { numRuns: 300 },
  );
  expect(hot).toBeGreaterThan(100);
  expect(unusual).toBeGreaterThan(100);
});

it('a row that a late frame turned into lists is opened again some frames later, and holds the same', async () => {
  const frameAt = (offset: number, at: number): LogRecord => {
    const value = (at - BEGIN) / MINUTE;
    const frame = { v: 1, src: '0000ab01', site: 's', device: 'plain', seq: offset, at, r: [] as unknown[] };
    frame.r = ['e0', 'e1', 'e3', 'p2'].map((name) => [name, value]);
    return { partition: 0, offset, appendedAt: at + 9 * HOUR, value: Buffer.from(JSON.stringify(frame)) };
  };
  const late = 20;
  const given = Array.from({ length: 80 }, (_, i) =>
    frameAt(i, BEGIN + 4 * HOUR + i * MINUTE - (i === late ? 3 * HOUR : 0)),
  );
  const partition = openPartition(0, 1, 0, 0);
  const held = (): readonly string[] =>
    [...partition.brackets.rows.values(), ...partition.gauges.rows.values()]
      .filter(({ part }) => part === 0)
      .map((row) => (row.open ? 'open' : 'lists'));
  const forms: (readonly string[])[] = [];
  for (const each of given) {
    await foldRecords(shelf(), partition, [each], directory, silentTelemetry());
    forms.push(held());
  }
  const wanted = { brackets: bracketStore(), gauges: gaugeStore() };
  await joinReadings(shelf(), wanted, admitBatch(given, directory).admitted);
  expect(packed(partition)).toEqual(packed(wanted));
  expect([forms[late - 1], forms[late], forms.at(-1)]).toEqual([
    ['open', 'open'],
    ['lists', 'lists'],
    ['open', 'lists'],
  ]);
});
