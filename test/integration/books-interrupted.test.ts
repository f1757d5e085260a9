import { mkdtempSync, rmSync, chmodSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '#platform';
import { openSpool } from '../../collectors/spool/spool.ts';
import { createCompound, createWorld, history } from '../../fixtures/simulator/index.ts';
import { createWorker, dumpBooks, keepSettled, openService, sqlStore } from '../../pipeline/index.ts';
import { startEmbeddedPostgres } from '../../pipeline/books/embedded/index.ts';
import { openBooks } from '../../pipeline/books/index.ts';
import { DAY } from '../../pipeline/domain/index.ts';
import { openEmbeddedLog } from '../../pipeline/log/embedded/log.ts';
import { silentTelemetry } from '../support/postgres.ts';
import { check, models } from '../support/sites.ts';

const FROM = Date.UTC(2026, 5, 1, 16);
const TO = FROM + 6 * DAY;
const checked = check(readFileSync(new URL('../../fixtures/sites/compound.yaml', import.meta.url), 'utf8'));
if ('problems' in checked) throw new Error('the compound has problems');
const { registry } = checked;
const dir = mkdtempSync(join(tmpdir(), 'civicmeter-interrupted-'));
chmodSync(dir, 0o755);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const until = async (what: string, done: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 60_000;
  while (!(await done().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`waited too long for ${what}`);
    await systemClock.sleep(50);
  }
};

/** The books of six simulated days, with the connections of the server ended `kills` times meanwhile. */
async function booksWith(name: string, kills: number): Promise<string> {
  const telemetry = silentTelemetry();
  const server = await startEmbeddedPostgres({ dir: join(dir, name), telemetry, shared: join(dir, `${name}-shared`) });
  const books = await openBooks({ dsn: server.dsn, telemetry });
  const killer = new pg.Client({ connectionString: server.dsn });
  await killer.connect();
  const spool = await openSpool({ file: join(dir, `${name}.sqlite`), clock: systemClock, telemetry });
  const log = openEmbeddedLog({ file: spool });
  const service = openService({ books, log, clock: systemClock, telemetry });
  const ending = new AbortController();
  const worker = createWorker({ store: sqlStore(books), log, clock: systemClock, telemetry, checkpointMs: 20 });
  try {
    await service.applyRegistry(registry, { take: 'all', commit: true, by: 'test', reason: 'test' });
    const running = [worker.run(ending.signal), keepSettled(service, { clock: systemClock, telemetry }, ending.signal)];
    let killed = 0;
    for (const batch of history(createWorld(createCompound(3, models)), { from: FROM, to: TO })) {
      await spool.append(batch);
      if (killed < kills) {
        const { rows } = await killer.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = $1',
          ['client backend'],
        );
        killed += rows.length;
      }
    }
    await until('the worker', async () => {
      const { partitions } = await service.status();
      return partitions.length > 0 && partitions.every((p) => p.lag === 0);
    });
    await until('the totals', async () => (await service.status()).dirty === 0);
    expect(killed >= kills).toBe(true);
    ending.abort();
    await Promise.all(running);
    return (await dumpBooks(books.db)).text;
  } finally {
    ending.abort();
    await service.stop();
    await log.close();
    await spool.close();
    await killer.end();
    await books.close();
    await server.stop();
  }
}

it(
  'connections of the books ended in mid-work are waited out, and the books are the same',
  { timeout: 180_000 },
  async () => {
    const quiet = await booksWith('quiet', 0);
    const disturbed = await booksWith('disturbed', 3);
    expect(quiet.split('\n').length).toBeGreaterThan(5_000);
    expect(disturbed).toBe(quiet);
  },
);
