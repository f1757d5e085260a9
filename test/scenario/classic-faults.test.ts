import { describe, expect, it } from 'vitest';
import type { Registry } from '../../pipeline/domain/index.ts';
import type { UsageAnswer } from '../../pipeline/index.ts';
import { sitePerTest } from '../support/site-per-test.ts';
import { daily, hourly, local, SITE, type SmallSite, smallRegistry } from '../support/small-site.ts';

const openSite = sitePerTest();

async function siteOf(registry: Registry, now = '2026-04-20'): Promise<SmallSite> {
  const open = await openSite(registry, now);
  return open;
}

const point = (id: string) => ({ kind: 'point', id }) as const;
const amounts = (answer: UsageAnswer): readonly number[] => answer.rows.map((r) => r.amount);
const claim = { by: 'wang', reason: 'seen on site' };
const range = (from: number, to: number, step = 1): readonly number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, i) => from + i * step);

describe('the classic faults of the field', () => {
  it('999,984 to 20 on a face of six digits is 36', async () => {
    const mounting = { modulus: 1_000_000, maxRate: 3_125 };
    const site = await siteOf(smallRegistry([{ point: 'water', carrier: 'water', mounting }]));
    await site.feed('water', hourly('2026-03-02T08:00', [999_950, 999_984, 20, 61]));
    const answer = await site.usage(point('water'), '2026-03-02T08:00', '2026-03-02T11:00', 'hour');
    expect(amounts(answer)).toEqual([34, 36, 41]);
    expect(answer.total).toMatchObject({ amount: 111, split: { measured: 111, disputed: 0 }, coverage: 1 });
  });

  it('a replaced meter, 84,210 to 3: a break that books nothing, then its event counts both meters', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p', mounting: { maxRate: 200 } }]));
    await site.feed('p', hourly('2026-03-02T05:00', [...range(83_960, 84_210, 50), 3, ...range(53, 1_553, 50)]));
    const day = () => site.usage(point('p'), '2026-03-02', '2026-03-04', 'day');
    const before = await day();
    expect(before.total).toMatchObject({ amount: 250 + 1_550, split: { disputed: 0 } });
    const { items } = await site.service.findings({ site: SITE, limit: 10 });
    expect(items).toMatchObject([{ kind: 'break', fromValue: 84_210, toValue: 3, explained: false }]);
    const at = local('2026-03-02T10:30');
    const body = { kind: 'replacement', point: 'p', at, serial: 's2', final: 84_240, initial: 0 } as const;
    const event = await site.service.recordEvent(SITE, body, claim);
    expect(event).toMatchObject({ state: 'active', by: 'wang' });
    await site.service.settle();
    expect((await day()).total).toMatchObject({ amount: 280 + 1_553, coverage: expect.any(Number) });
    expect((await site.service.findings({ site: SITE, limit: 10 })).items).toEqual([]);
    const { root } = await site.service.trace(site.query(point('p'), '2026-03-02', '2026-03-04', 'day'));
    expect(root.terms.map((t) => [t.id, t.amount])).toEqual([
      ['p/s1', 280],
      ['p/s2', 1_553],
    ]);
    expect(root.terms.map((t) => t.events.map((e) => e.id))).toEqual([[event.id], [event.id]]);
  });

  it('an outage of six hours and 600 kWh is spread and marked, not dumped into the hour of the return', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p', mounting: { maxRate: 200_000 } }]));
    await site.feed('p', [
      ...hourly('2026-03-02', range(0, 300_000, 50_000)),
      ...hourly('2026-03-02T12:00', [900_000, 950_000]),
    ]);
    const { rows } = await site.usage(point('p'), '2026-03-02', '2026-03-02T13:00', 'hour');
    expect(rows.map((r) => [r.amount, r.split.interpolated])).toEqual([
      ...Array.from({ length: 6 }, () => [50_000, 0]),
      ...Array.from({ length: 6 }, () => [100_000, 100_000]),
      [50_000, 0],
    ]);
    const { items } = await site.service.findings({ site: SITE, limit: 10 });
    expect(items.map((f) => [f.kind, f.from, f.toValue - f.fromValue])).toEqual([
      ['gap', '2026-03-02T06:00:00+08:00', 600_000],
    ]);
  });

  it('a reading two hours late changes exactly its neighbours', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p', mounting: { maxRate: 10_000 } }]));
    const all = hourly('2026-03-02', [0, 10, 30, 60, 100, 150, 210, 280, 360, 450, 550]);
    await site.feed('p', all.toSpliced(5, 1));
    const hours = () => site.usage(point('p'), '2026-03-02', '2026-03-02T10:00', 'hour');
    const before = await hours();
    await site.feed('p', all.slice(5, 6));
    const after = await hours();
    expect(amounts(before)).toEqual([10, 20, 30, 40, 55, 55, 70, 80, 90, 100]);
    expect(amounts(after)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    const changed = after.rows.flatMap((row, i) => (JSON.stringify(row) === JSON.stringify(before.rows[i]) ? [] : [i]));
    expect(changed).toEqual([4, 5]);
    expect(after.total.amount).toBe(before.total.amount);
  });

  it('the same readings twice change nothing but the counters', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p' }]));
    const readings = hourly('2026-03-02', [5, 9, 12, 40, 41]);
    await site.append('p', readings);
    const { bounds, scan } = site.log;
    await site.consume();
    const before = await site.dump();
    const first = (await site.service.status()).partitions;
    const producer = await site.log.producer();
    for await (const records of scan(0, 0))
      await producer.append(records.map(({ value }) => ({ device: 'd-p', value })));
    await producer.append([{ device: 'd-p', value: Buffer.from('no frame') }]);
    await site.consume();
    const without = (text: string): readonly string[] => text.split('\n').filter((l) => !l.startsWith('count|'));
    expect(without(await site.dump())).toEqual(without(before));
    expect(first).toMatchObject([{ readings: 5, folded: 5, quarantined: 0, missing: 0 }]);
    expect((await site.service.status()).partitions).toMatchObject([
      { readings: 11, folded: 10, quarantined: 1, missing: 0, lag: 0, nextOffset: (await bounds()).get(0)?.high },
    ]);
    const sources = await site.books.db.selectFrom('log_source').selectAll().execute();
    expect(sources).toMatchObject([{ src: '00000001', seqs: '{[0,5)}', repeated: 5 }]);
  });

  it('a hole in the numbers of a source is counted as missing, until it comes', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p' }]));
    await site.feed('p', hourly('2026-03-02', [5, 9, 12, 40, 41]));
    const src = '0000beef';
    const frame = (seq: number) => ({
      device: 'd-p',
      value: Buffer.from(
        JSON.stringify({ v: 1, src, site: SITE, device: 'd-p', seq, at: local('2026-03-03') + seq, r: [['e', 50]] }),
      ),
    });
    const producer = await site.log.producer();
    const missing = async () => (await site.service.status()).partitions[0]?.missing;
    await producer.append([3, 4, 9].map(frame));
    await site.consume();
    expect(await missing()).toBe(4);
    await producer.append([7, 5].map(frame));
    await site.consume();
    expect(await missing()).toBe(2);
    await producer.append([8, 6].map(frame));
    await site.consume();
    expect(await missing()).toBe(0);
  });

  it('a 0 after power-up is not consumption', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p', mounting: { maxRate: 1_000 } }]));
    await site.feed('p', hourly('2026-03-02', [7_000, 7_100, 7_200, 0, 0, 7_500, 7_600, 7_700, 7_800]));
    const answer = await site.usage(point('p'), '2026-03-02', '2026-03-02T08:00', 'hour');
    expect(answer.total.amount).toBe(800);
    expect(amounts(answer)).toEqual(Array.from({ length: 8 }, () => 100));
    const { items } = await site.service.findings({ site: SITE, kind: 'outlier', limit: 10 });
    expect(items.map((f) => f.fromValue)).toEqual([0, 0]);
  });

  it('a multiplier corrected in March for last year recomputes last year and leaves a trail', async () => {
    const mounting = { multiplier: { num: 40, den: 1 } };
    const site = await siteOf(smallRegistry([{ point: 'p', mounting }]), '2026-03-10');
    await site.feed('p', daily('2025-01-01', range(0, 4_330, 10)));
    const year = () => site.usage(point('p'), '2025-01-01', '2026-01-01', 'year');
    expect((await year()).total.amount).toBe(3_650 * 40);
    const body = {
      kind: 'multiplier',
      point: 'p',
      from: local('2025-07-01'),
      multiplier: { num: 60, den: 1 },
    } as const;
    const event = await site.service.recordEvent(SITE, body, { by: 'zhao', reason: 'the plate of the transformer' });
    await site.service.settle();
    const [before, after] = [1_810 * 40, 1_840 * 60];
    expect((await year()).total.amount).toBe(before + after);
    const months = await site.usage(point('p'), '2025-01-01', '2026-01-01', 'month');
    expect(months.rows[5]?.amount).toBe(300 * 40);
    expect(months.rows[6]?.amount).toBe(310 * 60);
    const { root } = await site.service.trace(site.query(point('p'), '2025-01-01', '2026-01-01', 'year'));
    expect(root.terms[0]?.events).toMatchObject([{ id: event.id, kind: 'multiplier', by: 'zhao', claimed: true }]);
    expect(root.terms[0]?.terms.map((t) => t.span?.formula)).toEqual([
      `floor(40 × 1810) − floor(40 × 0) = ${before} Wh`,
      `floor(60 × 3650) − floor(60 × 1810) = ${after} Wh`,
    ]);
    expect(await site.service.events(SITE)).toMatchObject([{ id: event.id, reason: 'the plate of the transformer' }]);
    expect((await site.service.reconcile(SITE, { withLog: true })).differences).toBe(0);
  });
});

