import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#platform';
import { createCollecting } from '../../api/cli/wiring/collecting.ts';
import { openSpool } from '../../collectors/spool/spool.ts';
import { openService } from '../../pipeline/index.ts';
import { openEmbeddedLog } from '../../pipeline/log/embedded/log.ts';
import type { Service, UsageQuery } from '../../pipeline/service.ts';
import {
  BUILDINGS,
  CAMBRIDGE_SPAN,
  CAMBRIDGE_YEARS,
  cambridgeNote,
  cambridgePresent,
  cambridgeReference,
  cambridgeSite,
  cambridgeUnits,
  readYear,
} from '../support/cambridge.ts';
import { type FreshBooks, freshBooks, silentTelemetry, stopPostgres } from '../support/postgres.ts';
import { models } from '../support/sites.ts';
import { consumeAll, plant } from '../support/run-books.ts';

/** kWh with one decimal, as the reference has them, in Wh. */
const wattHours = (kWh: number): number => Math.round(kWh * 10) * 100;

describe.skipIf(!cambridgePresent)(`four years of five real buildings${cambridgeNote}`, () => {
  let fresh: FreshBooks | undefined;
  let service: Service;
  let frames = 0;
  let data = '';

  beforeAll(async () => {
    const telemetry = silentTelemetry();
    data = await mkdtemp(join(tmpdir(), 'civicmeter-cambridge-'));
    fresh = await freshBooks();
    const { registry } = cambridgeSite();
    await plant(fresh.books, registry, []);
    const spool = await openSpool({
      file: join(data, 'spool.sqlite'),
      clock: systemClock,
      telemetry,
      keepMs: Infinity,
    });
    const units = cambridgeUnits();
    // the years side by side: their frames share the spool's commits, and come out of order
    await Promise.all(
      CAMBRIDGE_YEARS.map((year) =>
        readYear(year, units, (plan, clock) =>
          createCollecting({ plan, models, data, deliver: spool.append, clock, telemetry }),
        ),
      ),
    );
    frames = spool.bounds().high;
    await consumeAll(fresh.books, openEmbeddedLog({ file: spool }));
    await spool.close();
    service = openService({ books: fresh.books, clock: systemClock, telemetry });
  }, 600_000);
  afterAll(async () => {
    await service?.stop();
    await fresh?.close();
    await stopPostgres();
    if (data !== '') await rm(data, { recursive: true, force: true });
  });

  const usage = (building: string, by: UsageQuery['by'], { from, to } = CAMBRIDGE_SPAN) =>
    service.usage({
      site: 'cambridge',
      subject: { kind: 'point', id: `p-${building}` },
      interval: { from, to },
      by,
    });

  test('each full hour of each meter was read once, the turn of a year by either side', () => {
    const hours = (CAMBRIDGE_SPAN.to - CAMBRIDGE_SPAN.from) / 3_600_000;
    expect(hours).toBe(35_064);
    expect(frames).toBe(BUILDINGS.length * (hours + CAMBRIDGE_YEARS.length));
  });

  test.each(BUILDINGS)('%s: years and months of London come back as the reference sums', async (building) => {
    const { london_year, london_month } = cambridgeReference()[building];
    const years = await usage(building, 'year');
    expect(years.rows.map(({ from, amount }) => [from.slice(0, 4), amount])).toEqual(
      Object.entries(london_year).map(([year, { electricity_kwh }]) => [year, wattHours(electricity_kwh)]),
    );
    const months = await usage(building, 'month');
    expect(months.rows.map(({ from, amount }) => [from.slice(0, 7), amount])).toEqual(
      Object.entries(london_month).map(([month, [electricity]]) => [month, wattHours(electricity)]),
    );
  });

  test.each(BUILDINGS)('%s: so do years of UTC, and every hour is measured', async (building) => {
    const { utc_year } = cambridgeReference()[building];
    for (const year of CAMBRIDGE_YEARS) {
      const { total } = await usage(building, 'hour', { from: Date.UTC(year, 0, 1), to: Date.UTC(year + 1, 0, 1) });
      expect(total.amount).toBe(wattHours(utc_year[String(year)]?.electricity_kwh ?? NaN));
      expect(total.split).toEqual({ measured: total.amount, interpolated: 0, manual: 0, disputed: 0 });
      expect(total.coverage).toBe(1);
    }
  });

  test('nothing is found fault with, and the trial balance is even', async () => {
    expect((await service.findings({ site: 'cambridge', limit: 10 })).items).toEqual([]);
    const { rows, differences } = await service.reconcile('cambridge');
    expect(differences).toBe(0);
    expect(rows).toBeGreaterThan(BUILDINGS.length * 1_461);
  });
});
