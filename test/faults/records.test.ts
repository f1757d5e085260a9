import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backup, restore } from '../../pipeline/books/index.ts';
import type { Registry } from '../../pipeline/domain/index.ts';
import { dumpBooks, openService } from '../../pipeline/index.ts';
import { openKafkaLog } from '../../pipeline/log/kafka/log.ts';
import type { FrameLog } from '../../pipeline/log/port.ts';
import { createTelemetry, silentLogger, systemClock } from '../../pipeline/platform/index.ts';
import { randomOf } from '../oracle/world/random.ts';
import { type KafkaBroker, skipKafka, startKafka } from '../support/kafka.ts';
import { freshBooks, silentTelemetry, stopPostgres } from '../support/postgres.ts';
import { keepFor, sendWithoutKey } from './client.ts';
import { takenIn, until } from './course.ts';
import { openTopic, PARTITIONS } from './fleet.ts';
import { quantiles } from './figures.ts';
import { clean, inForm, patience, SEED } from './form.ts';
import { startInside } from './inside.ts';
import { createLoad, SITE, TICK_MS } from './load.ts';
import { NEW_METER, poisonOf, POISONS } from './poison.ts';

const CHECKPOINT_MS = 100;
const DAY = 86_400_000;

describe.skipIf(skipKafka())('records over a real broker', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(async () => {
    await broker.remove();
    await stopPostgres();
  });
  const inside = (dsn: string, log: FrameLog) => startInside({ dsn, log, checkpointMs: CHECKPOINT_MS });

  it(
    'R8: every kind of poison is kept with its place and its reason, holds nothing up, and what a fix makes good is booked',
    { timeout: inForm(300_000, 3_600_000) },
    async () => {
      const random = randomOf(SEED);
      const load = createLoad({ seed: SEED, devices: 20, poison: 0.01 });
      const { course, log, topic, close } = await openTopic(broker, load);
      const worker = await inside(course.dsn, log);
      const latenciesMs: number[] = [];
      let seq = 0;
      try {
        await course.caughtUp();
        for (let i = 0; i < inForm(60, 600); i++) {
          await course.send(1);
          const kind = POISONS[i % POISONS.length] ?? 'empty';
          const offer = poisonOf(
            random,
            { site: SITE, src: '0000dead', device: 'd-1', at: LATER, seq: () => seq++ },
            kind,
          );
          await course.offer(
            [offer],
            offer.device === null ? (offers) => sendWithoutKey(broker, topic, offers) : undefined,
          );
          latenciesMs.push(await course.caughtUp());
        }
        const places = await course.books.db.selectFrom('quarantine').selectAll().execute();
        expect(
          places.every((p) => p.log.includes(topic) && p.partition >= 0 && p.log_offset >= 0 && p.payload !== null),
        ).toBe(true);
        const fixed: Registry = {
          ...load.registry,
          devices: [...load.registry.devices, newMeter(load.registry)],
        };
        const service = openService({ books: course.books, log, clock: systemClock, telemetry: silentTelemetry() });
        await service.applyRegistry(fixed, { take: 'all', commit: true, by: 'test', reason: 'a meter was forgotten' });
        await course.offer(load.rest());
        await course.caughtUp();
        const { admitted } = await service.replayQuarantine({});
        await service.stop();
        const latency = quantiles(latenciesMs);
        const verdict = await course.verdict(
          {
            test: 'R8',
            seed: SEED,
            faultsFired: { poison: places.length },
            also: { admitted, latencyP95: latency.p95 },
          },
          { registry: fixed, replayed: admitted },
        );
        expect(verdict).toMatchObject(clean);
        expect(admitted).toBeGreaterThanOrEqual(1);
        expect(worker.failure()).toBeUndefined();
        expect(latency.p95).toBeLessThan(patience(1_000));
      } finally {
        await worker.end();
        await close();
      }
    },
  );

  const BACKLOG = inForm(1_000, 10_000);

  it(
    `R14: ${BACKLOG} polls of 40 meters offered at once: what is live is in the books within a minute`,
    { timeout: inForm(400_000, 3_600_000) },
    async () => {
      const load = createLoad({ seed: SEED, devices: 40 });
      const { course, log, close } = await openTopic(broker, load);
      const worker = await inside(course.dsn, log);
      const second = await log.producer();
      const liveMs: number[] = [];
      try {
        await course.caughtUp();
        const backlog = Array.from({ length: BACKLOG }, () => load.tick()).flat();
        const started = performance.now();
        let offered = false;
        const offering = course
          .offer(backlog, (offers) =>
            second.append(offers.map(({ device, value }) => ({ device: device ?? '', value }))),
          )
          .then(() => (offered = true));
        let drained = false;
        while (!drained) {
          drained = offered;
          await course.send(1);
          liveMs.push(await course.caughtUp());
          await wait(100);
        }
        await offering;
        const drainMs = performance.now() - started;
        const live = quantiles(liveMs);
        const verdict = await course.verdict({
          test: 'R14',
          seed: SEED,
          faultsFired: { backlogFrames: backlog.length },
          recoveriesMs: [drainMs],
          also: { liveP95: live.p95, liveMax: live.max },
        });
        expect(verdict).toMatchObject(clean);
        expect(live.p95).toBeLessThan(patience(60_000));
      } finally {
        await worker.end();
        await second.close();
        await close();
      }
    },
  );

  it('R15: books of a backup read on from where it ended, and are the same', { timeout: 300_000 }, async () => {
    const { course, log, close } = await openTopic(broker, createLoad({ seed: SEED, devices: 20 }));
    const file = join(tmpdir(), `faults-${randomBytes(4).toString('hex')}.backup`);
    try {
      const first = await inside(course.dsn, log);
      await course.send(200);
      const before = await course.caughtUp().then(() => takenIn(course.books));
      await backup(course.books.pool, file, { now: Date.now() });
      await course.send(200);
      await course.caughtUp();
      await first.end();
      const restored = await freshBooks();
      await restore(restored.books.pool, file);
      expect(await takenIn(restored.books)).toBe(before);
      const second = await inside(restored.dsn, log);
      const verdict = await course.verdict(
        { test: 'R15', seed: SEED, faultsFired: { restored: 1 } },
        { books: restored.books },
      );
      await second.end();
      const third = await inside(course.dsn, log);
      await course.caughtUp();
      await third.end();
      const service = openService({ books: course.books, log, clock: systemClock, telemetry: silentTelemetry() });
      await service.settle();
      await service.stop();
      expect((await dumpBooks(restored.books.db)).hash).toBe((await dumpBooks(course.books.db)).hash);
      await restored.close();
      expect(verdict).toMatchObject(clean);
      expect(verdict.booked).toBeGreaterThan(before);
    } finally {
      rmSync(file, { force: true });
      await close();
    }
  });

  it(
    'R15: where the topic has forgotten what books of a backup must read, they stop with a code; that it keeps too little is said',
    { timeout: 300_000 },
    async () => {
      const { course, log, topic, topicPrefix, close } = await openTopic(
        broker,
        createLoad({ seed: SEED, devices: 20 }),
      );
      const file = join(tmpdir(), `faults-${randomBytes(4).toString('hex')}.backup`);
      const saidOf = async (): Promise<number | undefined> => {
        const telemetry = createTelemetry(silentLogger());
        const options = { brokers: broker.brokers, topicPrefix, partitionCount: PARTITIONS, clock: systemClock };
        await openKafkaLog({ ...options, telemetry }).then((opened) => opened.close());
        return (await telemetry.counts())['civicmeter_log_retention_short_total'];
      };
      try {
        expect(await saidOf()).toBeUndefined();
        const first = await inside(course.dsn, log);
        await course.send(50);
        const before = await course.caughtUp().then(() => takenIn(course.books));
        await backup(course.books.pool, file, { now: Date.now() });
        await course.send(50);
        await course.caughtUp();
        await keepFor(broker, topic, 1_000);
        expect(await saidOf()).toBe(1);
        // the broker itself forgets
        await until('the topic to be empty', async () =>
          [...(await log.bounds()).values()].every(({ low, high }) => low === high),
        );
        const restored = await freshBooks();
        await restore(restored.books.pool, file);
        await first.end();
        const second = await inside(restored.dsn, log);
        await until('the restored books to refuse the topic', () => second.failure() !== undefined);
        expect(second.failure()).toMatchObject({ code: 'LOG_OFFSET_LOST', retryable: false });
        expect(await takenIn(restored.books)).toBe(before);
        await second.end();
        await restored.close();
        // books that had read it all go on
        await keepFor(broker, topic, DAY);
        const third = await inside(course.dsn, log);
        await course.send(1);
        await third.whileWorking(course.caughtUp());
        await third.end();
      } finally {
        rmSync(file, { force: true });
        await close();
      }
    },
  );
});

const LATER = Date.UTC(2024, 2, 1) + TICK_MS;

/** The meter that poison speaks of; its readings are kept, its point may come later. */
function newMeter({ devices }: Registry): Registry['devices'][number] {
  const [like] = devices;
  if (!like) throw new Error('no device');
  return { ...like, id: NEW_METER };
}
