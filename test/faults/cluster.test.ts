import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomOf } from '../oracle/world/random.ts';
import { type KafkaCluster, skipKafka, startKafkaCluster } from '../support/kafka.ts';
import { stopPostgres } from '../support/postgres.ts';
import { administer } from './client.ts';
import { until } from './course.ts';
import { openTopic } from './fleet.ts';
import { clean, inForm, patience, SEED } from './form.ts';
import { startInside } from './inside.ts';
import { createLoad } from './load.ts';

const BROKERS = 3;
const CHECKPOINT_MS = 100;

describe.skipIf(skipKafka())('over three brokers, three copies of each record, two of which must stand', () => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await startKafkaCluster(BROKERS);
  });
  afterAll(async () => {
    await cluster.remove();
    await stopPostgres();
  });

  /** Every broker has all there is of the topic. */
  const inStep = (topic: string): Promise<boolean> =>
    administer(cluster, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic, '__consumer_offsets'] });
      return topics.every(({ partitions }) => partitions.every(({ isr }) => isr.length === BROKERS));
    });

  const [KILLS, STOPS] = [inForm(3, 20), inForm(0, 20)];

  it(
    `R3: one broker after the other killed, ${KILLS} times, or stopped, ${STOPS} times: the other two go on without it`,
    { timeout: inForm(400_000, 7_200_000) },
    async () => {
      const random = randomOf(SEED);
      const { course, log, topic, close } = await openTopic(cluster, createLoad({ seed: SEED, devices: 30 }));
      const worker = await startInside({ dsn: course.dsn, log, checkpointMs: CHECKPOINT_MS });
      const sending = course.keepSending(50);
      const fired = { killed: 0, stopped: 0, appendsRefused: 0 };
      const recoveriesMs: number[] = [];
      try {
        for (let i = 0; i < KILLS + STOPS; i++) {
          await worker.whileWorking(course.caughtUp());
          await until('the copies to be in step', () => inStep(topic));
          await wait(random.int(200, 2_000));
          const node = cluster.nodes[i % BROKERS];
          const how = i < KILLS ? 'killed' : 'stopped';
          await (how === 'killed' ? node?.kill() : node?.stop());
          fired[how] += 1;
          const [struck, taken] = [performance.now(), course.acceptances()];
          // the first may have been on its way before
          await until('the other two to take frames', () => course.acceptances() > taken + 1);
          await worker.whileWorking(course.caughtUp());
          recoveriesMs.push(performance.now() - struck);
          await until('the copy to be missed', async () => !(await inStep(topic)));
          await node?.restart();
        }
        await sending.stop();
        fired.appendsRefused = course.refusals();
        const verdict = await course.verdict({
          test: 'R3 cluster',
          seed: SEED,
          faultsFired: fired,
          recoveriesMs,
          also: { brokers: BROKERS, connectionsLost: await worker.count('logConnectionLost') },
        });
        expect(verdict).toMatchObject(clean);
        expect(fired.killed + fired.stopped).toBe(KILLS + STOPS);
        expect(verdict.recoveryMs.p95).toBeLessThan(patience(30_000));
      } finally {
        await sending.stop();
        await worker.end();
        await close();
      }
    },
  );
});
