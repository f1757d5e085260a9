import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DAY, MINUTE } from '../../../pipeline/domain/index.ts';
import { markDirty } from '../../../pipeline/books/dirty.ts';
import { dumpBooks } from '../../../pipeline/rollup/dump.ts';
import { settle } from '../../../pipeline/rollup/settle.ts';
import { inGroups, type Limits, type Mark } from '../../../pipeline/rollup/settle-groups.ts';
import { compoundBooks, everyFault } from '../../support/compound-books.ts';
import { stopPostgres } from '../../support/postgres.ts';

afterAll(stopPostgres);

const DEVICES = ['', 'a', 'b', 'c', 'd', 'e', 'f', 'g'];
const days: ReadonlyMap<string, number> = new Map(DEVICES.slice(1).map((device, i) => [device, 1 + 3 * i]));
const daysOf = ({ device }: Mark): number => days.get(device) ?? 1;

const marksOf = fc.uniqueArray(
  fc.record({
    site: fc.constant('s'),
    device: fc.constantFrom(...DEVICES),
    register: fc.constantFrom('e1', 'e2', 'e3', 'e4'),
    from_at: fc.integer({ min: 0, max: 40 }).map((day) => day * DAY),
    rejoin: fc.boolean(),
    marks: fc.constant(1),
  }),
  { selector: ({ device, register }) => `${device}/${register}` },
);
const limitsOf: fc.Arbitrary<Limits> = fc.record({
  registerDays: fc.integer({ min: 1, max: 60 }),
  devices: fc.integer({ min: 1, max: 5 }),
});

describe('what one transaction settles', () => {
  it('is every mark once, and never more than the limits but for one register alone', () => {
    fc.assert(
      fc.property(marksOf, limitsOf, (marks, limits) => {
        const groups = inGroups(marks, days, limits);
        expect(new Set(groups.flat())).toEqual(new Set(marks));
        expect(groups.flat().length).toBe(marks.length);
        for (const group of groups) {
          expect(group.length).toBeGreaterThan(0);
          expect(new Set(group.map(({ device }) => device)).size).toBeLessThanOrEqual(limits.devices);
          const registerDays = group.reduce((sum, mark) => sum + daysOf(mark), 0);
          expect(group.length === 1 || registerDays <= limits.registerDays).toBe(true);
        }
      }),
    );
  });

  it('has no group that the next mark would have fitted in, and keeps a device together', () => {
    fc.assert(
      fc.property(marksOf, limitsOf, (marks, limits) => {
        const groups = inGroups(marks, days, limits);
        for (const [i, group] of groups.entries()) {
          const next = groups[i + 1]?.[0];
          if (!next) continue;
          const devices = new Set([...group, next].map(({ device }) => device));
          const registerDays = [...group, next].reduce((sum, mark) => sum + daysOf(mark), 0);
          expect(registerDays > limits.registerDays || devices.size > limits.devices).toBe(true);
        }
        const order = groups.flat().map(({ device }) => device);
        const runs = order.filter((device, i) => device !== order[i - 1]);
        expect(runs.length).toBe(new Set(order).size);
      }),
    );
  });
});

describe('books that are settled all over again', () => {
  it(
    'are the same whatever the groups, and whoever is told to end leaves the rest for later',
    { timeout: 120_000 },
    async () => {
      const from = Date.UTC(2026, 2, 2);
      const compound = await compoundBooks(from, from + 12 * DAY, { faults: everyFault(from, from + 12 * DAY) });
      try {
        const { books } = compound;
        const again = async (
          limits?: Limits,
          ending?: AbortController,
        ): Promise<{ readonly groups: number; readonly text: string }> => {
          await books.pool.query('truncate finding, evidence, mounting_day, usage_day, allocation_day, party_day');
          const { rows } = await books.pool.query<{ site: string; device: string; register: string }>(
            'select d.site, d.id as device, r.name as register from device d join register r on r.device_key = d.key',
          );
          await markDirty(
            books.db,
            rows.map((row) => ({ ...row, from: from - MINUTE, rejoin: false })),
          );
          let groups = 0;
          const progress = (): void => {
            groups += 1;
            ending?.abort();
          };
          await settle({ books, limits, signal: ending?.signal, progress });
          return { groups, text: (await dumpBooks(books.db)).text };
        };
        const whole = await again();
        expect(whole).toMatchObject({ groups: 1, text: expect.stringContaining('\nparty|') });
        const cut = await again({ registerDays: 12, devices: 2 });
        expect(cut.groups).toBeGreaterThan(15);
        expect(cut.text).toBe(whole.text);
        const left = await again({ registerDays: 12, devices: 2 }, new AbortController());
        expect(left.groups).toBe(1);
        await settle({ books });
        expect((await dumpBooks(books.db)).text).toBe(whole.text);
      } finally {
        await compound.close();
      }
    },
  );
});
