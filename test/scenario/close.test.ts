import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Point } from '../../pipeline/domain/index.ts';
import { openService } from '../../pipeline/index.ts';
import { canonicalJson, sha256 } from '../../pipeline/rollup/canonical.ts';
import { lastClose } from '../../pipeline/rollup/close.ts';
import { consume } from '../support/run-books.ts';
import { sitePerTest } from '../support/site-per-test.ts';
import { daily, local, type Reading, SITE, type SmallSite, smallRegistry } from '../support/small-site.ts';

const openSite = sitePerTest();

const MARCH = 2026 * 12 + 2;
const claim = { by: 'chen', reason: 'end of the month' };
const allocation = { basis: 'headcount', among: ['court', 'school'], of: 50 } as const;
const registry = smallRegistry([{ point: 'p', allocation, premises: 'house' }, { point: 'q' }], {
  institutions: ['court', 'school'],
});
const point = (id: string) => ({ kind: 'point', id }) as const;
const subjects = [
  point('p'),
  { kind: 'institution', id: 'court' },
  { kind: 'site' },
  { kind: 'premises', id: 'house' },
] as const;

/** Midnights from 27 February to 3 April, 240 a day; without the 15th of March. */
const readings = daily(
  '2026-02-27',
  Array.from({ length: 36 }, (_, i) => i * 240),
).filter(([at]) => at !== local('2026-03-15'));
const late: readonly Reading[] = [[local('2026-03-15'), 16 * 240 - 100]];

async function closed(): Promise<SmallSite> {
  const open = await openSite(registry, '2026-04-20');
  await open.append('q', readings);
  await open.feed('p', readings);
  return open;
}

const march = (site: SmallSite, subject: (typeof subjects)[number], asOf?: string) =>
  site.usage(subject, '2026-03-01', '2026-04-01', 'day', asOf);
const issued = (site: SmallSite, asOf: string): Promise<string> =>
  Promise.all(subjects.map((s) => march(site, s, asOf))).then((all) => JSON.stringify(all));

