import { type Kysely, sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeBrackets, encodeBrackets } from '../../pipeline/books/codec.ts';
import type { Books } from '../../pipeline/books/index.ts';
import { migrate } from '../../pipeline/books/migrate.ts';
import {
  dayStart,
  firstDayOfMonth,
  type Interval,
  localDay,
  monthOfDay,
  type Period,
  PERIODS,
  type Registry,
  zoneOf,
} from '../../pipeline/domain/index.ts';
import { dumpBooks, openService, type Service, type TraceNode, type UsageQuery } from '../../pipeline/index.ts';
import { loadDirectory } from '../../pipeline/ledger/directory.ts';
import type { FrameLog } from '../../pipeline/log/port.ts';
import { systemClock } from '../../pipeline/platform/index.ts';
import { logLayer } from '../../pipeline/rollup/log-layer.ts';
import { worldOf } from '../oracle/world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { freshBooks, silentTelemetry, stopPostgres } from '../support/postgres.ts';
import { consumeAll, plant } from '../support/run-books.ts';
import { checkShare, checkSpan, checkSum } from './re-adding.ts';

afterAll(stopPostgres);

interface World {
  readonly books: Books;
  readonly log: FrameLog;
  readonly service: Service;
  readonly registry: Registry;
  readonly subjects: readonly UsageQuery['subject'][];
}

/** A random world whose points stand in premises (one within the other) and whose subs are items. */
async function withWorld(seed: number, use: (world: World) => Promise<void>): Promise<void> {
  const { registry: plain, events, records } = worldOf(seed);
  const registry: Registry = {
    ...plain,
    premises: [
      { id: 'yard', name: plain.site.name, area: [] },
      { id: 'house', name: plain.site.name, parent: 'yard', area: [] },
    ],
    points: plain.points.map((p, i) => ({
      ...p,
      ...(p.role === 'formula' ? {} : { premises: i % 2 === 0 ? 'house' : 'yard' }),
      ...(p.role === 'sub' ? { item: 'power' as const } : {}),
    })),
  };
  const { books, close } = await freshBooks();
  try {
    await plant(books, registry, events);
    const log = memoryLog(
      records.map(({ appendedAt, value }) => ({
        device: /"device":"([^"]*)"/.exec(value)?.[1] ?? '',
        appendedAt,
        value: Buffer.from(value),
      })),
    );
    await consumeAll(books, log);
    const service = openService({ books, log, clock: systemClock, telemetry: silentTelemetry() });
    const subjects: UsageQuery['subject'][] = [
      ...registry.points.map((p) => ({ kind: 'point' as const, id: p.id })),
      ...registry.institutions.map((i) => ({ kind: 'institution' as const, id: i.id })),
      ...registry.premises.map((p) => ({ kind: 'premises' as const, id: p.id })),
      ...(registry.points.some((p) => p.item) ? [{ kind: 'item' as const, id: 'power' }] : []),
      ...registry.devices.flatMap((d) =>
        d.registers
          .filter((r) => r.kind === 'counter')
          .map((r) => ({ kind: 'register' as const, device: d.id, register: r.name })),
      ),
      { kind: 'site' },
      { kind: 'unallocated' },
    ];
    await use({ books, log, service, registry, subjects });
    await service.stop();
  } finally {
    await close();
  }
}

/** Two local months around the world. */
const monthsOf = (registry: Registry, records: readonly { readonly appendedAt: number }[]): Interval => {
  const zone = zoneOf(registry.site.zone);
  const month = monthOfDay(localDay(records[0]?.appendedAt ?? 0, zone));
  const start = (m: number): number => dayStart(firstDayOfMonth(m), zone);
  return { from: start(month), to: start(month + 2) };
};

const isParty = ({ kind }: UsageQuery['subject']): boolean => kind === 'institution' || kind === 'unallocated';
const SEEDS = Number(process.env['SEEDS'] ?? 3);
const seeds = Array.from({ length: SEEDS }, (_, i) => 700 + i);

