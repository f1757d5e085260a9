import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type GatewayReport, MINUTE } from '#domain';
import { systemClock } from '#platform';
import { statusSchema } from '../../../../api/cli/shapes.ts';
import { isDraining } from '../../../../pipeline/intake/gateways.ts';
import { createKey, openIntake } from '../../../../pipeline/index.ts';
import { cli, type CliRun } from '../../../support/cli.ts';
import { memoryLog } from '../../../support/memory-log.ts';
import { type FreshBooks, freshBooks, silentTelemetry, stopPostgres } from '../../../support/postgres.ts';
import { consume, plant } from '../../../support/run-books.ts';
import { smallRegistry } from '../../../support/small-site.ts';

const SRC = 'aaaaaaaa';

let folder: string;
let books: FreshBooks;
let log: ReturnType<typeof memoryLog>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'civicmeter-status-'));
  books = await freshBooks();
  log = memoryLog([]);
  await plant(books.books, smallRegistry([{ point: 'a' }]), []);
});
afterEach(async () => {
  await books.close();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(stopPostgres);

const status = (...more: readonly string[]): Promise<CliRun> =>
  cli(['status', ...more, '--data', join(folder, 'data')], {
    env: { CIVICMETER_BOOKS: books.dsn, LANG: 'en_GB.UTF-8' },
  });

/** A centre that has frames with these numbers of a gateway, which said so many minutes ago that so many wait with it. */
async function centre(seqs: readonly number[], waiting: number, minutesAgo: number): Promise<void> {
  const clock = { ...systemClock, now: () => Date.now() - minutesAgo * MINUTE };
  const intake = await openIntake({ books: books.books, log, clock, telemetry: silentTelemetry() });
  const { key } = await createKey(books.books.db, { site: 'demo', by: 'wang', now: 1 });
  const holder = { id: key.id, site: 'demo' };
  const at = Date.now() - MINUTE;
  const frames = seqs.map((seq) =>
    Buffer.from(JSON.stringify({ v: 1, src: SRC, site: 'demo', device: 'd-a', seq, at: at + seq, r: [['e', seq]] })),
  );
  await intake.take(holder, frames);
  const report: GatewayReport = {
    src: SRC,
    site: 'demo',
    devices: { 'd-a': ['e'] },
    waiting: { frames: waiting, oldestAt: at },
    notStored: 0,
    clockSteps: [],
  };
  await intake.report(holder, report);
  await intake.close();
  await consume(books.books, log);
}

describe('the status of a centre whose gateway sends the newest first', () => {
  test('is fine while what is missing waits there, and says that it drains', async () => {
    await centre([0, 1, 8, 9], 7, 4);
    const said = await status();
    expect(said.out).toContain('draining: 6 frames still to come');
    expect(said.code).toBe(0);
    expect(
      statusSchema
        .omit({ running: true })
        .loose()
        .parse(JSON.parse((await status('--json')).out)),
    ).toMatchObject({
      partitions: [{ missing: 6 }],
      gateways: [{ src: SRC, waiting: 7, missing: 6, draining: true }],
    });
  });

  test('has found something where fewer wait there than are missing', async () => {
    await centre([0, 1, 8, 9], 5, 4);
    const said = await status();
    expect(said.out).toContain('missing: 6 frames that do not wait there');
    expect(said.code).toBe(1);
  });

  test('has found something where the gateway has not reported for a quarter of an hour: nothing comes any more', async () => {
    await centre([0, 1, 8, 9], 7, 16);
    expect(await status()).toMatchObject({ code: 1, out: expect.stringContaining('it has not reported lately') });
  });

  test('says nothing of it where nothing is missing', async () => {
    await centre([0, 1, 2], 3, 60);
    const said = await status();
    expect(said.out).not.toMatch(/draining|missing:/);
    expect(said.code).toBe(0);
  });
});

test.each([
  [0, 5, 0, false],
  [5, 5, 0, true],
  [6, 5, 0, false],
  [5, 5, 15 * MINUTE, true],
  [5, 5, 15 * MINUTE + 1, false],
])('%i missing, %i waiting, said %i ms ago: draining is %s', (missing, waiting, age, draining) => {
  expect(isDraining(missing, waiting, age)).toBe(draining);
});