describe('a closed month', () => {
  it('keeps its figures byte for byte; what comes later is an adjustment, and a second close a second version', async () => {
    const site = await closed();
    const first = await site.service.close(SITE, MARCH, claim);
    expect(first).toMatchObject({
      month: '2026-03',
      version: 1,
      by: 'chen',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const before = await issued(site, '2026-03#1');
    expect(JSON.parse(before)[0].rows.map((r: { amount: number }) => r.amount)).toEqual(
      (await march(site, point('p'))).rows.map((r) => r.amount),
    );
    expect(await site.service.adjustments(SITE)).toEqual([]);
    await expect(site.service.close(SITE, MARCH, claim)).rejects.toMatchObject({ code: 'CLOSE_UNCHANGED' });

    await site.feed('p', late);
    expect(await issued(site, '2026-03#1')).toBe(before);
    const live = await march(site, point('p'));
    expect(live.version).toBe('live');
    expect(live.rows.slice(13, 15).map((r) => r.amount)).toEqual([140, 340]);
    expect(live.total.amount).toBe(31 * 240);
    // the point's month is the same, its parts are not: they are rounded day by day
    const adjustments = await site.service.adjustments(SITE);
    expect(adjustments.map((a) => [a.subject, a.old, a.new])).toEqual([]);

    await site.feed('p', [[local('2026-04-01'), 33 * 240 + 31]]);
    const [adjusted, ...parties] = (await site.service.adjustments(SITE, MARCH)).toSorted((a) =>
      a.subject === 'p' ? -1 : 1,
    );
    expect(adjusted).toMatchObject({
      month: '2026-03',
      version: 1,
      carrier: 'electricity',
      old: 7_440,
      new: 7_471,
      difference: 31,
    });
    expect(adjusted?.reason).toContain('after the close');
    expect(parties.map((a) => a.subject).toSorted()).toEqual(['court', 'school', 'unallocated']);
    expect(parties.reduce((sum, a) => sum + a.difference, 0)).toBe(31);
    expect(await issued(site, '2026-03#1')).toBe(before);

    const second = await site.service.close(SITE, MARCH, claim);
    expect(second).toMatchObject({ version: 2 });
    expect(second.hash).not.toBe(first.hash);
    expect(await site.service.adjustments(SITE)).toEqual([]);
    expect(await site.service.closes(SITE)).toEqual([first, second]);
    expect(await issued(site, '2026-03#1')).toBe(before);
    expect((await march(site, point('p'), '2026-03#2')).total.amount).toBe(7_471);
  });

  it('is not closed again because its meters have been read in the months after it', async () => {
    const site = await closed();
    await site.service.close(SITE, MARCH, claim);
    await site.feed('p', [[local('2026-04-04'), 36 * 240]]);
    await site.feed('q', [[local('2026-04-09T08:00'), 40 * 240]]);
    await expect(site.service.close(SITE, MARCH, claim)).rejects.toMatchObject({ code: 'CLOSE_UNCHANGED' });
    expect(await site.service.closes(SITE)).toHaveLength(1);
  });

  it('is closed again where a correction of the site file counts a point otherwise, and says so', async () => {
    const site = await closed();
    await site.service.close(SITE, MARCH, claim);
    const said = await march(site, { kind: 'site' }, '2026-03#1');
    const below = (p: Point): Point => (p.id === 'q' ? { ...p, role: 'sub', parent: 'p' } : p);
    const corrected = { ...registry, points: registry.points.map(below) };
    await site.service.applyRegistry(corrected, { take: 'all', commit: true, by: 'li', reason: 'q stands below p' });
    expect(await site.service.adjustments(SITE)).toMatchObject([
      { subject: 'unallocated', difference: -31 * 240, reason: expect.stringContaining('the registry') },
    ]);
    expect(await site.service.close(SITE, MARCH, claim)).toMatchObject({ version: 2 });
    expect(await site.service.adjustments(SITE)).toEqual([]);
    expect(await march(site, { kind: 'site' }, '2026-03#1')).toEqual(said);
    const again = await march(site, { kind: 'site' }, '2026-03#2');
    expect(again.total.amount).toBe(said.total.amount - 31 * 240);
    await expect(site.service.close(SITE, MARCH, claim)).rejects.toMatchObject({ code: 'CLOSE_UNCHANGED' });
  });

  it('is closed again where a point stands in another house', async () => {
    const site = await closed();
    await site.service.close(SITE, MARCH, claim);
    const moved = (p: Point): Point => ({ ...p, premises: p.id === 'q' ? 'house' : p.premises });
    const corrected = { ...registry, points: registry.points.map(moved) };
    await site.service.applyRegistry(corrected, { take: 'all', commit: true, by: 'li', reason: 'q is in the house' });
    expect(await site.service.close(SITE, MARCH, claim)).toMatchObject({ version: 2 });
    const amount = async (asOf: string) => (await march(site, { kind: 'premises', id: 'house' }, asOf)).total.amount;
    expect(await amount('2026-03#2')).toBe((await amount('2026-03#1')) + 31 * 240);
    const annex = { id: 'annex', name: { zh: '附楼', en: 'annex' }, area: [] };
    const premises = [...registry.premises, annex];
    await site.service.applyRegistry(
      { ...corrected, premises },
      { take: 'all', commit: true, by: 'li', reason: 'new' },
    );
    await expect(site.service.close(SITE, MARCH, claim)).rejects.toMatchObject({ code: 'CLOSE_UNCHANGED' });
  });

  it('stands when meters are replaced, renamed by a correction, and shares change', async () => {
    const site = await closed();
    const at = local('2026-03-10T12:00');
    const body = { kind: 'replacement', point: 'p', at, serial: 's2', final: 2_760, initial: 2_760 } as const;
    const event = await site.service.recordEvent(SITE, body, claim);
    await site.service.close(SITE, MARCH, claim);
    const before = await issued(site, '2026-03#1');
    const trace = await site.service.trace({
      ...site.query(point('p'), '2026-03-01', '2026-04-01', 'month'),
      asOf: '2026-03#1',
    });
    await site.service.recordEvent(SITE, { ...body, serial: 's9', final: 2_800 }, { ...claim, supersedes: event.id });
    await site.service.recordEvent(
      SITE,
      { kind: 'multiplier', point: 'q', from: local('2026-03-05'), multiplier: { num: 3, den: 1 } },
      claim,
    );
    const shares = registry.points.map((p) => ({ ...p, allocations: [] }));
    await site.service.applyRegistry(
      { ...registry, points: shares },
      { take: 'all', commit: true, by: 'chen', reason: 'nobody bears it' },
    );
    await site.service.settle();
    expect(await issued(site, '2026-03#1')).toBe(before);
    expect(
      await site.service.trace({ ...site.query(point('p'), '2026-03-01', '2026-04-01', 'month'), asOf: '2026-03#1' }),
    ).toEqual(trace);
    const adjustments = new Map((await site.service.adjustments(SITE)).map((a) => [a.subject, a.difference]));
    expect(adjustments.get('p')).toBe(40);
    expect(adjustments.get('q')).toBe(2 * 27 * 240);
    expect(adjustments.get('court')).toBe(-1_488);
  });

  it('is of one moment, at which nothing waits, while late readings keep coming', { timeout: 60_000 }, async () => {
    const site = await openSite(registry, '2026-04-20');
    await site.feed('p', readings.slice(0, 10));
    let [writing, written] = [true, 0];
    const writer = (async (): Promise<void> => {
      for (; writing; written++) {
        await site.append('p', [[local('2026-03-09T08:00') + written * 60_000, 2_500 + written]]);
        await consume(site.books, site.log);
        // as a worker, which commits some times a second
        await pause(50);
      }
    })();
    try {
      for (let version = 1; version <= 12; version++) {
        const seen = written;
        await vi.waitUntil(() => written > seen);
        await site.service.close(SITE, MARCH, claim);
        const asOf = `2026-03#${version}`;
        const whole = site.query(point('p'), '2026-03-01', '2026-04-01', 'month');
        const { root } = await site.service.trace({ ...whole, asOf });
        const { total } = await march(site, point('p'), asOf);
        expect(root.amount).toBe(total.amount);
        expect(root.terms.map((term) => term.amount)).toEqual([total.amount]);
      }
    } finally {
      writing = false;
      await writer;
    }
    expect(written).toBeGreaterThan(12);
  });

  it('is refused while a slot that an event has parted waits for the log', async () => {
    const site = await closed();
    const at = local('2026-03-10T12:20');
    await site.service.recordEvent(
      SITE,
      { kind: 'replacement', point: 'p', at, serial: 's2', final: 2_760, initial: 2_760 },
      claim,
    );
    // another program has the log, and is not running
    let now = local('2026-04-20');
    const hasty = { now: () => (now += 20_000), sleep: () => Promise.resolve() };
    const service = openService({ books: site.books, clock: hasty, telemetry: site.telemetry });
    onTestFinished(service.stop);
    await expect(service.close(SITE, MARCH, claim)).rejects.toMatchObject({ code: 'TOTALS_BEHIND', place: SITE });
    expect(await site.service.closes(SITE)).toEqual([]);
    expect(await site.service.close(SITE, MARCH, claim)).toMatchObject({ version: 1 });
  });

  it('may be closed again as it stands where the trace of its last version does not come to its figure', async () => {
    const site = await closed();
    await site.service.close(SITE, MARCH, claim);
    const stored = await lastClose(site.books.db, SITE, MARCH);
    const { p: trace } = stored?.content.traces ?? {};
    if (!stored || !trace) throw new Error('nothing is closed');
    const overtaken = { ...trace, root: { ...trace.root, amount: trace.root.amount + 1 } };
    const text = canonicalJson({ ...stored.content, traces: { ...stored.content.traces, p: overtaken } });
    await site.books.db
      .updateTable('closed_period')
      .set({ content: text, hash: sha256(text) })
      .execute();
    expect(await site.service.close(SITE, MARCH, claim)).toMatchObject({ version: 2 });
    await expect(site.service.close(SITE, MARCH, claim)).rejects.toMatchObject({ code: 'CLOSE_UNCHANGED' });
  });

  it('is refused while it runs, when it is empty, outside its month, and where its stored figures were altered', async () => {
    const site = await closed();
    await expect(site.service.close(SITE, MARCH + 1, claim)).rejects.toMatchObject({ code: 'MONTH_RUNNING' });
    await expect(site.service.close(SITE, MARCH - 5, claim)).rejects.toMatchObject({ code: 'MONTH_EMPTY' });
    await site.service.close(SITE, MARCH, claim);
    const asOf = (from: string, to: string, version: string) => site.usage(point('p'), from, to, 'day', version);
    await expect(asOf('2026-03-01', '2026-04-02', '2026-03#1')).rejects.toMatchObject({ code: 'OUTSIDE_VERSION' });
    await expect(asOf('2026-02-01', '2026-03-01', '2026-03#1')).rejects.toMatchObject({ code: 'OUTSIDE_VERSION' });
    await expect(asOf('2026-03-01', '2026-04-01', '2026-03#2')).rejects.toMatchObject({ code: 'VERSION_UNKNOWN' });
    await expect(asOf('2026-03-01', '2026-04-01', '2026-03#99999999999')).rejects.toMatchObject({
      code: 'VERSION_UNKNOWN',
      cure: expect.stringContaining('`close` without a month'),
    });
    await expect(asOf('2026-03-01', '2026-04-01', 'march')).rejects.toMatchObject({ code: 'VERSION_UNKNOWN' });
    const traced = (from: string, to: string) =>
      site.service.trace({ ...site.query(point('p'), from, to, 'day'), asOf: '2026-03#1' });
    await expect(traced('2026-03-01', '2026-03-02')).rejects.toMatchObject({ code: 'TRACE_NOT_FROZEN' });
    await site.books.db
      .updateTable('closed_period')
      .set((eb) => ({ content: eb.fn('jsonb_set', ['content', eb.val('{closedAt}'), eb.val('1')]) }))
      .execute();
    await expect(asOf('2026-03-01', '2026-04-01', '2026-03#1')).rejects.toMatchObject({ code: 'VERSION_ALTERED' });
  });
});