describe('figures of random worlds', () => {
  it.each(seeds)(
    'hours add up to days, days to months, months to the year, for everything (%i)',
    { timeout: 60_000 },
    (seed) =>
      withWorld(seed, async ({ service, registry, subjects }) => {
        const interval = monthsOf(registry, worldOf(seed).records);
        for (const subject of subjects) {
          const ask = (by: Period) =>
            service.usage({ site: registry.site.id, subject, carrier: 'electricity', interval, by });
          const answers = await Promise.all(PERIODS.filter((by) => by !== 'hour' || !isParty(subject)).map(ask));
          const totals = answers.map((a) => a.rows.reduce((sum, r) => sum + r.amount, 0));
          expect(new Set([...totals, ...answers.map((a) => a.total.amount)]).size, JSON.stringify(subject)).toBe(1);
          for (const { rows } of answers) {
            for (const { amount, split } of rows) {
              expect(Number.isSafeInteger(amount)).toBe(true);
              expect(split.measured + split.interpolated + split.manual + split.disputed).toBe(amount);
            }
          }
          const splits = answers.map((a) => JSON.stringify(a.total.split));
          expect(new Set(splits).size, JSON.stringify(subject)).toBe(1);
          const [finer, coarser] = [answers.at(-3), answers.at(-2)];
          for (const month of coarser?.rows ?? []) {
            const inside = (finer?.rows ?? []).filter((d) => month.from <= d.from && d.from < month.to);
            expect(inside.reduce((sum, d) => sum + d.amount, 0)).toBe(month.amount);
          }
        }
        const parts = subjects
          .filter(isParty)
          .map((subject) => service.usage({ site: registry.site.id, subject, interval, by: 'day' }));
        const whole = await service.usage({ site: registry.site.id, subject: { kind: 'site' }, interval, by: 'day' });
        const all = await Promise.all(parts);
        for (const [i, row] of whole.rows.entries())
          expect(all.reduce((sum, a) => sum + (a.rows[i]?.amount ?? 0), 0)).toBe(row.amount);
      }),
  );

  it.each(seeds)(
    'a trace can be added again, from the figure down to the pairs of readings (%i)',
    { timeout: 60_000 },
    (seed) =>
      withWorld(seed, async ({ service, registry, subjects }) => {
        const interval = monthsOf(registry, worldOf(seed).records);
        let spans = 0;
        for (const subject of subjects) {
          const query = { site: registry.site.id, subject, carrier: 'electricity', interval, by: 'year' } as const;
          const [{ root }, { total }] = await Promise.all([service.trace(query), service.usage(query)]);
          expect(root.amount).toBe(total.amount);
          expect(root.split).toEqual(total.split);
          const check = (node: TraceNode, meter: TraceNode['meter']): void => {
            if (node.kind === 'span') {
              spans += 1;
              checkSpan(node, meter);
              return;
            }
            if (node.kind === 'share') checkShare(node);
            else checkSum(node);
            for (const term of node.terms) check(term, node.meter ?? meter);
          };
          check(root, undefined);
        }
        expect(spans).toBeGreaterThan(3);
      }),
  );

  it.each(seeds.slice(0, 2))(
    'an upgrade adds up what parties bear as it would have been added up from the start (%i)',
    { timeout: 60_000 },
    (seed) =>
      withWorld(seed, async ({ books }) => {
        const { text } = await dumpBooks(books.db);
        expect(text).toMatch(/^total\|.*\|0$/m);
        await books.pool.query('drop table party_day');
        await books.pool.query(`delete from civicmeter_migration where name >= '0012'`);
        await migrate(books.db as Kysely<unknown>, 'here');
        expect((await dumpBooks(books.db)).text).toBe(text);
      }),
  );

  it.each(seeds.slice(0, 2))(
    'the trial balance finds nothing, and each error that is planted (%i)',
    { timeout: 60_000 },
    (seed) =>
      withWorld(seed, async ({ books, log, service, registry }) => {
        const balance = () => service.reconcile(registry.site.id, { withLog: true });
        const sound = await balance();
        expect(sound).toMatchObject({ differences: 0 });
        expect(sound.layers.map((l) => l.layer)).toEqual([
          'hours-days',
          'days-brackets',
          'days-months',
          'months-year',
          'meters-points',
          'points-institutions',
          'institutions-days',
          'institutions-site',
          'brackets-log',
        ]);
        expect(sound.layers.filter((l) => l.rows === 0)).toEqual([]);
        const found = async (): Promise<readonly string[]> =>
          (await balance()).layers.filter((l) => l.differences > 0).map((l) => l.layer);
        const tampered = async (change: (by: number) => ReturnType<typeof sql>): Promise<readonly string[]> => {
          await change(1).execute(books.db);
          const layers = await found();
          await change(-1).execute(books.db);
          expect(await found()).toEqual([]);
          return layers;
        };
        const main = registry.points[0]?.id ?? '';
        expect(
          await tampered(
            (by) =>
              sql`update usage_day set amount = amount + ${by} where (point, day) = (select point, max(day) from usage_day where point = ${main} group by point)`,
          ),
        ).toEqual(expect.arrayContaining(['meters-points', 'points-institutions', 'institutions-site']));
        expect(
          await tampered(
            (by) =>
              sql`update allocation_day set amount = amount + ${by} where (point, day, party) = (select point, day, party from allocation_day where point = ${main} order by day, party limit 1)`,
          ),
        ).toEqual(['points-institutions', 'institutions-days', 'institutions-site']);
        expect(
          await tampered(
            (by) =>
              sql`update party_day set amount = amount + ${by} where (party, day) = (select party, day from party_day order by party, day limit 1)`,
          ),
        ).toEqual(['institutions-days']);
        expect(
          await tampered(
            (by) =>
              sql`update mounting_day set amount = amount + ${by} where (mounting, day) = (select mounting, day from mounting_day order by mounting, day limit 1)`,
          ),
        ).toEqual(expect.arrayContaining(['days-brackets', 'days-months', 'months-year', 'meters-points']));
        // held a few days at a time, the log says the same
        const inParts = async (): Promise<{ readonly rows: number; readonly differences: number }> =>
          logLayer(books.db, log, await loadDirectory(books.db), undefined, 4);
        const whole = sound.layers.find((l) => l.layer === 'brackets-log')?.rows ?? 0;
        const parts = await inParts();
        expect(parts.differences).toBe(0);
        expect(parts.rows).toBeGreaterThanOrEqual(whole);
        await expectAlteredBracketFound(books, found);
        expect((await inParts()).differences).toBeGreaterThan(0);
      }),
  );
});

/** A reading altered where it lies: the days no longer follow from it, and the log says otherwise. */
async function expectAlteredBracketFound(books: Books, found: () => Promise<readonly string[]>): Promise<void> {
  const rows = await books.db.selectFrom('bracket').selectAll().orderBy('device_key').orderBy('day').execute();
  const row = rows[Math.floor(rows.length / 2)];
  if (!row) throw new Error('no brackets');
  const registers = new Map(decodeBrackets(row.day, row.payload));
  const [ordinal, brackets] = [...registers][0] ?? [0, []];
  const altered = brackets.map((b, i) => (i === 0 ? { ...b, first: { ...b.first, value: b.first.value + 1 } } : b));
  await books.db
    .updateTable('bracket')
    .set({ payload: Buffer.from(encodeBrackets(row.day, registers.set(ordinal, altered))) })
    .where('device_key', '=', row.device_key)
    .where('day', '=', row.day)
    .where('part', '=', row.part)
    .execute();
  expect(await found()).toContain('brackets-log');
}
