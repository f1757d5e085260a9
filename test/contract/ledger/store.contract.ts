import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PackedRow } from '../../../pipeline/books/packed-rows.ts';
import type { Batch, LedgerStore } from '../../../pipeline/ledger/store.ts';
import { smallRegistry } from '../../support/small-site.ts';

export interface StoreCounts {
  readonly records: number;
  readonly readings: number;
  readonly folded: number;
  readonly quarantined: number;
}

/** What an adapter's test provides: a store whose registry is REGISTRY in its first version. */
export interface StoreHarness {
  readonly store: LedgerStore;
  readonly counts: () => Promise<StoreCounts>;
  /** seq ranges of a source, as "0-5,7-9". */
  readonly seqs: (partition: number, src: string) => Promise<string>;
  /** The registry gets a new version. */
  readonly changeRegistry: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

export const REGISTRY = smallRegistry([{ point: 'p' }, { point: 'q' }]);

const LOG = 'log-1';
const DAY = 20_500;
const row = (part: number, version: number, text: string): PackedRow => ({
  deviceKey: 1,
  day: DAY,
  part,
  version,
  payload: Buffer.from(text),
});
const textOf = ({ payload }: PackedRow): string => Buffer.from(payload).toString();

/** The conformance suite of pipeline/ledger/store.ts: every adapter passes all of it. */
export function describeStore(name: string, create: () => Promise<StoreHarness>): void {
  describe(`the ledger's store ${name}`, () => {
    let harness: StoreHarness;
    let store: LedgerStore;
    let edition: number;

    beforeEach(async () => {
      harness = await create();
      store = harness.store;
      edition = await store.registryEdition();
      await store.acquaint(LOG, 4);
    });
    afterEach(() => harness.remove());

    const batch = (more: Partial<Batch>): Batch => ({
      log: LOG,
      partition: 0,
      epoch: 1,
      from: 0,
      to: 10,
      records: 10,
      readings: 20,
      folded: 20,
      quarantined: [],
      seqs: new Map(),
      edition,
      rows: { bracket: [], gauge: [] },
      marks: [],
      ...more,
    });
    const brackets = async (...parts: readonly number[]): Promise<readonly PackedRow[]> =>
      (
        await store.readRows(
          'bracket',
          parts.map((part) => ({ deviceKey: 1, day: DAY, part })),
        )
      ).toSorted((a, b) => a.part - b.part);

    it('begins a partition that nobody has read at the log’s low end, and later where the last commit ended', async () => {
      expect(await store.claim(LOG, 0, 7)).toEqual({ next: 7, epoch: 1 });
      expect(await store.commit(batch({ from: 7, to: 9 }))).toEqual({ outcome: 'committed' });
      expect(await store.claim(LOG, 0, 0)).toEqual({ next: 9, epoch: 2 });
      expect(await store.position(LOG, 0)).toEqual({ next: 9, epoch: 2 });
      expect(await store.position(LOG, 1)).toBeUndefined();
    });

    it('keeps rows byte for byte, each commit with one version more', async () => {
      await store.claim(LOG, 0, 0);
      await store.commit(batch({ rows: { bracket: [row(0, 0, 'one'), row(1, 0, 'other')], gauge: [row(0, 0, 'g')] } }));
      await store.commit(batch({ from: 10, to: 11, rows: { bracket: [row(0, 1, 'two')], gauge: [] } }));
      const found = await brackets(0, 1, 2);
      expect(found.map((r) => [r.part, r.version, textOf(r)])).toEqual([
        [0, 2, 'two'],
        [1, 1, 'other'],
      ]);
      const [gauge] = await store.readRows('gauge', [{ deviceKey: 1, day: DAY, part: 0 }]);
      expect(gauge && textOf(gauge)).toBe('g');
    });

    it('writes nothing for a worker whose partition somebody else has claimed', async () => {
      await store.claim(LOG, 0, 0);
      await store.claim(LOG, 0, 0);
      const late = batch({ rows: { bracket: [row(0, 0, 'zombie')], gauge: [] } });
      expect(await store.commit(late)).toEqual({ outcome: 'fenced' });
      expect(await store.position(LOG, 0)).toEqual({ next: 0, epoch: 2 });
      expect(await brackets(0)).toEqual([]);
      expect((await harness.counts()).folded).toBe(0);
    });

    it('takes the same records once, though two workers with one epoch commit them', async () => {
      const { epoch } = await store.claim(LOG, 0, 0);
      const spans = Array.from({ length: 20 }, (_, i) => ({ from: i * 10, to: i * 10 + 10 }));
      for (const span of spans) {
        const outcomes = await Promise.all([
          store.commit(batch({ ...span, epoch })),
          store.commit(batch({ ...span, epoch })),
        ]);
        expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['committed', 'fenced']);
      }
      expect(await harness.counts()).toEqual({ records: 200, readings: 400, folded: 400, quarantined: 0 });
      // a position that lies behind, or ahead, is no place to write from
      expect(await store.commit(batch({ from: 190, to: 260, epoch }))).toEqual({ outcome: 'fenced' });
      expect(await store.commit(batch({ from: 210, to: 220, epoch }))).toEqual({ outcome: 'fenced' });
      expect(await store.position(LOG, 0)).toEqual({ next: 200, epoch });
    });

    it('writes nothing at all where a row was written by somebody else, and names those rows', async () => {
      await store.claim(LOG, 0, 0);
      await store.claim(LOG, 1, 0);
      await store.commit(batch({ rows: { bracket: [row(0, 0, 'first')], gauge: [] } }));
      const raced = batch({
        partition: 1,
        rows: { bracket: [row(0, 0, 'second'), row(1, 0, 'free')], gauge: [row(0, 3, 'unknown')] },
      });
      const answer = await store.commit(raced);
      expect(answer.outcome).toBe('raced');
      expect(answer.outcome === 'raced' && [answer.rows.bracket.length, answer.rows.gauge.length]).toEqual([1, 1]);
      expect((await brackets(0, 1)).map(textOf)).toEqual(['first']);
      expect(await store.position(LOG, 1)).toEqual({ next: 0, epoch: 1 });
      expect((await harness.counts()).records).toBe(10);
      const known = batch({ partition: 1, rows: { bracket: [row(0, 1, 'both')], gauge: [] } });
      expect(await store.commit(known)).toEqual({ outcome: 'committed' });
      expect((await brackets(0)).map((r) => [r.version, textOf(r)])).toEqual([[2, 'both']]);
    });

    it('takes and gives more rows than travel at once, and names the raced ones among them all', async () => {
      await store.claim(LOG, 0, 0);
      const day = (deviceKey: number, version: number): PackedRow => ({
        ...row(0, version, `d${deviceKey}`),
        deviceKey,
      });
      const all = Array.from({ length: 20_000 }, (_, i) => i + 1);
      await store.commit(batch({ rows: { bracket: all.map((key) => day(key, 0)), gauge: [] } }));
      const found = await store.readRows(
        'bracket',
        [...all, 30_000].map((deviceKey) => ({ deviceKey, day: DAY, part: 0 })),
      );
      expect(
        found.map((r) => [r.deviceKey, r.version, textOf(r)]).toSorted(([a], [b]) => Number(a) - Number(b)),
      ).toEqual(all.map((key) => [key, 1, `d${key}`]));
      const raced = batch({
        from: 10,
        to: 20,
        rows: { bracket: all.map((key) => day(key, key % 9_999 === 1 ? 0 : 1)), gauge: [] },
      });
      const answer = await store.commit(raced);
      expect(
        answer.outcome === 'raced' && answer.rows.bracket.map((r) => r.deviceKey).toSorted((a, b) => a - b),
      ).toEqual(all.filter((key) => key % 9_999 === 1));
    });

    it('writes nothing that was admitted under a registry that is no longer in force', async () => {
      await store.claim(LOG, 0, 0);
      await harness.changeRegistry();
      const old = batch({ rows: { bracket: [row(0, 0, 'old')], gauge: [] } });
      expect(await store.commit(old)).toEqual({ outcome: 'outdated' });
      expect(await brackets(0)).toEqual([]);
      const directory = await store.loadDirectory();
      expect(directory.edition).toBe(await store.registryEdition());
      expect(await store.commit({ ...old, edition: directory.edition })).toEqual({ outcome: 'committed' });
    });

    it('keeps what was refused with the offset that moved past it, and every number of a source that it saw', async () => {
      await store.claim(LOG, 2, 0);
      const record = { partition: 2, offset: 3, appendedAt: 1_772_000_000_000, value: Buffer.from('{"v":9}\0') };
      await store.commit(
        batch({
          partition: 2,
          quarantined: [{ record, ordinal: -1, reason: 'not-a-frame', detail: 'v' }],
          seqs: new Map([['0000000a', [0, 1, 2, 2, 7]]]),
        }),
      );
      await store.commit(batch({ partition: 2, from: 10, to: 12, seqs: new Map([['0000000a', [3, 7, 8]]]) }));
      expect((await harness.counts()).quarantined).toBe(1);
      expect(await harness.seqs(2, '0000000a')).toBe('0-4,7-9');
    });

    it('refuses a log of another partition count under a known identity', async () => {
      await store.acquaint(LOG, 4);
      await expect(store.acquaint(LOG, 5)).rejects.toMatchObject({ code: 'PARTITIONS_CHANGED' });
    });
  });
}