describe('events of two persons', () => {
  const wrong = [7_000, 7_100, 7_200, 0, 0, 7_500, 7_600, 7_700, 7_800];

  it('stay proposed, and change nothing, until another name confirms them', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p' }]));
    await site.feed('p', hourly('2026-03-02', [...wrong, 9_000, 9_100, 9_200]));
    const day = async () => (await site.usage(point('p'), '2026-03-02', '2026-03-03', 'day')).total.amount;
    expect(await day()).toBe(2_200);
    const span = { from: local('2026-03-02T09:00'), to: local('2026-03-03') };
    const event = await site.service.recordEvent(
      SITE,
      { kind: 'exclude', device: 'd-p', register: 'e', ...span },
      claim,
    );
    await site.service.settle();
    expect(event.state).toBe('proposed');
    expect(await day()).toBe(2_200);
    await expect(site.service.confirmEvent(event.id, ' Wang ')).rejects.toMatchObject({ code: 'SAME_PERSON' });
    await expect(site.service.confirmEvent(99_999, 'li')).rejects.toMatchObject({ code: 'EVENT_UNKNOWN' });
    expect(await site.service.confirmEvent(event.id, 'li')).toMatchObject({ state: 'active', confirmedBy: 'li' });
    await site.service.settle();
    expect(await day()).toBe(800);
    await expect(site.service.confirmEvent(event.id, 'sun')).rejects.toMatchObject({ code: 'EVENT_SETTLED' });
  });

  it('a correction supersedes; the event it corrects is kept and no longer counts', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p' }]));
    await site.feed('p', hourly('2026-03-02', wrong));
    const body = { kind: 'multiplier', point: 'p', from: local('2026-03-01'), multiplier: { num: 5, den: 1 } } as const;
    const first = await site.service.recordEvent(SITE, body, claim);
    const again = { ...body, multiplier: { num: 6, den: 1 } };
    const second = await site.service.recordEvent(SITE, again, { ...claim, supersedes: first.id });
    await site.service.settle();
    expect((await site.usage(point('p'), '2026-03-02', '2026-03-03', 'day')).total.amount).toBe(6 * 800);
    expect(await site.service.events(SITE)).toMatchObject([
      { id: first.id, state: 'superseded' },
      { id: second.id, state: 'active', supersedes: first.id },
    ]);
    await expect(site.service.recordEvent(SITE, again, { ...claim, supersedes: first.id })).rejects.toMatchObject({
      code: 'EVENT_UNKNOWN',
    });
  });

  it('what cannot be is refused with a cure', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p', mounting: { mountedAt: local('2026-03-01') } }]));
    const refused = (body: Parameters<typeof site.service.recordEvent>[1]) =>
      expect(site.service.recordEvent(SITE, body, claim)).rejects.toMatchObject({
        code: 'EVENT_INVALID',
        cure: expect.stringMatching(/\w/),
      });
    const at = local('2026-03-02');
    await refused({ kind: 'replacement', point: 'nowhere', at, serial: 's2' });
    await refused({ kind: 'replacement', point: 'p', at: local('2026-02-01'), serial: 's2' });
    await refused({ kind: 'replacement', point: 'p', at, serial: 's1' });
    await refused({ kind: 'exclude', device: 'd-p', register: 'e', from: at, to: at });
    await refused({ kind: 'reset', device: 'd-p', register: 'f', at });
    await expect(
      site.service.recordEvent('elsewhere', { kind: 'reset', device: 'd-p', register: 'e', at }, claim),
    ).rejects.toMatchObject({ code: 'SITE_UNKNOWN' });
  });
});

