import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyRegistry, diffRegistry, loadRegistry } from '../../../pipeline/books/registry.ts';
import { dayOfCivil, HOUR, type Mounting, ONE, type Registry } from '../../../pipeline/domain/index.ts';
import type { ApplyOptions } from '../../../pipeline/service.ts';
import { type FreshBooks, freshBooks, stopPostgres } from '../../support/postgres.ts';

let fresh: FreshBooks;
beforeAll(async () => {
  fresh = await freshBooks();
});
afterAll(async () => {
  await fresh.close();
  await stopPostgres();
});

const NOW = Date.parse('2026-03-10T12:00:00+08:00');
const MARCH_1 = dayOfCivil(2026, 3, 1);
const named = (id: string) => ({ id, name: { zh: `${id} 名`, en: id } });

const mounting = (over: Partial<Mounting> = {}): Mounting => ({
  id: 'p1/A1',
  point: 'p1',
  serial: 'A1',
  device: 'd1',
  register: 'e1',
  multiplier: { num: 80, den: 1 },
  scale: ONE,
  modulus: 10_000_000,
  maxRate: 5_000,
  mountedAt: Date.parse('2025-06-01T09:07:00+08:00'),
  initial: 0,
  ...over,
});

const site = (id: string): Registry => ({
  site: { ...named(id), zone: 'Asia/Shanghai', slotMinutes: 60 },
  institutions: [
    { ...named('a'), headcount: [{ from: 0, value: 40 }], area: [{ from: 0, value: 900.5 }] },
    {
      ...named('b'),
      headcount: [
        { from: 0, value: 60 },
        { from: MARCH_1, value: 65 },
      ],
      area: [],
    },
  ],
  premises: [
    { ...named('house'), area: [{ from: 0, value: 2_000 }] },
    { ...named('floor'), parent: 'house', area: [] },
  ],
  devices: [
    {
      id: 'd1',
      model: 'meter',
      connection: 'bus',
      intervalMs: 900_000,
      registers: [
        { name: 'e1', kind: 'counter', carrier: 'electricity', unit: 'Wh', scale: ONE, modulus: 10_000_000 },
        { name: 'p1', kind: 'gauge', unit: 'mW', scale: ONE },
      ],
    },
    {
      id: 'd2',
      model: 'manual',
      intervalMs: 0,
      registers: [{ name: 'e1', kind: 'counter', carrier: 'electricity', unit: 'count', scale: { num: 5, den: 4 } }],
    },
  ],
  points: [
    {
      ...named('p1'),
      carrier: 'electricity',
      premises: 'house',
      role: 'main',
      allocations: [{ from: 0, value: { basis: 'headcount', among: ['a', 'b'] } }],
    },
    { ...named('p2'), carrier: 'electricity', role: 'sub', parent: 'p1', item: 'power', allocations: [] },
    {
      ...named('p3'),
      carrier: 'electricity',
      role: 'formula',
      terms: [
        { point: 'p1', sign: 1 },
        { point: 'p2', sign: -1 },
      ],
      allocations: [],
    },
  ],
  mountings: [
    mounting(),
    mounting({
      id: 'p2/B1',
      point: 'p2',
      serial: 'B1',
      device: 'd2',
      modulus: undefined,
      initial: undefined,
      mountedAt: undefined,
    }),
  ],
});

const withoutUndefined = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const sorted = (r: Registry): Registry =>
  withoutUndefined({
    ...r,
    institutions: r.institutions.toSorted((a, b) => a.id.localeCompare(b.id)),
    premises: r.premises.toSorted((a, b) => a.id.localeCompare(b.id)),
    mountings: r.mountings.toSorted((a, b) => a.id.localeCompare(b.id)),
  });

const CLAIM = { by: 'Li', reason: 'test' };

const apply = (target: Registry, options: Partial<ApplyOptions> = {}) =>
  fresh.books.db.transaction().execute((tx) =>
    applyRegistry(tx, target, {
      take: 'all',
      commit: true,
      now: NOW,
      ...(options.take || options.commit === false ? {} : CLAIM),
      ...options,
    }),
  );

const stateOf = async (id: string) => ({
  version: (await fresh.books.db.selectFrom('site').select('registry_version').where('id', '=', id).executeTakeFirst())
    ?.registry_version,
  dirty: (
    await fresh.books.db
      .selectFrom('dirty')
      .selectAll()
      .where('site', '=', id)
      .orderBy('device')
      .orderBy('register')
      .execute()
  ).map(({ device, register, from_at, rejoin }) => ({
    device,
    register,
    from: new Date(from_at).toISOString(),
    rejoin,
  })),
});

/** A site with a history: applied, and nothing dirty. */
async function settled(id: string): Promise<Registry> {
  await apply(site(id));
  await fresh.books.db.deleteFrom('dirty').where('site', '=', id).execute();
  return site(id);
}

