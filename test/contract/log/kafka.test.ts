import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import type { Admin, EachBatchPayload, ISocketFactory, Kafka } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTelemetry, silentLogger, systemClock } from '#platform';
import { runRelay, toLog } from '../../../collectors/spool/relay.ts';
import { openSpool } from '../../../collectors/spool/spool.ts';
import { type KafkaLogOptions, openKafkaLog } from '../../../pipeline/log/kafka/log.ts';
import { Assignment } from '../../../pipeline/log/kafka/assignment.ts';
import { isRetriable } from '../../../pipeline/log/kafka/client.ts';
import { kafkajs } from '../../../pipeline/log/kafka/library.ts';
import { createKafkaProducer } from '../../../pipeline/log/kafka/producer.ts';
import { scanPartition } from '../../../pipeline/log/kafka/scan.ts';
import { startSession } from '../../../pipeline/log/kafka/session.ts';
import { ensureTopics, framesTopic, markOf, verifyTopic } from '../../../pipeline/log/kafka/topics.ts';
import { type FrameLog, type LogRecord, partitionOf } from '../../../pipeline/log/port.ts';
import { type KafkaBroker, skipKafka, startKafka } from '../../support/kafka.ts';
import { describeLog } from './log.contract.ts';
import { type Reader, read, readAll, text, until } from './reader.ts';