describe('coverage and quality, by hand', () => {
  it('a gap within the day is evidenced for the day, across its end it is not', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p' }]));
    const first = hourly('2026-03-02', range(0, 60, 10));
    const until20 = hourly('2026-03-02T12:00', range(120, 200, 10));
    const next = hourly('2026-03-03T04:00', range(280, 480, 10));
    await site.feed('p', [...first, ...until20, ...next]);
    const { rows, total } = await site.usage(point('p'), '2026-03-02', '2026-03-04', 'day');
    expect(rows).toMatchObject([
      { amount: 240, split: { measured: 140, interpolated: 100 }, coverage: 20 / 24, provisional: false },
      { amount: 240, split: { measured: 200, interpolated: 40 }, coverage: 20 / 24, provisional: false },
    ]);
    expect(total).toMatchObject({ amount: 480, coverage: 1 });
    const hours = await site.usage(point('p'), '2026-03-02T05:00', '2026-03-02T13:00', 'hour');
    expect(hours.rows.map((r) => r.coverage)).toEqual([1, 0, 0, 0, 0, 0, 0, 1]);
    expect(hours.total.coverage).toBe(1);
  });

  it('an open break costs the coverage of its slots, an explained one does not', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p', mounting: { maxRate: 100 } }]));
    await site.feed('p', hourly('2026-03-02', [...range(1_000, 1_120, 10), ...range(90_000, 90_110, 10)]));
    const day = async () => (await site.usage(point('p'), '2026-03-02', '2026-03-03', 'day')).total;
    expect(await day()).toMatchObject({ amount: 230, split: { measured: 230, disputed: 0 }, coverage: 23 / 24 });
    const at = local('2026-03-02T13:00');
    const event = await site.service.recordEvent(
      SITE,
      { kind: 'admit', device: 'd-p', register: 'e', at, amount: 77 },
      claim,
    );
    await site.service.confirmEvent(event.id, 'li');
    await site.service.settle();
    expect(await day()).toMatchObject({ amount: 307, split: { measured: 307 }, coverage: 1 });
  });

  it('the running day is provisional and covered up to now', async () => {
    const site = await siteOf(smallRegistry([{ point: 'p' }]), '2026-03-02T10:00');
    await site.feed('p', hourly('2026-03-02', range(0, 100, 10)));
    const { total } = await site.usage(point('p'), '2026-03-02', '2026-03-03', 'day');
    expect(total).toMatchObject({ amount: 100, provisional: true, coverage: 1, estimated: null });
  });
});

