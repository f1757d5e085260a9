import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FrameLog, partitionOf } from '../../../pipeline/log/port.ts';
import { byPartition, read, readAll, text, until } from './reader.ts';

/** What an adapter's test provides: a log of its own for each test. */
export interface LogHarness {
  /** Opens the same log again each time; the one before may still be open where the adapter allows it. */
  readonly open: () => Promise<FrameLog>;
  /** Removes the log and makes it anew, empty; no log is open. */
  readonly recreate: () => Promise<void>;
  /** Lets go what lies below `offset` of partition 0, as retention would. */
  readonly forget: (log: FrameLog, offset: number) => Promise<void>;
  readonly remove: () => Promise<void>;
}

type Outgoing = { readonly device: string; readonly value: Uint8Array };

const record = (device: string, i: number): Outgoing => ({ device, value: Buffer.from(`${device}:${i}`) });
const many = (count: number, device: (i: number) => string = (i) => `dev-${i % 7}`): Outgoing[] =>
  Array.from({ length: count }, (_, i) => record(device(i), i));

/** The conformance suite of pipeline/log/port.ts: every adapter passes all of it. */
export function describeLog(name: string, create: () => Promise<LogHarness>): void {
  describe(`the ${name} log`, () => {
    let harness: LogHarness;
    let log: FrameLog;
    const append = async (records: readonly Outgoing[], to = log): Promise<void> => {
      const producer = await to.producer();
      await producer.append(records);
      await producer.close();
    };
    /** A device whose records go to partition 0. */
    const home = (): string => {
      for (let i = 0; ; i++) if (partitionOf(`home-${i}`, log.partitionCount) === 0) return `home-${i}`;
    };

    beforeEach(async () => {
      harness = await create();
      log = await harness.open();
    });
    afterEach(async () => {
      await log.close();
      await harness.remove();
    });

    it('gives back 10,000 records, each once, byte for byte, in the order of their device and with gapless offsets', async () => {
      const sent = many(10_000);
      const producer = await log.producer();
      for (let i = 0; i < sent.length; i += 2_500) await producer.append(sent.slice(i, i + 2_500));
      await producer.close();
      const records = await readAll(log);
      expect(records).toHaveLength(sent.length);
      for (const [partition, part] of byPartition(records)) {
        const expected = sent.filter(({ device }) => partitionOf(device, log.partitionCount) === partition);
        expect(part.map(text)).toEqual(expected.map(({ value }) => value.toString()));
        expect(part.map((r) => r.offset)).toEqual(part.map((_, i) => i));
      }
    });

    it('keeps the order of calls that were not waited for', async () => {
      const producer = await log.producer();
      await Promise.all(Array.from({ length: 30 }, (_, i) => producer.append([record(home(), i)])));
      await producer.close();
      expect((await readAll(log)).map(text)).toEqual(Array.from({ length: 30 }, (_, i) => `${home()}:${i}`));
    });

    it('stamps each record when it takes it, and gives the same stamp ever after', async () => {
      const before = Date.now();
      await append(many(20));
      const after = Date.now();
      const [first, again] = [await readAll(log), await readAll(log)];
      const stamps = (records: typeof first): string[] =>
        records.map((r) => `${r.partition}/${r.offset} ${r.appendedAt}`).sort();
      for (const { appendedAt } of first) {
        expect(appendedAt).toBeGreaterThanOrEqual(before - 1);
        expect(appendedAt).toBeLessThanOrEqual(after + 1);
      }
      expect(stamps(again)).toEqual(stamps(first));
    });

    it('passes on what is no frame untouched', async () => {
      const values = [
        Buffer.from([0, 255, 254, 10, 13, 0]),
        Buffer.alloc(0),
        Buffer.from('{"v":1,'),
        Buffer.alloc(60_000, 7),
      ];
      await append(values.map((value) => ({ device: home(), value })));
      expect((await readAll(log)).map((r) => Buffer.from(r.value))).toEqual(values);
    });

    it('is the same log with the same records after reopening', async () => {
      await append(many(100));
      const [identity, bounds] = [await log.identity(), await log.bounds()];
      const records = await readAll(log);
      await log.close();
      log = await harness.open();
      expect(await log.identity()).toBe(identity);
      expect(await log.bounds()).toEqual(bounds);
      const key = (all: typeof records): string[] => all.map((r) => `${r.partition}/${r.offset} ${text(r)}`).sort();
      expect(key(await readAll(log))).toEqual(key(records));
    });

    it('is another log when it was made anew', async () => {
      const identity = await log.identity();
      await log.close();
      await harness.recreate();
      log = await harness.open();
      expect(await log.identity()).not.toBe(identity);
      expect((await log.bounds()).get(0)).toEqual({ low: 0, high: 0 });
    });

    it('knows its bounds', async () => {
      expect([...(await log.bounds()).keys()]).toEqual(Array.from({ length: log.partitionCount }, (_, p) => p));
      await append(many(50, home));
      expect((await log.bounds()).get(0)).toEqual({ low: 0, high: 50 });
      await harness.forget(log, 20);
      expect((await log.bounds()).get(0)).toEqual({ low: 20, high: 50 });
    });

    it('starts where it is told', async () => {
      await append(many(50, home));
      const records = await readAll(log, { from: (p) => (p === 0 ? 33 : undefined) });
      expect(records.map((r) => r.offset)).toEqual(Array.from({ length: 17 }, (_, i) => 33 + i));
    });

    it('hands over what comes while it runs, and says each time that it has caught up', async () => {
      const reader = await read(log);
      await until('caught up with nothing', () => reader.caughtUp.size === log.partitionCount, reader);
      for (let round = 1; round <= 3; round++) {
        await append([record(home(), round)]);
        await until(`record ${round}`, () => reader.records.length === round && reader.caughtUp.has(0), reader);
      }
      await reader.consumer.stop();
      expect(await reader.ended).toBe('stopped');
      expect(reader.calls.filter((call) => call === 'caughtUp 0').length).toBeGreaterThanOrEqual(4);
    });

    it('hands over one batch of a partition after the other, and ends a stop only after the one under way', async () => {
      await append(many(9_000, home));
      let [busy, most, done] = [0, 0, 0];
      const reader = await read(log, {
        onRecords: async (batch) => {
          most = Math.max(most, ++busy);
          await new Promise((resolve) => setTimeout(resolve, 30));
          busy--;
          done += batch.length;
        },
      });
      await until('a batch under way', () => busy === 1, reader);
      await reader.consumer.stop();
      expect([busy, most]).toEqual([0, 1]);
      expect(done).toBe(reader.records.length);
      const handed = reader.records.length;
      await append(many(10, home));
      expect(reader.records).toHaveLength(handed);
    });

    it('asks again where to start after a rejoin, also one that a handler called for', async () => {
      await append(many(40, home));
      let [rejoined, start] = [false, 0];
      const reader = await read(log, {
        from: (p) => (p === 0 ? start : undefined),
        onRecords: async (_, consumer) => {
          if (rejoined) return;
          [rejoined, start] = [true, 25];
          await consumer.rejoin();
        },
      });
      await until(
        'the rest after the rejoin',
        () => reader.caughtUp.has(0) && reader.records.at(-1)?.offset === 39,
        reader,
      );
      await reader.consumer.rejoin();
      await until(
        'assigned a third time',
        () => reader.calls.filter((c) => c.startsWith('assigned')).length === 3,
        reader,
      );
      await reader.consumer.stop();
      const all = Array.from({ length: log.partitionCount }, (_, p) => p).join(',');
      const life = reader.calls.filter((call) => !call.startsWith('caughtUp'));
      expect(life).toEqual([
        `assigned ${all}`,
        `revoked ${all}`,
        `assigned ${all}`,
        `revoked ${all}`,
        `assigned ${all}`,
      ]);
      const again = reader.records.findIndex((r, i) => i > 0 && r.offset <= (reader.records[i - 1]?.offset ?? -1));
      expect(reader.records.slice(again, again + 15).map((r) => r.offset)).toEqual(
        Array.from({ length: 15 }, (_, i) => 25 + i),
      );
    });

    it('refuses an offset that is not retained any more, and one that never was', async () => {
      await append(many(50, home));
      await harness.forget(log, 20);
      for (const lost of [0, 19, 51]) {
        const reader = await read(log, { from: (p) => (p === 0 ? lost : undefined) });
        expect(await reader.ended).toMatchObject({
          code: 'LOG_OFFSET_LOST',
          context: { offset: lost, low: 20, high: 50 },
        });
        expect(reader.records).toEqual([]);
      }
      expect(await readAll(log, { from: (p) => (p === 0 ? 20 : undefined) })).toHaveLength(30);
    });

    it('refuses a reader that does not say where to start', async () => {
      const consumer = await log.consumer();
      const nothing = (): Promise<void> => Promise.resolve();
      const run = consumer.run({ assigned: () => Promise.resolve(new Map()), records: nothing, revoked: nothing });
      await expect(run).rejects.toMatchObject({ code: 'LOG_START_MISSING' });
    });

    it('ends with the error of a handler, and hands over nothing more', async () => {
      await append(many(9_000, home));
      const defect = new Error('the books are gone');
      const reader = await read(log, { onRecords: () => Promise.reject(defect) });
      expect(await reader.ended).toBe(defect);
      const handed = reader.records.length;
      await expect(
        reader.consumer.run({
          assigned: () => Promise.reject(defect),
          records: () => Promise.reject(defect),
          revoked: () => Promise.reject(defect),
        }),
      ).rejects.toMatchObject({ code: 'LOG_CONSUMER_RUNNING' });
      expect(reader.records).toHaveLength(handed);
    });

    it('scans what is retained from an offset up to the high mark of now, at the pace of who takes it', async () => {
      await append(many(6_000, home));
      await harness.forget(log, 10);
      const offsets: number[] = [];
      for await (const batch of log.scan(0, 5)) {
        if (offsets.length === 0) await append(many(5, home));
        offsets.push(...batch.map((r) => r.offset));
      }
      expect(offsets).toEqual(Array.from({ length: 5_990 }, (_, i) => 10 + i));
      let taken = 0;
      for await (const batch of log.scan(0, 5_999)) {
        taken += batch.length;
        break;
      }
      expect(taken).toBeGreaterThan(0);
      for await (const batch of log.scan(0, 6_005)) expect(batch).toBe('nothing lies there');
    });

    it('never trims what is not committed', async () => {
      await append(many(30, home));
      await log.trim(Date.now() + 1_000, new Map([[0, 12]]));
      const { low = -1, high } = (await log.bounds()).get(0) ?? {};
      expect(low).toBeLessThanOrEqual(12);
      expect(high).toBe(30);
      expect((await readAll(log, { from: (p) => (p === 0 ? 12 : undefined) })).map((r) => r.offset)).toHaveLength(18);
    });
  });
}