describe('a registry', () => {
  test('comes back from the books as it was applied, and applying it again changes nothing', async () => {
    const target = site('same');
    const first = await apply(target, { take: 'additions' });
    expect(first.left).toEqual([]);
    expect(first.taken.every((c) => c.kind === 'add' && !c.recomputes)).toBe(true);
    const loaded = await loadRegistry(fresh.books.db, 'same');
    expect(withoutUndefined(loaded)).toEqual(sorted(target));
    expect(await apply(target)).toEqual({ site: 'same', taken: [], left: [], committed: true });
    // the face with which it began is a reading
    const begun = { device: 'd1', register: 'e1', from: '2025-06-01T01:07:00.000Z', rejoin: false };
    expect(await stateOf('same')).toEqual({ version: 1, dirty: [begun] });
  });

  test('that nobody applied is undefined', async () => {
    expect(await loadRegistry(fresh.books.db, 'nowhere')).toBeUndefined();
  });

  test('is left alone when only asked what would change', async () => {
    const answer = await apply(site('asked'), { commit: false });
    expect(answer.committed).toBe(false);
    expect(answer.taken.length).toBeGreaterThan(5);
    expect(await loadRegistry(fresh.books.db, 'asked')).toBeUndefined();
  });

  test('after any applied change says what the target says, and then differs in nothing', async () => {
    const id = 'any';
    await apply(site(id));
    const edit = fc.record({
      headcount: fc.uniqueArray(
        fc.record({ from: fc.integer({ min: 0, max: 4 }), value: fc.integer({ min: 1, max: 99 }) }),
        {
          selector: (e) => e.from,
        },
      ),
      role: fc.constantFrom('sub' as const, 'main' as const),
      multiplier: fc.integer({ min: 1, max: 100 }),
      removed: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      extra: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(edit, async ({ headcount, role, multiplier, removed, extra }) => {
        const base = site(id);
        const target: Registry = {
          ...base,
          institutions: base.institutions.map((i) => ({
            ...i,
            headcount: headcount.toSorted((a, b) => a.from - b.from),
          })),
          points: base.points.map((p) => (p.id === 'p2' ? { ...p, role } : p)),
          mountings: [
            mounting({ multiplier: { num: multiplier, den: 1 }, removedAt: removed && NOW - removed * HOUR }),
            ...base.mountings.slice(1),
            ...(extra && removed ? [mounting({ id: 'p1/A2', serial: 'A2', mountedAt: NOW - removed * HOUR })] : []),
          ],
        };
        await apply(target);
        const loaded = await loadRegistry(fresh.books.db, id);
        expect(diffRegistry(loaded, target, NOW)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a change', () => {
  test('of a multiplier names its period and marks its register from the mounting on', async () => {
    const base = await settled('ratio');
    const target = {
      ...base,
      mountings: base.mountings.map((m) => (m.id === 'p1/A1' ? { ...m, multiplier: { num: 60, den: 1 } } : m)),
    };
    const { taken } = await apply(target);
    expect(taken).toEqual([
      {
        kind: 'change',
        what: 'mounting',
        id: 'p1/A1',
        old: 'multiplier 80',
        new: 'multiplier 60',
        recomputes: { from: '2025-06-01', to: null, points: ['p1'] },
      },
    ]);
    expect(await stateOf('ratio')).toEqual({
      version: 2,
      dirty: [{ device: 'd1', register: 'e1', from: '2025-06-01T01:07:00.000Z', rejoin: false }],
    });
  });

  test.each([
    ['inside a slot of the past', '2026-03-09T10:20:00+08:00', true],
    ['on a slot boundary', '2026-03-09T10:00:00+08:00', false],
    ['in the future', '2026-03-11T10:20:00+08:00', false],
  ])('that removes a meter %s asks to join its slot anew: %#', async (name, at, rejoin) => {
    const id = `removed-${rejoin}-${name.length}`;
    const base = await settled(id);
    await apply({ ...base, mountings: [mounting({ removedAt: Date.parse(at) }), ...base.mountings.slice(1)] });
    expect((await stateOf(id)).dirty).toEqual([
      { device: 'd1', register: 'e1', from: new Date(at).toISOString(), rejoin },
    ]);
  });

  test('of a headcount marks the points divided by it, and those below them, from its day', async () => {
    const base = await settled('heads');
    const { taken } = await apply({
      ...base,
      institutions: base.institutions.map((i) =>
        i.id === 'b'
          ? {
              ...i,
              headcount: [
                { from: 0, value: 60 },
                { from: MARCH_1, value: 70 },
              ],
            }
          : i,
      ),
    });
    expect(taken).toEqual([
      {
        kind: 'change',
        what: 'headcount',
        id: 'b',
        old: '65 persons from 2026-03-01',
        new: '70 persons from 2026-03-01',
        recomputes: { from: '2026-03-01', to: null, points: ['p1', 'p2'] },
      },
    ]);
    expect((await stateOf('heads')).dirty).toEqual(
      ['p1', 'p2'].map((register) => ({ device: '', register, from: '2026-02-28T16:00:00.000Z', rejoin: false })),
    );
  });

  test('needs a name and a reason', async () => {
    await expect(apply(site('claim'), { reason: ' ' })).rejects.toMatchObject({ code: 'CLAIM_MISSING' });
  });

  test('of the slot length is refused', async () => {
    const base = await settled('slot');
    await expect(apply({ ...base, site: { ...base.site, slotMinutes: 15 } })).rejects.toMatchObject({
      code: 'SLOT_FIXED',
    });
  });

  test('that fails leaves everything as it was', async () => {
    const base = await settled('atomic');
    const orphan = {
      ...base,
      mountings: [...base.mountings, mounting({ id: 'x/1', point: 'no-such-point', device: 'd9', mountedAt: 0 })],
    };
    await expect(
      apply({ ...orphan, institutions: [...orphan.institutions, { ...named('c'), headcount: [], area: [] }] }),
    ).rejects.toThrow(/foreign key/);
    expect(withoutUndefined(await loadRegistry(fresh.books.db, 'atomic'))).toEqual(sorted(base));
  });
});

describe('what a target does not name', () => {
  test('ends today and is not deleted; named again, it lives again', async () => {
    const base = await settled('ends');
    const less = {
      ...base,
      points: base.points.slice(0, 1),
      institutions: base.institutions.slice(0, 1),
      mountings: base.mountings.slice(0, 1),
    };
    const { taken } = await apply({ ...less, points: less.points.map((p) => ({ ...p, allocations: [] })) });
    expect(taken.filter((c) => c.kind === 'end' && c.what !== 'allocation').map((c) => [c.what, c.id, c.new])).toEqual([
      ['institution', 'b', 'ended 2026-03-10'],
      ['point', 'p2', 'ended 2026-03-10'],
      ['point', 'p3', 'ended 2026-03-10'],
      ['mounting', 'p2/B1', 'removed 2026-03-10T12:00:00+08:00'],
    ]);
    const loaded = await loadRegistry(fresh.books.db, 'ends');
    expect(loaded?.points.map((p) => p.id)).toEqual(['p1', 'p2', 'p3']);
    expect(loaded?.institutions[1]?.headcount).toHaveLength(2);
    await apply(base);
    expect(withoutUndefined(await loadRegistry(fresh.books.db, 'ends'))).toEqual(sorted(base));
  });

  test('a meter whose serial was written wrong gives way to the right one', async () => {
    const base = await settled('serial');
    const right = mounting({ id: 'p1/A9', serial: 'A9' });
    await apply({ ...base, mountings: [right, ...base.mountings.slice(1)] });
    expect((await loadRegistry(fresh.books.db, 'serial'))?.mountings.map((m) => m.id)).toEqual(['p1/A9', 'p2/B1']);
  });

  test('a register that a device no longer has stays, and a new one gets the next ordinal', async () => {
    const base = await settled('ordinals');
    const e2 = { name: 'e2', kind: 'counter', carrier: 'electricity', unit: 'Wh', scale: ONE } as const;
    await apply({
      ...base,
      devices: base.devices.map((d) => (d.id === 'd1' ? { ...d, registers: [e2, ...d.registers.slice(1)] } : d)),
    });
    const loaded = await loadRegistry(fresh.books.db, 'ordinals');
    expect(loaded?.devices[0]?.registers.map((r) => r.name)).toEqual(['e1', 'p1', 'e2']);
  });
});

describe('a start', () => {
  test('takes what is new and lists the rest', async () => {
    const base = await settled('start');
    const target: Registry = {
      ...base,
      institutions: [
        ...base.institutions.map((i) =>
          i.id === 'b'
            ? {
                ...i,
                headcount: [...i.headcount, { from: MARCH_1 + 5, value: 66 }].toSpliced(1, 0, {
                  from: MARCH_1 - 9,
                  value: 62,
                }),
              }
            : { ...i, headcount: [{ from: 0, value: 41 }] },
        ),
        { ...named('c'), headcount: [], area: [] },
      ],
      points: [...base.points.slice(0, 2), { ...named('p4'), carrier: 'electricity', role: 'main', allocations: [] }],
      mountings: [
        ...base.mountings,
        mounting({ id: 'p4/C1', point: 'p4', serial: 'C1', register: 'p1', mountedAt: NOW - HOUR }),
        mounting({ id: 'p1/A2', serial: 'A2', mountedAt: NOW - HOUR }),
      ],
    };
    const { taken, left } = await apply(target, { take: 'additions' });
    expect(taken.map((c) => `${c.kind} ${c.what} ${c.id}`)).toEqual([
      'add institution c',
      'add point p4',
      'add mounting p4/C1',
      'add headcount b',
    ]);
    expect(left.map((c) => `${c.kind} ${c.what} ${c.id}`)).toEqual([
      'end point p3',
      'add mounting p1/A2',
      'change headcount a',
      'add headcount b',
    ]);
    expect((await loadRegistry(fresh.books.db, 'start'))?.points.find((p) => p.id === 'p3')?.ended).toBeUndefined();
    const trail = await fresh.books.db
      .selectFrom('registry_change')
      .selectAll()
      .where('site', '=', 'start')
      .orderBy('id', 'desc')
      .limit(4)
      .execute();
    expect(trail.map((row) => row.by_name)).toEqual(['start', 'start', 'start', 'start']);
  });
});