describe('institutions', () => {
  const allocation = {
    basis: 'fixed',
    shares: [
      { institution: 'court', share: { num: 1, den: 3 } },
      { institution: 'school', share: { num: 1, den: 2 } },
    ],
  } as const;
  const registry = smallRegistry([{ point: 'p', allocation }], { institutions: ['court', 'school'] });

  it('bear whole units each day that add up to the point, the rest is unallocated', async () => {
    const site = await siteOf(registry);
    await site.feed('p', daily('2026-03-01', [0, 100, 201, 303]));
    const of = async (id: string) =>
      amounts(await site.usage({ kind: 'institution', id }, '2026-03-01', '2026-03-04', 'day'));
    // thirds of 100, 101, 102; remainders to the largest, ties in the order of the ids
    expect(await of('court')).toEqual([33, 34, 34]);
    expect(await of('school')).toEqual([50, 50, 51]);
    expect(amounts(await site.usage({ kind: 'unallocated' }, '2026-03-01', '2026-03-04', 'day'))).toEqual([17, 17, 17]);
  });

  it('have no hours: HOURS_NOT_ALLOCATED, also for parts of days', async () => {
    const site = await siteOf(registry);
    await site.feed('p', daily('2026-03-01', [0, 100, 200]));
    const court = { kind: 'institution', id: 'court' } as const;
    await expect(site.usage(court, '2026-03-01', '2026-03-02', 'hour')).rejects.toMatchObject({
      code: 'HOURS_NOT_ALLOCATED',
    });
    await expect(site.usage(court, '2026-03-01', '2026-03-02T12:00', 'day')).rejects.toMatchObject({
      code: 'HOURS_NOT_ALLOCATED',
      cure: expect.stringContaining('whole days'),
    });
    await expect(site.usage(court, '2026-03-02', '2026-03-02', 'day')).rejects.toMatchObject({ code: 'PERIOD_EMPTY' });
  });
});
