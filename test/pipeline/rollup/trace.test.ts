import { afterAll, expect, it } from 'vitest';
import { openService } from '../../../pipeline/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { type GivenRecord, memoryLog } from '../../support/memory-log.ts';
import { freshBooks, silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { consume, consumeAll, plant } from '../../support/run-books.ts';
import { local, SITE, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

/** A reading an hour, each 1,000 more. */
const records = Array.from({ length: 20 }, (_, hour): GivenRecord => {
  const at = local(`2026-03-02T${String(hour).padStart(2, '0')}:00`);
  const frame = { v: 1, src: '00000001', site: SITE, device: 'd-p', seq: hour, at, r: [['e', hour * 1_000]] };
  return { device: 'd-p', appendedAt: at + 1_000, value: Buffer.from(JSON.stringify(frame)) };
});

it('a trace adds up while readings are in the books from which nothing has been recomputed yet', async () => {
  const { books, close } = await freshBooks();
  await plant(books, smallRegistry([{ point: 'p', mounting: { maxRate: 10_000 } }]), []);
  await consumeAll(books, memoryLog(records.slice(0, 10)));
  await consume(books, memoryLog(records));
  const service = openService({ books, clock: systemClock, telemetry: silentTelemetry() });
  const interval = { from: local('2026-03-02'), to: local('2026-03-03') };
  const { root } = await service.trace({ site: SITE, subject: { kind: 'site' }, interval, by: 'day' });
  await service.stop();
  await close();
  expect({ total: root.amount, sum: root.terms.reduce((sum, t) => sum + t.amount, 0) }).toEqual({
    total: 19_000,
    sum: 19_000,
  });
});
