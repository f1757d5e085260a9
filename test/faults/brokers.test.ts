import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrameLog } from '../../pipeline/log/port.ts';
import { randomOf } from '../oracle/world/random.ts';
import { type KafkaBroker, skipKafka, startKafka } from '../support/kafka.ts';
import { freshBooks, stopPostgres } from '../support/postgres.ts';
import { plant } from '../support/run-books.ts';
import { administer } from './client.ts';
import { takenIn, until } from './course.ts';
import { openTopic, PARTITIONS } from './fleet.ts';
import { clean, inForm, patience, SEED } from './form.ts';
import { startInside } from './inside.ts';
import { createLoad, type Offer } from './load.ts';

const CHECKPOINT_MS = 100;

describe.skipIf(skipKafka())('over a real broker', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(async () => {
    await broker.remove();
    await stopPostgres();
  });
  const inside = (dsn: string, log: FrameLog) => startInside({ dsn, log, checkpointMs: CHECKPOINT_MS });

  const RESTARTS = inForm(3, 40);

  it(
    `R3: the broker restarted ${RESTARTS} times, cleanly or killed, while frames are written and read`,
    { timeout: inForm(400_000, 7_200_000) },
    async () => {
      const random = randomOf(SEED);
      const { course, log, close } = await openTopic(broker, createLoad({ seed: SEED, devices: 30 }));
      const worker = await inside(course.dsn, log);
      const sending = course.keepSending(50);
      const fired = { killed: 0, stopped: 0, appendsRefused: 0 };
      const recoveriesMs: number[] = [];
      try {
        for (let i = 0; i < RESTARTS; i++) {
          await worker.whileWorking(course.caughtUp());
          await wait(random.int(200, 2_000));
          if (i % 2 === 0) await broker.kill();
          else await broker.stop();
          fired[i % 2 === 0 ? 'killed' : 'stopped'] += 1;
          await broker.restart();
          recoveriesMs.push(await worker.whileWorking(course.caughtUp(180_000)));
        }
        await sending.stop();
        fired.appendsRefused = course.refusals();
        const verdict = await course.verdict({
          test: 'R3',
          seed: SEED,
          faultsFired: fired,
          recoveriesMs,
          also: { connectionsLost: await worker.count('logConnectionLost') },
        });
        expect(verdict).toMatchObject(clean);
        expect(fired.killed + fired.stopped).toBe(RESTARTS);
        expect(fired.appendsRefused + (await worker.count('logConnectionLost'))).toBeGreaterThanOrEqual(1);
        expect(verdict.recoveryMs.p95).toBeLessThan(patience(30_000));
      } finally {
        await sending.stop();
        await worker.end();
        await close();
      }
    },
  );

  const STORM_MS = inForm(20_000, 600_000);

  it(
    `R6: a worker joins or leaves every 2 s for ${STORM_MS / 1_000} s: at least half of the pace is kept`,
    { timeout: STORM_MS * 3 + 300_000 },
    async () => {
      const { course, log, close } = await openTopic(broker, createLoad({ seed: SEED, devices: 30 }));
      const workers = [await inside(course.dsn, log), await inside(course.dsn, log)];
      const sending = course.keepSending(50);
      let guest: Awaited<ReturnType<typeof inside>> | undefined;
      const fired = { joined: 0, left: 0 };
      try {
        await course.caughtUp();
        const paceOver = async (work: () => Promise<void>): Promise<number> => {
          const [started, from] = [performance.now(), await takenIn(course.books)];
          await work();
          return ((await takenIn(course.books)) - from) / ((performance.now() - started) / 1_000);
        };
        const quiet = await paceOver(() => wait(STORM_MS / 2));
        const stormy = await paceOver(async () => {
          for (const deadline = performance.now() + STORM_MS; performance.now() < deadline; await wait(2_000)) {
            if (guest) {
              const leaving = guest;
              guest = undefined;
              await leaving.end();
              fired.left += 1;
            } else {
              guest = await inside(course.dsn, log);
              fired.joined += 1;
            }
          }
        });
        await sending.stop();
        const verdict = await course.verdict({
          test: 'R6 storm',
          seed: SEED,
          faultsFired: fired,
          also: { quietPerSecond: Math.round(quiet), stormyPerSecond: Math.round(stormy) },
        });
        expect(verdict).toMatchObject(clean);
        expect(fired.joined + fired.left).toBeGreaterThanOrEqual(inForm(4, 100));
        expect(stormy).toBeGreaterThanOrEqual(quiet / patience(2));
      } finally {
        await sending.stop();
        for (const worker of guest ? [...workers, guest] : workers) await worker.end();
        await close();
      }
    },
  );

  it(
    'R6: partitions added under load stop the workers with a code; new books over the larger topic are the same',
    { timeout: 300_000 },
    async () => {
      const load = createLoad({ seed: SEED, devices: 30 });
      const { course, log, topic, open, close } = await openTopic(broker, load);
      const worker = await inside(course.dsn, log);
      const sending = course.keepSending(50);
      const larger = PARTITIONS + 2;
      try {
        await course.caughtUp();
        await administer(broker, (admin) =>
          admin.createPartitions({ topicPartitions: [{ topic, count: larger }], validateOnly: false }),
        );
        await until('the worker to stop', () => worker.failure() !== undefined);
        await sending.stop();
        expect(worker.failure()).toMatchObject({ code: 'LOG_PARTITIONS_CHANGED' });
        await expect(open(PARTITIONS)).rejects.toMatchObject({ code: 'LOG_PARTITIONS_CHANGED' });
        const grown = await open(larger);
        const old = await inside(course.dsn, grown);
        await until('the old books to refuse the topic', () => old.failure() !== undefined);
        expect(old.failure()).toMatchObject({ code: 'PARTITIONS_CHANGED' });
        await old.end();
        // devices move: their frames are now in two partitions
        const producer = await grown.producer();
        const append = (offers: readonly Offer[]) =>
          producer.append(offers.map(({ device, value }) => ({ device: device ?? '', value })));
        for (let i = 0; i < 50; i++) await course.offer(load.tick(), append);
        await course.offer(load.rest(), append);
        const fresh = await freshBooks();
        await plant(fresh.books, load.registry, []);
        const reader = await inside(fresh.dsn, grown);
        const verdict = await course.verdict(
          { test: 'R6 partitions', seed: SEED, faultsFired: { partitionsAdded: larger - PARTITIONS } },
          { books: fresh.books, log: grown },
        );
        await reader.end();
        await producer.close();
        await fresh.close();
        await grown.close();
        expect(verdict).toMatchObject(clean);
      } finally {
        await sending.stop();
        await worker.end();
        await close();
      }
    },
  );
});
