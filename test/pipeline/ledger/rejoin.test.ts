import { afterAll, describe, expect, it } from 'vitest';
import type { MeterEventBody } from '../../../pipeline/domain/index.ts';
import { dumpBooks, openService } from '../../../pipeline/index.ts';
import type { FrameLog } from '../../../pipeline/log/port.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { consume } from '../../support/run-books.ts';
import { local, openSmallSite, type Reading, SITE, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

const registry = smallRegistry([{ point: 'p', mounting: { maxRate: 1_000 } }]);
const start = local('2026-03-02T08:00');
const readings: readonly Reading[] = Array.from(
  { length: 80 },
  (_, i) => [start + i * 600_000, 5_000 + i * 7] as const,
);
const claim = { by: 'wang', reason: 'seen' };

const replacement = (time: string, serial: string): MeterEventBody => ({
  kind: 'replacement',
  point: 'p',
  at: local(`2026-03-02T${time}`),
  serial,
  initial: 5_001,
});

/** Books that knew these events before any reading came. */
async function fromTheStart(bodies: readonly MeterEventBody[], of = registry, also?: string): Promise<string> {
  const site = await openSmallSite(of, '2026-03-20');
  try {
    for (const body of bodies) await site.service.recordEvent(SITE, body, claim);
    await site.feed('p', readings);
    if (also !== undefined) await site.feed(also, readings);
    return await site.dump();
  } finally {
    await site.close();
  }
}

/** The same log, on which something happens whenever it is scanned for the first time. */
const disturbed = (log: FrameLog, happens: () => Promise<unknown>): FrameLog => {
  let done = false;
  return {
    ...log,
    scan: async function* (partition, from) {
      if (!done) {
        done = true;
        await happens();
      }
      yield* log.scan(partition, from);
    },
  };
};

describe('joining slots anew', () => {
  it('a cut recorded while another is being joined is not forgotten', async () => {
    const site = await openSmallSite(registry, '2026-03-20');
    try {
      await site.feed('p', readings);
      const [first, second] = [replacement('10:25', 's2'), replacement('15:45', 's3')];
      await site.service.recordEvent(SITE, first, claim);
      const log = disturbed(site.log, () => site.service.recordEvent(SITE, second, claim));
      const service = openService({ books: site.books, log, clock: systemClock, telemetry: silentTelemetry() });
      await service.settle();
      await service.stop();
      expect((await site.books.db.selectFrom('dirty').selectAll().execute()).length).toBe(0);
      expect(await site.dump()).toBe(await fromTheStart([first, second]));
    } finally {
      await site.close();
    }
  });

  it('is broken off with nothing half done where nobody waits any more, and done by whoever comes next', async () => {
    const site = await openSmallSite(registry, '2026-03-20');
    try {
      await site.feed('p', readings);
      const event = replacement('10:25', 's2');
      await site.service.recordEvent(SITE, event, claim);
      const before = await site.books.db.selectFrom('bracket').selectAll().execute();
      const ending = new AbortController();
      const log = disturbed(site.log, async () => ending.abort(new Error('ended by SIGINT')));
      const options = { books: site.books, clock: systemClock, telemetry: silentTelemetry(), signal: ending.signal };
      const service = openService({ ...options, log });
      await service.settle();
      expect(await site.books.db.selectFrom('dirty').select('rejoin').execute()).toEqual([{ rejoin: true }]);
      expect(await site.books.db.selectFrom('bracket').selectAll().execute()).toEqual(before);
      await expect(service.reconcile(SITE)).rejects.toThrow('ended by SIGINT');
      await expect(service.close(SITE, 2026 * 12 + 1, claim)).rejects.toThrow('ended by SIGINT');
      await expect(service.adjustments(SITE)).rejects.toThrow('ended by SIGINT');
      await service.stop();
      await site.service.settle();
      expect(await site.dump()).toBe(await fromTheStart([event]));
    } finally {
      await site.close();
    }
  });

  it('who began before a correction does not undo what another has joined by it', async () => {
    const site = await openSmallSite(registry, '2026-03-20');
    try {
      await site.feed('p', readings);
      const event = await site.service.recordEvent(SITE, replacement('10:25', 's2'), claim);
      const moved = replacement('10:35', 's2');
      const log = disturbed(site.log, async () => {
        await site.service.recordEvent(SITE, moved, { ...claim, supersedes: event.id });
        await site.service.settle();
      });
      const service = openService({ books: site.books, log, clock: systemClock, telemetry: silentTelemetry() });
      await service.settle();
      await service.stop();
      expect(await site.dump()).toBe(await fromTheStart([moved]));
    } finally {
      await site.close();
    }
  });

  it('readings that the log has and the worker has not yet taken are settled, whoever brings them in first', async () => {
    const site = await openSmallSite(registry, '2026-03-20');
    try {
      const [first, second] = [replacement('10:25', 's2'), replacement('15:45', 's3')];
      const late = readings.filter(([at]) => Number(at) === local('2026-03-02T10:20'));
      await site.feed(
        'p',
        readings.filter((r) => !late.includes(r)),
      );
      await site.service.recordEvent(SITE, first, claim);
      await site.service.settle();
      await site.append('p', late);
      await site.service.recordEvent(SITE, second, claim);
      await site.service.settle();
      await site.consume();
      expect(await site.dump()).toBe(await fromTheStart([first, second]));
    } finally {
      await site.close();
    }
  });

  it('the log is read once, also where the worker writes the same day while it is read', async () => {
    const site = await openSmallSite(registry, '2026-03-20');
    try {
      let fed = 16; // up to 10:30, beyond the cut
      await site.feed('p', readings.slice(0, fed));
      let scans = 0;
      const log: FrameLog = {
        ...site.log,
        scan: async function* (partition, from) {
          scans += 1;
          yield* site.log.scan(partition, from);
          if (scans > 5) return;
          await site.append('p', readings.slice(fed, fed + 1));
          fed += 1;
          await consume(site.books, site.log);
        },
      };
      const telemetry = silentTelemetry();
      const service = openService({ books: site.books, log, clock: systemClock, telemetry });
      await service.recordEvent(SITE, replacement('10:25', 's2'), claim);
      await service.settle();
      await service.stop();
      expect(scans).toBe(1);
      expect(await telemetry.counts()).not.toHaveProperty('civicmeter_slots_forgotten_total');
      await site.feed('p', readings.slice(fed));
      expect(await site.dump()).toBe(await fromTheStart([replacement('10:25', 's2')]));
    } finally {
      await site.close();
    }
  });

  it('the log is read once for all registers that wait', async () => {
    const both = smallRegistry(['p', 'q'].map((point) => ({ point, mounting: { maxRate: 1_000 } })));
    const events = ['p', 'q'].map((point) => ({ ...replacement('10:25', `${point}2`), point }));
    const site = await openSmallSite(both, '2026-03-20');
    try {
      await site.feed('p', readings);
      await site.feed('q', readings);
      for (const event of events) await site.service.recordEvent(SITE, event, claim);
      let scans = 0;
      const log: FrameLog = {
        ...site.log,
        scan: (partition, from) => {
          scans += 1;
          return site.log.scan(partition, from);
        },
      };
      const service = openService({ books: site.books, log, clock: systemClock, telemetry: silentTelemetry() });
      await service.settle();
      await service.stop();
      expect(scans).toBe(1);
      expect(await site.dump()).toBe(await fromTheStart(events, both, 'q'));
    } finally {
      await site.close();
    }
  });

  it('a cut that a correction takes away joins its slot again; where the log is gone, nothing that was kept is lost', async () => {
    const site = await openSmallSite(registry, '2026-03-20');
    try {
      await site.feed('p', readings);
      const event = await site.service.recordEvent(SITE, replacement('10:25', 's2'), claim);
      await site.service.settle();
      const moved = replacement('12:35', 's2');
      await site.service.recordEvent(SITE, moved, { ...claim, supersedes: event.id });
      await site.service.settle();
      expect(await site.dump()).toBe(await fromTheStart([moved]));
      expect(await site.telemetry.counts()).not.toHaveProperty('civicmeter_slots_forgotten_total');
    } finally {
      await site.close();
    }
  });

  it('without the log the readings of the slot that were kept stay where they belong', async () => {
    const site = await openSmallSite(registry, '2026-03-20');
    try {
      await site.feed('p', readings);
      const gone: FrameLog = { ...site.log, scan: async function* () {} };
      const telemetry = silentTelemetry();
      const service = openService({ books: site.books, log: gone, clock: systemClock, telemetry });
      await service.recordEvent(SITE, replacement('10:25', 's2'), claim);
      await service.settle();
      const brackets = (await dumpBooks(site.books.db)).text.split('\n').filter((l) => l.startsWith('bracket|'));
      const [ten, parted] = [local('2026-03-02T10:00'), local('2026-03-02T10:25')];
      const held = (at: number): readonly string[] | undefined =>
        brackets.find((l) => l.split('|')[4] === String(at))?.split('|');
      // 10:00 and 10:50 were kept of the slot; what lay beside the cut is gone with the log
      expect([held(ten)?.[5], held(ten)?.[10]]).toEqual([String(ten), String(ten)]);
      expect([held(parted)?.[5], held(parted)?.[10]]).toEqual([String(ten + 3_000_000), String(ten + 3_000_000)]);
      expect((await service.reconcile(SITE, { withLog: true })).differences).toBe(0);
      expect(await telemetry.counts()).toMatchObject({ civicmeter_slots_forgotten_total: 1 });
      await service.stop();
    } finally {
      await site.close();
    }
  });
});
