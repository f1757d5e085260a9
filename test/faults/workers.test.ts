import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomOf } from '../oracle/world/random.ts';
import { type KafkaBroker, skipKafka, startKafka } from '../support/kafka.ts';
import { stopPostgres } from '../support/postgres.ts';
import { until } from './course.ts';
import { type Member, openFleet, SESSION_MS } from './fleet.ts';
import { clean, inForm, patience, SEED } from './form.ts';
import { createLoad } from './load.ts';
import { freezeInTransaction, killInCommit, refusedAttempts } from './strikes.ts';

describe.skipIf(skipKafka())('stream workers as processes', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(async () => {
    await broker.remove();
    await stopPostgres();
  });

  const KILLS = inForm(6, 200);

  it(
    `R1: ${KILLS} workers killed, half of them between COMMIT and its reply`,
    { timeout: inForm(400_000, 9_000_000) },
    async () => {
      const random = randomOf(SEED);
      const fleet = await openFleet(broker, createLoad({ seed: SEED, devices: 30 }));
      const { course } = fleet;
      for (let i = 0; i < 3; i++) await fleet.join();
      const sending = course.keepSending(100);
      await until('all workers at work', fleet.settled);
      const fired = { killed: 0, killedInCommit: 0 };
      const recoveriesMs: number[] = [];
      try {
        for (let i = 0; i < KILLS; i++) {
          await wait(random.int(50, 3_000));
          const victim = random.pick(fleet.members);
          if (i % 2 === 0) fired.killedInCommit += (await killInCommit(victim)) ? 1 : 0;
          await victim.worker().end('SIGKILL');
          fired.killed += 1;
          victim.proxy.setWeather({});
          victim.again();
          recoveriesMs.push(await course.caughtUp());
        }
        await sending.stop();
        const fencedAttempts = fleet.members.reduce((sum, member) => sum + member.count('commitFenced'), 0);
        const verdict = await course.verdict({
          test: 'R1',
          seed: SEED,
          faultsFired: fired,
          recoveriesMs,
          fencedAttempts,
        });
        expect(verdict).toMatchObject(clean);
        expect(fired.killed).toBe(KILLS);
        expect(fired.killedInCommit).toBeGreaterThanOrEqual(Math.floor(KILLS / 2 / 1.5));
        expect(verdict.recoveryMs.p95).toBeLessThan(patience(SESSION_MS + 5_000));
      } finally {
        await sending.stop();
        await fleet.close();
      }
    },
  );

  const FREEZES = inForm(2, 50);

  it(
    `R5: ${FREEZES} workers stopped inside a transaction and woken when others have taken over`,
    { timeout: inForm(400_000, 9_000_000) },
    async () => {
      const random = randomOf(SEED);
      const fleet = await openFleet(broker, createLoad({ seed: SEED, devices: 30 }));
      const { course } = fleet;
      for (let i = 0; i < 2; i++) await fleet.join();
      const sending = course.keepSending(100);
      const fired = { frozenWithLock: 0, frozenBeforeLock: 0 };
      const recoveriesMs: number[] = [];
      let fenced = 0;
      try {
        for (let i = 0; i < FREEZES; i++) {
          await until('both at work', fleet.settled);
          const victim = random.pick(fleet.members);
          const withLock = i % 2 === 0;
          const before = refusedAttempts(victim);
          await freezeInTransaction(
            victim,
            fleet.members.filter((member) => member !== victim),
            withLock,
          );
          fired[withLock ? 'frozenWithLock' : 'frozenBeforeLock'] += 1;
          recoveriesMs.push(await course.caughtUp());
          victim.worker().signal('SIGCONT');
          await until('the woken worker to be refused', () => refusedAttempts(victim) > before);
          fenced += refusedAttempts(victim) - before;
          await course.caughtUp();
        }
        await sending.stop();
        const verdict = await course.verdict({
          test: 'R5',
          seed: SEED,
          faultsFired: fired,
          recoveriesMs,
          fencedAttempts: fenced,
        });
        expect(verdict).toMatchObject(clean);
        expect(fired.frozenWithLock + fired.frozenBeforeLock).toBe(FREEZES);
        expect(verdict.fencedAttempts).toBeGreaterThanOrEqual(FREEZES);
        expect(verdict.recoveryMs.max).toBeLessThan(patience(SESSION_MS + 5_000));
      } finally {
        await sending.stop();
        await fleet.close();
      }
    },
  );

  const SECONDS = inForm(25, 300);

  it(
    `R9: the books answer 200 ms later, and now and then after 10 s, for ${SECONDS} s: memory stays, and nobody loses a partition`,
    { timeout: (SECONDS * 2 + 200) * 1_000 },
    async () => {
      const random = randomOf(SEED);
      const fleet = await openFleet(broker, createLoad({ seed: SEED, devices: 30 }));
      const { course } = fleet;
      const member = await fleet.join();
      const sending = course.keepSending(50);
      let [stalls, calls] = [0, 0];
      try {
        await until('the worker at work', fleet.settled);
        await wait(SECONDS * 500);
        const quiet = rssOf(member);
        const claims = member.count('claimed');
        member.proxy.setWeather({
          delayMs: (direction) => {
            if (direction === 'up') return 100;
            calls += 1;
            // the tenth at the latest, so that a short run has one as well
            if (!random.chance(0.01) && !(stalls === 0 && calls >= 10)) return 100;
            stalls += 1;
            return 10_000;
          },
        });
        await wait(SECONDS * 1_000);
        const slow = rssOf(member);
        expect(member.count('claimed'), 'claims').toBe(claims);
        member.proxy.setWeather({});
        const recoveriesMs = [await course.caughtUp()];
        await sending.stop();
        const verdict = await course.verdict({
          test: 'R9',
          seed: SEED,
          faultsFired: { ...member.proxy.fired(), stalls },
          recoveriesMs,
          also: { quietRssMiB: Math.round(quiet / 2 ** 20), slowRssMiB: Math.round(slow / 2 ** 20) },
        });
        expect(verdict).toMatchObject(clean);
        expect(stalls).toBeGreaterThanOrEqual(1);
        expect(verdict.faultsFired['delayed']).toBeGreaterThan(100);
        expect(slow).toBeLessThanOrEqual(1.5 * quiet);
      } finally {
        await sending.stop();
        await fleet.close();
      }
    },
  );
});

/** The most that its process of now has held. */
const rssOf = ({ worker }: Member): number => Math.max(...worker().events.map(({ rss }) => rss ?? 0));
