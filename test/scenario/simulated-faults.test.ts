import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, type MeterEvent, NEEDS_SECOND_PERSON } from '../../pipeline/domain/index.ts';
import {
  createCompound,
  createWorld,
  history,
  scheduleFaults,
  type Truth,
  truthOf,
  type World,
} from '../../fixtures/simulator/index.ts';
import type { RegistryJson } from '../oracle/input.ts';
import { dumpOf } from '../oracle/oracle.ts';
import { type GivenRecord, memoryLog } from '../support/memory-log.ts';
import { type FreshBooks, freshBooks, stopPostgres } from '../support/postgres.ts';
import { consumeAll, plant } from '../support/run-books.ts';
import { check, models } from '../support/sites.ts';

const FROM = Date.UTC(2026, 2, 1, 16);
const DAYS = 60;
const TO = FROM + DAYS * DAY;

const registryOf = () => {
  const checked = check(readFileSync(new URL('../../fixtures/sites/compound.yaml', import.meta.url), 'utf8'));
  if ('problems' in checked) throw new Error('the compound has problems');
  return checked.registry;
};
const registry = registryOf();

/** Frames as they reach the log: each day's batch appended at the day's end, late ones with the batch in which they came. */
function recordsOf(world: World): readonly GivenRecord[] {
  let seq = 0;
  return [...history(world, { from: FROM, to: TO })].flatMap((batch, day) =>
    batch.map((draft) => ({
      device: draft.device,
      appendedAt: FROM + (day + 1) * DAY,
      value: Buffer.from(JSON.stringify({ v: 1, src: '0123abcd', seq: seq++, ...draft })),
    })),
  );
}

const eventsOf = (truth: Truth): readonly MeterEvent[] =>
  truth.events.map((body, i) => ({
    id: i + 1,
    site: registry.site.id,
    state: 'active',
    body,
    by: 'wang',
    reason: 'seen on site',
    recordedAt: TO,
    ...(NEEDS_SECOND_PERSON[body.kind] ? { confirmedBy: 'li', confirmedAt: TO } : {}),
  }));

afterAll(stopPostgres);

const lines = (text: string): readonly string[] => text.split('\n').filter((l) => !l.startsWith('count|'));

describe.each([7, 8])('the compound with every misbehaviour on, seed %i', (seed) => {
  const compound = createCompound(seed, models);
  const faults = scheduleFaults(compound, { seed, from: FROM, to: TO, each: 4 });
  const world = createWorld(compound, faults);
  const truth = truthOf(world);
  const records = recordsOf(world);
  let fresh: FreshBooks;
  beforeAll(async () => {
    fresh = await freshBooks();
  });
  afterAll(() => fresh.close());

  it('every fault of the list is there', () => {
    expect(new Set(faults.map((f) => f.kind)).size).toBe(12);
  });

  it('the books equal the oracle’s, with the meter events entered', { timeout: 120_000 }, async () => {
    await plant(fresh.books, registry, eventsOf(truth));
    const { text } = await consumeAll(fresh.books, memoryLog(records, { batch: () => 700 }));
    const want = dumpOf({
      registry: JSON.parse(JSON.stringify(registry)) as RegistryJson, // plain JSON, as the oracle wants it
      events: eventsOf(truth),
      records: records.map(({ appendedAt, value }) => ({ appendedAt, value: Buffer.from(value).toString() })),
    });
    expect(lines(text)).toEqual(lines(want.text));
  });

  it('every total equals the truth, but for what no register ever showed', async () => {
    const { books } = fresh;
    const evidence = await books.db.selectFrom('evidence').selectAll().execute();
    const days = await books.db.selectFrom('usage_day').select(['point', 'amount']).execute();
    const wrong: string[] = [];
    let checked = 0;
    for (const point of registry.points.filter((p) => p.role !== 'formula')) {
      const own = evidence.filter((e) => e.mounting.startsWith(`${point.id}/`));
      const [from, to] = [Math.min(...own.map((e) => e.first_at)), Math.max(...own.map((e) => e.last_at))];
      const booked = days.filter((d) => d.point === point.id).reduce((sum, d) => sum + d.amount, 0);
      const unshown = truth.unshown.filter((u) => u.point === point.id).reduce((sum, u) => sum + u.amount, 0);
      const true_ = truth.usage(point.id, from, to) - unshown;
      if (booked !== true_) wrong.push(`${point.id}: booked ${booked}, true ${true_}`);
      checked += 1;
    }
    expect(checked).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
  });
});
