import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ISocketFactory } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#platform';
import { runRelay, toLog } from '../../../collectors/spool/relay.ts';
import { openSpool } from '../../../collectors/spool/spool.ts';
import { isRetriable } from '../../../pipeline/log/kafka/client.ts';
import { kafkajs } from '../../../pipeline/log/kafka/library.ts';
import { createKafkaProducer } from '../../../pipeline/log/kafka/producer.ts';
import { framesTopic, verifyTopic } from '../../../pipeline/log/kafka/topics.ts';
import { type LogRecord, partitionOf } from '../../../pipeline/log/port.ts';
import { skipKafka } from '../../support/kafka.ts';
import { append, kafkaSite, newPrefix, telemetry } from './kafka-site.ts';
import { describeLog } from './log.contract.ts';
import { read, readAll, text, until } from './reader.ts';

describe.skipIf(skipKafka())('the log in a real broker', () => {
  const { broker, client, administer, open, ensure, deleteTopic, forget } = kafkaSite();

  describeLog('Kafka', async () => {
    const prefix = newPrefix();
    return {
      open: () => open(prefix),
      recreate: () => deleteTopic(prefix),
      forget: (_, offset) => forget(prefix, 0, offset),
      remove: () => deleteTopic(prefix),
    };
  });

  it('makes its topic with the settings that its promises need, and no other', async () => {
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
    expect(topics.filter((t) => t.startsWith(prefix))).toEqual([`${prefix}.frames`]);
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
    const opened = await administer((admin) => ensure(admin, topicPrefix, 3));
    // The first loads the library's cache; the second is the one whose loss kafkajs does not report.
    let asked = 0;
    const socketFactory = breaking(METADATA, (request) => {
      if (!request.includes(topic)) return false;
      asked += 1;
      return asked === 2;
    });
    const admin = client({ socketFactory }).admin();
    await admin.connect();
    await verifyTopic(admin, topic, opened, systemClock);
    await admin.disconnect();
    expect(asked).toBeGreaterThan(2);
  });

  it('takes a coordinator that cannot be found for one that will be', async () => {
    const prefix = newPrefix();
    await open(prefix);
    const kafka = client({
      socketFactory: breaking(FIND_COORDINATOR, () => true),
      retry: { retries: 1, initialRetryTime: 10, restartOnFailure: () => Promise.resolve(false) },
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
      socket.emit = (event: string | symbol, ...args: unknown[]) => (deaf && event === 'data') || emit(event, ...args);
      return socket;
    };
    const kafka = client({
      socketFactory,
      requestTimeout: 1_000,
      retry: { retries: 1, initialRetryTime: 100 },
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

  it(
    'says of brokers that do not answer that waiting can help, whatever it is asked',
    { timeout: 180_000 },
    async () => {
      const log = await open(newPrefix());
      await broker().kill();
      const asked = [log.identity(), log.bounds(), log.scan(0, 0)[Symbol.asyncIterator]().next()];
      for (const answer of await Promise.allSettled(asked))
        expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'LOG_UNREACHABLE', retryable: true } });
      await broker().restart();
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
      await spool.append(devices.map((device) => ({ site: 's', device, at: spooled, r: [['e1', spooled]] as const })));
      spooled += devices.length;
    };
    for (let i = 0; i < 20; i++) await spoolSome();
    await until('some arrived', () => reader.records.length > 200, reader);
    await broker().kill();
    for (let i = 0; i < 20; i++) await spoolSome();
    await broker().restart();
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
