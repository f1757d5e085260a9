import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../pipeline/platform/index.ts';
import { randomOf } from '../oracle/world/random.ts';
import { memoryLog } from '../support/memory-log.ts';
import { stopPostgres } from '../support/postgres.ts';
import { openCourse, until } from './course.ts';
import { clean, inForm, patience, SEED } from './form.ts';
import { portOf, startInside, through } from './inside.ts';
import { createLoad } from './load.ts';
import { isCommit, startProxy } from './proxy.ts';
import { endConnections, postmaster } from './strikes.ts';

afterAll(stopPostgres);

const DAY = 86_400_000;

describe('R4: the books fail', () => {
  const UNKNOWN = inForm(60, 500);

  it(
    `outcomes of ${UNKNOWN} commits that nobody told are found out by looking, none is guessed`,
    { timeout: inForm(300_000, 3_600_000) },
    async () => {
      const random = randomOf(SEED);
      const load = createLoad({ seed: SEED, devices: 6, poison: 0.01 });
      const course = await openCourse({ load, log: memoryLog([], { batch: () => 2 }) });
      await course.send(UNKNOWN);
      const proxy = await startProxy(portOf(course.dsn));
      const fired = { replySwallowed: 0, commitLost: 0 };
      const unanswered = new Set<number>();
      proxy.setWeather({
        onBytes: (bytes, direction, link) => {
          if (direction === 'down') {
            if (!unanswered.delete(link.id)) return undefined;
            // it stands, and is not told
            fired.replySwallowed += 1;
            link.reset();
            return 'drop';
          }
          if (!isCommit(bytes) || fired.replySwallowed + fired.commitLost >= UNKNOWN || random.chance(0.3))
            return undefined;
          if (random.chance(0.9)) {
            unanswered.add(link.id);
            return undefined;
          }
          // it does not stand, and looks the same to the worker
          fired.commitLost += 1;
          link.reset();
          return 'drop';
        },
      });
      const worker = await startInside({ dsn: through(course.dsn, proxy), log: course.log, checkpointMs: 1 });
      try {
        await course.offer(load.rest());
        await course.caughtUp(inForm(180_000, 3_000_000));
        const fencedAttempts = await worker.count('commitFenced');
        const verdict = await course.verdict({ test: 'R4 unknown', seed: SEED, faultsFired: fired, fencedAttempts });
        expect(verdict).toMatchObject(clean);
        expect(verdict.fencedAttempts, 'a guess would be refused at the next commit').toBe(0);
        expect(fired.replySwallowed + fired.commitLost).toBe(UNKNOWN);
        expect(fired.commitLost).toBeGreaterThanOrEqual(1);
      } finally {
        await worker.end();
        await proxy.close();
        await course.close();
      }
    },
  );

  const BLOWS = inForm(6, 60);

  it(
    `${BLOWS} times all connections are ended or the server is killed, and the books are the same`,
    { timeout: inForm(300_000, 3_600_000) },
    async () => {
      const random = randomOf(SEED + 1);
      const load = createLoad({ seed: SEED + 1, devices: 6 });
      const course = await openCourse({ load, log: memoryLog([], { batch: () => 2 }) });
      await course.send(inForm(200, 2_000));
      const fired = { connectionsEnded: 0, serverKilled: 0 };
      const recoveriesMs: number[] = [];
      // slow enough that each blow meets work
      const proxy = await startProxy(portOf(course.dsn), { delayMs: (direction) => (direction === 'up' ? 5 : 0) });
      const worker = await startInside({ dsn: through(course.dsn, proxy), log: course.log, checkpointMs: 1 });
      const position = async (): Promise<number> =>
        (await course.books.db.selectFrom('log_offset').select('next_offset').executeTakeFirst())?.next_offset ?? 0;
      const moves = async (): Promise<void> => {
        let from = Infinity;
        // a server that is killed may answer once more
        await until('the worker to go on', async () => (await position()) > (from = Math.min(from, await position())));
      };
      try {
        for (let i = 0; i < BLOWS; i++) {
          await moves();
          await wait(random.int(0, 200));
          if (i % 3 === 2) {
            process.kill(await postmaster(course), 'SIGKILL');
            fired.serverKilled += 1;
          } else fired.connectionsEnded += await endConnections(course);
          const started = performance.now();
          await moves();
          recoveriesMs.push(performance.now() - started);
        }
        proxy.setWeather({});
        const verdict = await course.verdict({ test: 'R4 server', seed: SEED + 1, faultsFired: fired, recoveriesMs });
        expect(verdict).toMatchObject(clean);
        expect(fired.serverKilled).toBe(Math.floor(BLOWS / 3));
        expect(fired.connectionsEnded).toBeGreaterThanOrEqual(BLOWS - fired.serverKilled);
        expect(verdict.recoveryMs.p95).toBeLessThan(patience(15_000));
      } finally {
        await worker.end();
        await proxy.close();
        await course.close();
      }
    },
  );
});

describe('R11: the clock of the machine is set', () => {
  const STEPS = [1_000, 3_600_000, 365 * DAY].flatMap((ms) => [ms, -ms]);

  it('to a second, an hour or a year before or after, again and again: the books are the same, and go on at once', async () => {
    let offset = 0;
    const clock: Clock = { now: () => systemClock.now() + offset, sleep: systemClock.sleep };
    const load = createLoad({ seed: SEED, devices: 6 });
    const course = await openCourse({ load, log: memoryLog([], { batch: () => 4 }) });
    const worker = await startInside({ dsn: course.dsn, log: course.log, checkpointMs: 20, clock });
    const fired = { steps: 0 };
    const recoveriesMs: number[] = [];
    try {
      for (let i = 0; i < inForm(12, 120); i++) {
        await course.send(5);
        offset += STEPS[i % STEPS.length] ?? 0;
        fired.steps += 1;
        await course.send(5);
        recoveriesMs.push(await course.caughtUp(30_000));
      }
      const verdict = await course.verdict({ test: 'R11', seed: SEED, faultsFired: fired, recoveriesMs });
      expect(verdict).toMatchObject(clean);
      expect(worker.failure()).toBeUndefined();
    } finally {
      await worker.end();
      await course.close();
    }
  });
});
