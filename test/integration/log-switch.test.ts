import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '#platform';
import { runRelay, toLog } from '../../collectors/spool/relay.ts';
import { openSpool } from '../../collectors/spool/spool.ts';
import { createCompound, createWorld, history, scheduleFaults } from '../../fixtures/simulator/index.ts';
import { DAY } from '../../pipeline/domain/index.ts';
import { openEmbeddedLog } from '../../pipeline/log/embedded/log.ts';
import { openKafkaLog } from '../../pipeline/log/kafka/log.ts';
import type { FrameLog } from '../../pipeline/log/port.ts';
import { type KafkaBroker, skipKafka, startKafka } from '../support/kafka.ts';
import { freshBooks, silentTelemetry, stopPostgres } from '../support/postgres.ts';
import { consumeAll, plant } from '../support/run-books.ts';
import { check, models } from '../support/sites.ts';

const FROM = Date.UTC(2026, 4, 1, 16);
const TO = FROM + 12 * DAY;

const checked = check(readFileSync(new URL('../../fixtures/sites/compound.yaml', import.meta.url), 'utf8'));
if ('problems' in checked) throw new Error('the compound has problems');
const { registry } = checked;

/** The compound with every fault on, day by day, as collectors hand it over. */
const batches = () => {
  const compound = createCompound(5, models);
  const faults = scheduleFaults(compound, { seed: 5, from: FROM, to: TO, each: 1 });
  return history(createWorld(compound, faults), { from: FROM, to: TO });
};

describe.skipIf(skipKafka())('one scenario over both logs', () => {
  let broker: KafkaBroker;
  const dir = mkdtempSync(join(tmpdir(), 'civicmeter-switch-'));
  const telemetry = silentTelemetry();
  const clock: Clock = systemClock;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(async () => {
    await broker.remove();
    await stopPostgres();
    rmSync(dir, { recursive: true, force: true });
  });

  const spoolOf = (name: string) => openSpool({ file: join(dir, name), clock, telemetry });

  async function booksOver(log: FrameLog): Promise<string> {
    const { books, close } = await freshBooks();
    try {
      await plant(books, registry, []);
      return (await consumeAll(books, log)).text;
    } finally {
      await close();
    }
  }

  async function overEmbedded(): Promise<string> {
    const spool = await spoolOf('embedded.sqlite');
    for (const batch of batches()) await spool.append(batch);
    const log = openEmbeddedLog({ file: spool });
    try {
      return await booksOver(log);
    } finally {
      await log.close();
      await spool.close();
    }
  }

  async function overKafka(): Promise<string> {
    const spool = await spoolOf('kafka.sqlite');
    const log = await openKafkaLog({
      brokers: broker.brokers,
      clock,
      telemetry,
      topicPrefix: 'switch',
      partitionCount: 3,
    });
    const ending = new AbortController();
    const producer = await log.producer();
    const relay = runRelay({ spool, deliver: toLog(producer), clock, random: () => 0.5, telemetry }, ending.signal);
    try {
      for (const batch of batches()) await spool.append(batch);
      const deadline = clock.now() + 60_000;
      while (spool.depth().frames > 0 && clock.now() < deadline) await clock.sleep(50);
      expect(spool.depth().frames).toBe(0);
      return await booksOver(log);
    } finally {
      ending.abort();
      await relay;
      await producer.close();
      await log.close();
      await spool.close();
    }
  }

  it('the books are byte-identical', { timeout: 180_000 }, async () => {
    const embedded = await overEmbedded();
    const kafka = await overKafka();
    expect(embedded.split('\n').length).toBeGreaterThan(10_000);
    expect(kafka).toBe(embedded);
  });
});