describe.skipIf(skipKafka())('against a real broker', () => {
  let broker: KafkaBroker;
  const logs: FrameLog[] = [];

  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(async () => {
    for (const log of logs) await log.close().catch(() => undefined);
    await broker.remove();
  });

  /** A client of its own for each use: a long-lived one keeps what it knew of a topic's leaders. */
  const administer = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  };
  const telemetry = createTelemetry(silentLogger());
  const newPrefix = (): string => `test-${randomBytes(4).toString('hex')}`;
  const open = async (topicPrefix: string, options: Partial<KafkaLogOptions> = {}): Promise<FrameLog> => {
    const common = { brokers: broker.brokers, clock: systemClock, telemetry, topicPrefix, partitionCount: 3 };
    const log = await openKafkaLog({ ...common, ...options });
    logs.push(log);
    return log;
  };
  const deleteTopics = (prefix: string): Promise<void> =>
    administer((admin) =>
      admin.deleteTopics({ topics: ['frames', 'findings', 'quarantine'].map((name) => `${prefix}.${name}`) }),
    );
  const forget = (prefix: string, partition: number, offset: number): Promise<void> =>
    administer(async (admin) => {
      const topic = `${prefix}.frames`;
      // Loads the topic's leaders, which the next call needs and does not load itself.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    });
  const append = async (log: FrameLog, count: number, device: (i: number) => string = (i) => `dev-${i % 9}`) => {
    const producer = await log.producer();
    await producer.append(
      Array.from({ length: count }, (_, i) => ({ device: device(i), value: Buffer.from(String(i)) })),
    );
    await producer.close();
  };

  describeLog('Kafka', async () => {
    const prefix = newPrefix();
    return {
      open: () => open(prefix),
      recreate: () => deleteTopics(prefix),
      forget: (_, offset) => forget(prefix, 0, offset),
      remove: () => deleteTopics(prefix),
    };
  });

  describe('the Kafka log beyond the port', () => {
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

    it('makes its topics with the settings that its promises need', async () => {
      const prefix = newPrefix();
      await open(prefix, { retentionMs: 86_400_000 });
      const { resources } = await administer((admin) =>
        admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: `${prefix}.frames` }],
        }),
      );
      const settings = Object.fromEntries(resources[0]?.configEntries.map((e) => [e.configName, e.configValue]) ?? []);
      expect(settings).toMatchObject({
        'cleanup.policy': 'delete',
        'message.timestamp.type': 'LogAppendTime',
        'min.insync.replicas': '1',
        'retention.ms': '86400000',
        'unclean.leader.election.enable': 'false',
      });
      const topics = await administer((admin) => admin.listTopics());
      expect(topics.filter((t) => t.startsWith(prefix)).toSorted()).toEqual(
        ['findings', 'frames', 'quarantine'].map((name) => `${prefix}.${name}`),
      );
    });

    it('puts a device where our function says', async () => {
      const log = await open(newPrefix());
      await append(log, 90);
      for (const record of await readAll(log))
        expect(record.partition).toBe(partitionOf(`dev-${Number(text(record)) % 9}`, 3));
    });

    it('refuses a topic with another number of partitions, and one that somebody set up otherwise', async () => {
      const prefix = newPrefix();
      await open(prefix);
      await expect(open(prefix, { partitionCount: 4 })).rejects.toMatchObject({ code: 'LOG_PARTITIONS_CHANGED' });
      const foreign = newPrefix();
      await administer((admin) => admin.createTopics({ topics: [{ topic: `${foreign}.frames`, numPartitions: 3 }] }));
      await expect(open(foreign)).rejects.toMatchObject({
        kind: 'ConfigError',
        code: 'LOG_TOPIC_SETTINGS',
        cure: expect.stringContaining('message.timestamp.type=LogAppendTime') as string,
      });
    });

    it('says when no broker answers', async () => {
      const nobody = { brokers: ['127.0.0.1:1'] };
      await expect(open(newPrefix(), nobody)).rejects.toMatchObject({ code: 'LOG_UNREACHABLE', place: '127.0.0.1:1' });
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
        const wanted = { topicPrefix, partitionCount: 1, retentionMs: 86_400_000 };
        const opened = await ensureTopics(admin, wanted, systemClock, () => markOf(1n));
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
        const kafka = new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING });
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
        const wanted = { topicPrefix, partitionCount: 1, retentionMs: 86_400_000 };
        const opened = await ensureTopics(admin, wanted, systemClock, () => markOf(1n));
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
      const kafka = new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING });
      await administer(async (admin) => {
        const wanted = { topicPrefix, partitionCount: 1, retentionMs: 86_400_000 };
        const opened = await ensureTopics(admin, wanted, systemClock, () => markOf(1n));
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
      await deleteTopics(prefix);
      const anew = await open(prefix);
      await append(anew, 900);
      expect(await reader.ended).toMatchObject({ code: 'LOG_REPLACED', retryable: false });
      expect(reader.records).toHaveLength(9);
      await expect(log.identity()).rejects.toMatchObject({ code: 'LOG_REPLACED' });
    });

    it('takes the next records after one that the broker refuses for its size', async () => {
      const log = await open(newPrefix());
      const producer = await log.producer();
      const big = { device: 'dev-1', value: Buffer.alloc(3 * 1024 * 1024) };
      await expect(producer.append([big])).rejects.toMatchObject({ kind: 'StoreError', code: 'LOG_APPEND_FAILED' });
      await producer.append([{ device: 'dev-1', value: Buffer.from('next') }]);
      await producer.close();
      expect((await readAll(log)).map(text)).toEqual(['next']);
    });

    /** Breaks the connection off at the requests of this API key (Kafka's protocol) that `breaks` names. */
    const breaking =
      (apiKey: number, breaks: (request: Buffer) => boolean): ISocketFactory =>
      ({ host, port, onConnect }) => {
        const socket = connect({ host, port }, onConnect);
        const write = socket.write.bind(socket);
        socket.write = (data: Uint8Array, ...rest: unknown[]) => {
          const request = Buffer.from(data);
          if (request.readInt16BE(4) !== apiKey || !breaks(request)) return write(data, ...(rest as []));
          socket.destroy(new Error('read ECONNRESET'));
          return false;
        };
        return socket;
      };
    const METADATA = 3;
    const FIND_COORDINATOR = 10;

    it('asks for metadata again where the connection broke off during the request', async () => {
      const topicPrefix = newPrefix();
      const topic = framesTopic(topicPrefix);
      const wanted = { topicPrefix, partitionCount: 3, retentionMs: 86_400_000 };
      const opened = await administer((admin) => ensureTopics(admin, wanted, systemClock, () => markOf(1n)));
      // The first loads the library's cache; the second is the one whose loss kafkajs does not report.
      let asked = 0;
      const socketFactory = breaking(METADATA, (request) => {
        if (!request.includes(topic)) return false;
        asked += 1;
        return asked === 2;
      });
      const brokers = [...broker.brokers];
      const admin = new kafkajs.Kafka({ brokers, socketFactory, logLevel: kafkajs.logLevel.NOTHING }).admin();
      await admin.connect();
      await verifyTopic(admin, topic, opened, systemClock);
      await admin.disconnect();
      expect(asked).toBeGreaterThan(2);
    });

    it('takes a coordinator that cannot be found for one that will be', async () => {
      const prefix = newPrefix();
      await open(prefix);
      const kafka = new kafkajs.Kafka({
        brokers: [...broker.brokers],
        socketFactory: breaking(FIND_COORDINATOR, () => true),
        retry: { retries: 1, initialRetryTime: 10, restartOnFailure: () => Promise.resolve(false) },
        logLevel: kafkajs.logLevel.NOTHING,
      });
      const consumer = kafka.consumer({ groupId: `${prefix}.lost` });
      const crash = new Promise<Error>((resolve) =>
        consumer.on('consumer.crash', ({ payload }) => resolve(payload.error)),
      );
      await consumer.connect();
      await consumer.subscribe({ topics: [framesTopic(prefix)] });
      await Promise.race([consumer.run({ eachBatch: () => Promise.resolve() }), crash]).catch(() => undefined);
      const error = await crash;
      await consumer.disconnect().catch(() => undefined);
      expect(error.message).toContain('Failed to find group coordinator');
      expect(isRetriable(error)).toBe(true);
    });

    it('loses nothing of what follows a send whose answer went missing', async () => {
      const prefix = newPrefix();
      const log = await open(prefix);
      let deaf = false;
      const socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
        const socket = connect({ host, port }, onConnect);
        const emit = socket.emit.bind(socket);
        socket.emit = (event: string | symbol, ...args: unknown[]) =>
          (deaf && event === 'data') || emit(event, ...args);
        return socket;
      };
      const kafka = new kafkajs.Kafka({
        brokers: [...broker.brokers],
        socketFactory,
        requestTimeout: 1_000,
        retry: { retries: 1, initialRetryTime: 100 },
        logLevel: kafkajs.logLevel.NOTHING,
      });
      const producer = createKafkaProducer(kafka, `${prefix}.frames`, 3);
      const send = (value: string): Promise<void> => producer.append([{ device: 'dev-1', value: Buffer.from(value) }]);
      await send('first');
      deaf = true;
      await expect(send('taken, not answered')).rejects.toMatchObject({ code: 'LOG_APPEND_FAILED' });
      deaf = false;
      await send('another');
      await producer.close();
      expect((await readAll(log)).map(text)).toEqual(['first', 'taken, not answered', 'another']);
    });

    it('stays a member of its group while a batch takes longer than a session', async () => {
      await until('longer than a session', () => Date.now() - slowSince > 11_000, slow);
      handling.resolve();
      await until('all handled', () => slow.records.length === 9 && slow.caughtUp.size === 3, slow);
      await slow.consumer.stop();
      expect(slow.calls.filter((call) => !call.startsWith('caughtUp'))).toEqual(['assigned 0,1,2']);
    });

    it(
      'says of brokers that do not answer that waiting can help, whatever it is asked',
      { timeout: 180_000 },
      async () => {
        const log = await open(newPrefix());
        await broker.kill();
        const asked = [log.identity(), log.bounds(), log.scan(0, 0)[Symbol.asyncIterator]().next()];
        for (const answer of await Promise.allSettled(asked))
          expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'LOG_UNREACHABLE', retryable: true } });
        await broker.restart();
        expect((await log.bounds()).size).toBe(3);
      },
    );

    it('gets every frame of the spool, though the broker was killed and restarted meanwhile', async () => {
      const log = await open(newPrefix());
      const producer = await log.producer();
      const reader = await read(log);
      await until('assigned', () => reader.caughtUp.size === 3, reader);
      const folder = mkdtempSync(join(tmpdir(), 'relay-'));
      const spool = await openSpool({ file: join(folder, 'spool.db'), clock: systemClock, telemetry });
      const stopping = new AbortController();
      const relay = runRelay(
        { spool, deliver: toLog(producer), clock: systemClock, random: Math.random, telemetry },
        stopping.signal,
      );
      let spooled = 0;
      const spoolSome = async (): Promise<void> => {
        const devices = Array.from({ length: 20 }, (_, j) => `dev-${j}`);
        await spool.append(
          devices.map((device) => ({ site: 's', device, at: spooled, r: [['e1', spooled]] as const })),
        );
        spooled += devices.length;
      };
      for (let i = 0; i < 20; i++) await spoolSome();
      await until('some arrived', () => reader.records.length > 200, reader);
      await broker.kill();
      for (let i = 0; i < 20; i++) await spoolSome();
      await broker.restart();
      for (let i = 0; i < 20; i++) await spoolSome();
      const seqOf = (record: LogRecord): number => (JSON.parse(text(record)) as { seq: number }).seq;
      await until('all arrived', () => new Set(reader.records.map(seqOf)).size === spooled, reader, 60_000);
      await until('the spool is empty', () => spool.depth().frames === 0, reader);
      stopping.abort();
      await relay;
      await spool.close();
      await producer.close();
      await reader.consumer.stop();
      rmSync(folder, { recursive: true, force: true });
      expect(new Set(reader.records.map(seqOf)).size).toBe(1_200);
    });
  });
});
