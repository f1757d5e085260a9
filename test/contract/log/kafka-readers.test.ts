import type { Admin, EachBatchPayload, Kafka } from 'kafkajs';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#platform';
import { Assignment } from '../../../pipeline/log/kafka/assignment.ts';
import { kafkajs } from '../../../pipeline/log/kafka/library.ts';
import { scanPartition } from '../../../pipeline/log/kafka/scan.ts';
import { startSession } from '../../../pipeline/log/kafka/session.ts';
import { framesTopic } from '../../../pipeline/log/kafka/topics.ts';
import type { LogRecord } from '../../../pipeline/log/port.ts';
import { skipKafka } from '../../support/kafka.ts';
import { append, kafkaSite, newPrefix, telemetry } from './kafka-site.ts';
import { type Reader, read, until } from './reader.ts';

describe.skipIf(skipKafka())('readers of the log in a real broker', () => {
  const { client, administer, open, ensure, deleteTopic, forget } = kafkaSite();
  const handling = Promise.withResolvers<void>();
  let slow: Reader;
  let slowSince: number;

  beforeAll(async () => {
    const log = await open(newPrefix());
    await append(log, 9);
    slow = await read(log, { onRecords: () => handling.promise });
    await until('a batch under way', () => slow.records.length > 0, slow);
    slowSince = Date.now();
  });

  it('shares the partitions among the readers of a group, each record to one of them', async () => {
    const log = await open(newPrefix());
    await append(log, 90);
    const seen = new Map<number, number>();
    const onward = {
      from: (p: number) => seen.get(p) ?? 0,
      onRecords: async (records: readonly { partition: number; offset: number }[]) => {
        for (const { partition, offset } of records) seen.set(partition, offset + 1);
      },
    };
    const first = await read(log, onward);
    await until('one reader has all', () => first.caughtUp.size === 3, first);
    const second = await read(log, onward);
    await until('the second has its share', () => second.calls.some((c) => c.startsWith('assigned')), second);
    await until('the first gave it up', () => first.calls.filter((c) => c.startsWith('assigned')).length >= 2, first);
    await append(log, 90);
    await until('all arrived', () => first.records.length + second.records.length >= 180, first);
    expect(first.calls).toContain('revoked 0,1,2');
    const last = (reader: typeof first): string[] =>
      (reader.calls.findLast((c) => c.startsWith('assigned')) ?? '').replace('assigned ', '').split(',');
    expect([...last(first), ...last(second)].toSorted()).toEqual(['0', '1', '2']);
    const keys = [...first.records, ...second.records].map((r) => `${r.partition}/${r.offset}`);
    expect(keys).toHaveLength(180);
    expect(new Set(keys).size).toBe(180);
    await first.consumer.stop();
    await until('the second took over', () => second.calls.includes('assigned 0,1,2'), second);
    await second.consumer.stop();
  });

  it('passes over nothing where a batch comes that an assignment before had fetched further on; a hole comes twice', async () => {
    const topicPrefix = newPrefix();
    const topic = framesTopic(topicPrefix);
    const log = await open(topicPrefix, { partitionCount: 1 });
    await append(log, 10);
    await administer(async (admin) => {
      const opened = await ensure(admin, topicPrefix, 1);
      const sought: string[] = [];
      const handed: number[] = [];
      const consumer = {
        pause: () => undefined,
        resume: () => undefined,
        seek: ({ offset }: { readonly offset: string }) => void sought.push(offset),
      };
      const handlers = {
        assigned: () => Promise.resolve(new Map([[0, 4]])),
        records: (_: number, records: readonly LogRecord[]) => {
          handed.push(...records.map((r) => r.offset));
          return Promise.resolve();
        },
        revoked: () => Promise.resolve(),
      };
      const kafka = client();
      const context = { kafka, admin, clock: systemClock, topic, groupId: topicPrefix, opened, sessionMs: undefined };
      const assignment = new Assignment(context, consumer, handlers, (error) => {
        throw error;
      });
      const hand = (from: number, to: number): Promise<void> =>
        assignment.handle({
          batch: {
            partition: 0,
            highWatermark: '10',
            messages: Array.from({ length: to - from }, (_, i) => ({
              offset: String(from + i),
              timestamp: '0',
              value: Buffer.from('x'),
            })),
          },
          resolveOffset: () => undefined,
          // the parts of a batch that an assignment looks at
        } as unknown as EachBatchPayload);
      assignment.assign([0]);
      await hand(7, 10);
      expect(handed).toEqual([]);
      expect(sought).toEqual(['4', '4']);
      await hand(4, 6);
      await hand(8, 10);
      expect(handed).toEqual([4, 5]);
      await hand(8, 10);
      expect(handed).toEqual([4, 5, 8, 9]);
      await assignment.end();
    });
  });

  it('ends with what ended it, also where the group is left while it asks where to start or is told to start anew', async () => {
    const topicPrefix = newPrefix();
    const topic = framesTopic(topicPrefix);
    await open(topicPrefix, { partitionCount: 1 });
    await administer(async (admin) => {
      const opened = await ensure(admin, topicPrefix, 1);
      const listeners = new Map<string, (event: { readonly payload: unknown }) => void>();
      const tell = (event: string, payload: unknown = {}): void => listeners.get(event)?.({ payload });
      let inGroup = true;
      const ask = (): void => {
        if (!inGroup) throw new kafkajs.KafkaJSNonRetriableError('Consumer group was not initialized');
      };
      const nothing = (): Promise<void> => Promise.resolve();
      const kafka = {
        consumer: () => ({
          on: (event: string, listener: () => void) => void listeners.set(event, listener),
          connect: nothing,
          subscribe: nothing,
          run: nothing,
          disconnect: nothing,
          pause: ask,
          resume: ask,
          seek: ask,
        }),
        // the parts of the library that a session uses
      } as unknown as Kafka;
      const asked = Promise.withResolvers<void>();
      const start = Promise.withResolvers<ReadonlyMap<number, number>>();
      const session = startSession(
        { kafka, admin, clock: systemClock, topic, groupId: topicPrefix, opened },
        {
          assigned: () => {
            asked.resolve();
            return start.promise;
          },
          records: nothing,
          revoked: nothing,
        },
      );
      tell('consumer.group_join', { memberAssignment: { [topic]: [0] } });
      await asked.promise;
      inGroup = false;
      tell('consumer.stop');
      session.reassign();
      start.resolve(new Map([[0, 0]]));
      // the look at the log that follows the answer
      await admin.fetchTopicOffsets(topic);
      await admin.fetchTopicOffsets(topic);
      const error = new kafkajs.KafkaJSConnectionError('the broker is gone');
      tell('consumer.crash', { error });
      expect(await session.ended).toEqual({ kind: 'failed', error });
    });
  });

  it('refuses to go on where retention overtook a reader that runs', async () => {
    const prefix = newPrefix();
    const log = await open(prefix, { partitionCount: 1 });
    for (let round = 0; round < 3; round++)
      await append(log, 30_000, () => `a device with a long name ${'x'.repeat(200)}`);
    const held = Promise.withResolvers<void>();
    const reader = await read(log, { onRecords: () => held.promise });
    await until('the first batch', () => reader.records.length > 0, reader);
    const handed = reader.records.length;
    expect(handed).toBeLessThan(90_000);
    await forget(prefix, 0, 89_990);
    held.resolve();
    expect(await reader.ended).toMatchObject({ code: 'LOG_OFFSET_LOST', context: { low: 89_990, high: 90_000 } });
    // What was fetched before may still come; nothing after the gap.
    expect(reader.records.map((r) => r.offset)).toEqual(reader.records.map((_, i) => i));
    expect(reader.records.length).toBeLessThan(89_990);
  });

  it('scans what is retained, also where retention goes on between a look at it and the first record', async () => {
    const topicPrefix = newPrefix();
    const topic = framesTopic(topicPrefix);
    const log = await open(topicPrefix, { partitionCount: 1 });
    await append(log, 10);
    const kafka = client();
    await administer(async (admin) => {
      const opened = await ensure(admin, topicPrefix, 1);
      let looks = 0;
      const forgetting: Admin = {
        ...admin,
        fetchTopicOffsets: async (asked) => {
          const bounds = await admin.fetchTopicOffsets(asked);
          if (++looks === 1) await forget(topicPrefix, 0, 4);
          return bounds;
        },
      };
      const groupId = `${topicPrefix}.scan`;
      const context = { kafka, admin: forgetting, clock: systemClock, topic, groupId, opened };
      const offsets: number[] = [];
      for await (const records of scanPartition(context, telemetry, 0, 0))
        offsets.push(...records.map((r) => r.offset));
      expect(offsets).toEqual([4, 5, 6, 7, 8, 9]);
    });
  });

  it('scans on with what is retained where retention overtakes it in the middle', async () => {
    const prefix = newPrefix();
    const log = await open(prefix, { partitionCount: 1 });
    for (let round = 0; round < 3; round++)
      await append(log, 30_000, () => `a device with a long name ${'x'.repeat(200)}`);
    const offsets: number[] = [];
    let handed = 0;
    for await (const records of log.scan(0, 0)) {
      offsets.push(...records.map((r) => r.offset));
      if (handed === 0) await forget(prefix, 0, 89_990);
      handed ||= offsets.length;
    }
    expect(handed).toBeLessThan(89_990);
    expect(offsets.slice(-10)).toEqual(Array.from({ length: 10 }, (_, i) => 89_990 + i));
    expect(offsets.every((offset, i) => i === 0 || offset > (offsets[i - 1] ?? 0))).toBe(true);
  });

  it('notices a topic that was made anew under a reader that runs, also when it holds more than before', async () => {
    const prefix = newPrefix();
    const log = await open(prefix);
    await append(log, 9);
    const reader = await read(log);
    await until('caught up', () => reader.records.length === 9 && reader.caughtUp.size === 3, reader);
    await deleteTopic(prefix);
    const anew = await open(prefix);
    await append(anew, 900);
    expect(await reader.ended).toMatchObject({ code: 'LOG_REPLACED', retryable: false });
    expect(reader.records).toHaveLength(9);
    await expect(log.identity()).rejects.toMatchObject({ code: 'LOG_REPLACED' });
  });

  it('stays a member of its group while a batch takes longer than a session', async () => {
    await until('longer than a session', () => Date.now() - slowSince > 11_000, slow);
    handling.resolve();
    await until('all handled', () => slow.records.length === 9 && slow.caughtUp.size === 3, slow);
    await slow.consumer.stop();
    expect(slow.calls.filter((call) => !call.startsWith('caughtUp'))).toEqual(['assigned 0,1,2']);
  });
});
