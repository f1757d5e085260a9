import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../pipeline/books/embedded/index.ts';
import { openBooks } from '../../pipeline/books/index.ts';
import { systemClock } from '../../pipeline/platform/index.ts';
import { memoryLog } from '../support/memory-log.ts';
import { silentTelemetry } from '../support/postgres.ts';
import { openCourse, until } from './course.ts';
import { clean, inForm, patience, SEED } from './form.ts';
import { startInside } from './inside.ts';
import { createLoad } from './load.ts';
import { mountDisk, skipDisk, unmountDisk } from '../support/small-disk.ts';

const DISK = 'size=220m,mode=755';

describe.skipIf(skipDisk(DISK))('a disk of its own for the books', () => {
  let mount = '';
  const ballast = (): string => join(mount, 'ballast');
  let server: EmbeddedPostgres;
  beforeAll(async () => {
    mount = mountDisk(DISK) ?? '';
    const data = join(mount, 'data');
    mkdirSync(data);
    server = await startEmbeddedPostgres({
      dir: data,
      telemetry: silentTelemetry(),
      shared: join(data, 'shared'),
      settings: { shared_buffers: '16MB', max_wal_size: '48MB', min_wal_size: '32MB' },
    });
  });
  afterAll(async () => {
    await server.stop();
    unmountDisk(mount);
  });

  /** Takes what is free, to the last block. */
  const fill = (): void => {
    const fd = openSync(ballast(), 'a');
    for (const size of [2 ** 20, 2 ** 12]) {
      const block = Buffer.alloc(size);
      try {
        while (writeSync(fd, block) === size);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    }
    closeSync(fd);
  };

  it(
    'R10: a disk that is full holds the books up, and nothing else: it is said, and they go on by themselves once there is room',
    { timeout: inForm(300_000, 3_600_000) },
    async () => {
      const books = await openBooks({ dsn: server.dsn, telemetry: silentTelemetry() });
      const course = await openCourse({
        load: createLoad({ seed: SEED, devices: 60 }),
        log: memoryLog([], { batch: () => 60 }),
        books: { books, dsn: server.dsn, close: books.close },
      });
      const worker = await startInside({ dsn: server.dsn, log: course.log, checkpointMs: 50 });
      const fired = { filled: 0, interruptions: 0 };
      const recoveriesMs: number[] = [];
      try {
        for (let i = 0; i < inForm(2, 10); i++) {
          await course.send(20);
          await course.caughtUp();
          const before = await worker.count('workInterrupted');
          fill();
          fired.filled += 1;
          for (const deadline = Date.now() + 60_000; (await worker.count('workInterrupted')) === before;) {
            if (Date.now() > deadline) throw new Error('the full disk was not noticed');
            await course.send(20);
            await systemClock.sleep(50);
          }
          fired.interruptions += (await worker.count('workInterrupted')) - before;
          expect(worker.failure()).toBeUndefined();
          rmSync(ballast());
          recoveriesMs.push(await course.caughtUp());
        }
        const verdict = await course.verdict({ test: 'R10', seed: SEED, faultsFired: fired, recoveriesMs });
        expect(verdict).toMatchObject(clean);
        expect(fired.interruptions).toBeGreaterThanOrEqual(fired.filled);
        expect(verdict.recoveryMs.max).toBeLessThan(patience(60_000));
      } finally {
        rmSync(ballast(), { force: true });
        await until('the books', async () => (await books.pool.query('select 1')).rowCount === 1);
        await worker.end();
        await course.close();
      }
    },
  );
});
