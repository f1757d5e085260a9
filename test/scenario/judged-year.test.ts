import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteFacts } from '../../pipeline/domain/index.ts';
import { DAY, dayOfCivil, dayStart, HOUR, zoneOf } from '../../pipeline/domain/index.ts';
import { judgeAnswerSchema, type JudgeQuery, type Service } from '../../pipeline/index.ts';
import { loadDirectory } from '../../pipeline/ledger/directory.ts';
import { amountsBetween, hourRows } from '../../pipeline/rollup/hours.ts';
import { type CompoundBooks, compoundBooks, everyFault } from '../support/compound-books.ts';
import { randomOf } from '../oracle/world/random.ts';
import { stopPostgres } from '../support/postgres.ts';

const zone = zoneOf('Asia/Shanghai');
const startOf = (year: number, month: number, day = 1): number => dayStart(dayOfCivil(year, month, day), zone);
const [FROM, TO] = [startOf(2025, 1), startOf(2026, 1)];
const SITE = 'lz-compound';

/** The compound as if it stood in Jinan, whose quotas are the only whole set that we have */
const inJinan = (facts: SiteFacts): SiteFacts => ({
  ...facts,
  institutions: facts.institutions.map((one) => ({ ...one, division: '370100' })),
});

let books: CompoundBooks;
let service: Service;
const ask = async (query: Partial<JudgeQuery> = {}, by: Service = service) => {
  const answer = await by.rules.judge({ site: SITE, institution: 'reform', year: 2025, ...query });
  expect(judgeAnswerSchema.parse(answer)).toEqual(answer);
  return answer;
};
const codes = (missing: readonly { readonly reason: string }[]): readonly string[] => [
  ...new Set(missing.map(({ reason }) => reason.split(':')[0] ?? '')),
];

beforeAll(async () => {
  books = await compoundBooks(FROM, TO, { faults: everyFault(FROM, TO) });
  service = books.serviceAt(startOf(2026, 1, 10));
  await service.rules.applyFacts(inJinan(books.facts), { commit: true, by: 'test', reason: 'judged in Jinan' });
}, 400_000);
afterAll(async () => {
  await service.stop();
  await books.close();
  await stopPostgres();
});

describe('a whole year of the compound, with every kind of fault twice', () => {
  it('is judged by the quotas of its region: each verdict rests on a single source and is counted', async () => {
    const { verdicts, missing } = await ask();
    const own = verdicts.filter(({ pack }) => pack === 'shandong');
    expect(own.map(({ metric }) => metric).toSorted()).toEqual([
      'electricity-per-area',
      'energy-per-person',
      'heating-per-heated-area',
      'non-heating-per-area',
      'water-per-person',
    ]);
    for (const verdict of own) {
      expect(verdict).toMatchObject({ standing: 'single-source', counted: true });
      expect(verdict.coverage).toBeGreaterThanOrEqual(0.9);
      expect(verdict.row.source.document).toMatch(/^DB37\/T/);
      expect(verdict.row.confidence).toBe('B');
      expect(verdict.notes.map(({ en }) => en)).toContain('rests on a single source');
    }
    // the quotas of energy use their own factor of electricity
    const energy = own.find(({ metric }) => metric === 'energy-per-person');
    expect(energy?.caliber).toBe('shandong-quota');
    expect(energy?.rows.map(({ value }) => value)).toContain(0.31);
    expect(codes(missing)).not.toContain('COVERAGE_LOW');
  });

  it('the level follows from value and limits', async () => {
    for (const institution of ['reform', 'housing', 'offices']) {
      const { verdicts } = await ask({ institution });
      expect(verdicts.length).toBeGreaterThan(3);
      for (const { value, limits, verdict, ratio } of verdicts) {
        const { guide, advanced, base, constraint, general } = limits;
        const binding = constraint ?? general ?? NaN;
        const best = guide ?? advanced;
        const expected =
          best !== undefined && value <= best
            ? 'advanced'
            : base !== undefined && value <= base
              ? 'reasonable'
              : value <= binding
                ? 'compliant'
                : 'over';
        expect(verdict).toBe(expected);
        expect(ratio).toBeCloseTo(value / binding, 5);
      }
    }
  });

  it('beside a pack from memory, whose verdicts are for reference and never counted, each with its coal factors', async () => {
    const { verdicts } = await ask({ packs: ['shandong', 'gbt-51161'] });
    const memory = verdicts.filter(({ pack }) => pack === 'gbt-51161');
    expect(memory.length).toBeGreaterThan(0);
    expect(memory.every(({ standing, counted }) => standing === 'for-reference' && !counted)).toBe(true);
    expect(new Set(verdicts.map(({ caliber }) => caliber)).size).toBeGreaterThan(1);
  });

  it('by the quotas of another region is for comparison only', async () => {
    await service.rules.applyFacts(books.facts, { commit: true, by: 'test', reason: 'Lanzhou' });
    const { verdicts } = await ask({ packs: ['shandong'] });
    await service.rules.applyFacts(inJinan(books.facts), { commit: true, by: 'test', reason: 'Jinan' });
    expect(verdicts.length).toBeGreaterThan(0);
    expect(verdicts.every(({ standing, counted }) => standing === 'for-reference' && !counted)).toBe(true);
  });

  it('is measured by the same sums as the ledger’s year', async () => {
    const [year] = (
      await service.rules.indicators({ site: SITE, institution: 'reform', year: 2025, periods: ['year'] })
    ).periods;
    const { total } = await service.usage({
      site: SITE,
      subject: { kind: 'institution', id: 'reform' },
      carrier: 'water',
      interval: { from: FROM, to: TO },
      by: 'year',
    });
    expect(year?.totals.waterM3).toBeCloseTo(total.amount / 1_000, 6);
    const water = (await ask()).verdicts.find(({ metric }) => metric === 'water-per-person');
    expect(water?.measured).toBeCloseTo(total.amount / 1_000 / (year?.denominators.persons ?? NaN), 5);
  });
});

describe('its totals as the base of a target', () => {
  it('are divided at an equal rate, each by its own year, exactly', async () => {
    const answer = await service.rules.decompose({
      target: { value: '500', unit: 'tce', year: 2030 },
      baseYear: 2025,
      rule: 'equal-rate',
      changes: {},
      among: { site: SITE, shares: {} },
    });
    const [whole, ...parts] = answer.parts;
    expect(parts.map(({ id }) => id).toSorted()).toEqual(['housing', 'offices', 'reform']);
    expect(parts.reduce((sum, part) => sum + part.targetAmount, 0)).toBe(500_000_000);
    expect(whole?.remainderAmount).toBe(0);
    const changes = parts.map(({ change }) => change ?? NaN);
    expect(Math.max(...changes) - Math.min(...changes)).toBeLessThan(1e-6);
    const [year] = (
      await service.rules.indicators({ site: SITE, institution: 'reform', year: 2025, periods: ['year'] })
    ).periods;
    expect(parts.find(({ id }) => id === 'reform')?.base).toBeCloseTo((year?.totals.kgce ?? NaN) / 1_000, 6);
    expect(answer.rows.map(({ id }) => id)).toContain('coal/national-statistics-electricity-kwh');
  });
});

describe('its hours', () => {
  it('are the same with and without their quality, with every kind of fault', async () => {
    const site = (await loadDirectory(books.books.db)).sites.get(SITE);
    if (!site) throw new Error('no site');
    const point = site.registry.points.find(({ id }) => id === 'p-a-main');
    if (!point) throw new Error('no point');
    const subject = { kind: 'point', id: point.id, name: point.name } as const;
    const resolved = { subject, carrier: point.carrier, terms: [{ point, sign: 1 as const }] };
    const periods = Array.from({ length: (TO - FROM) / HOUR }, (_, i) => ({
      from: FROM + i * HOUR,
      to: FROM + (i + 1) * HOUR,
    }));
    const { rows } = await hourRows(books.books.db, site, resolved, periods);
    const cuts = Float64Array.from([...periods.map(({ from }) => from), TO]);
    const amounts = await amountsBetween(books.books.db, site, point, cuts);
    expect([...amounts]).toEqual(rows.map(({ amount }) => amount));
    expect(amounts.filter((amount) => amount > 0).length).toBeGreaterThan(8_000);
  });

  it('of any days add up to what the days say, amount, coverage and whether it may still change, with every kind of fault', async () => {
    const random = randomOf(1);
    const december = books.serviceAt(startOf(2025, 12, 20));
    const points = (await service.points(SITE)).map(({ id }) => id);
    const kinds = await Promise.all(
      ['gap', 'break'].map((kind) => service.findings({ site: SITE, kind, limit: 1_000 })),
    );
    const found = kinds.flatMap(({ items }) => items);
    let uncovered = 0;
    for (let trial = 0; trial < 300; trial++) {
      const finding = trial % 2 === 0 ? random.pick(found) : undefined;
      const around = Math.floor(((finding ? Date.parse(finding.from) : FROM) - FROM) / DAY) - random.int(0, 3);
      const from = FROM + (finding ? around : random.int(-2, 366)) * DAY;
      const interval = { from, to: from + random.int(1, 5) * DAY };
      const query = {
        site: SITE,
        subject: { kind: 'point' as const, id: finding?.point ?? random.pick(points) },
        interval,
      };
      const by = random.pick([service, december]);
      const [hours, days] = [await by.usage({ ...query, by: 'hour' }), await by.usage({ ...query, by: 'day' })];
      const said = ({ total: { amount, split, coverage, provisional } }: typeof hours) => {
        const { manual, ...measured } = split;
        return { amount: amount - manual, measured, coverage, provisional };
      };
      expect({ query, ...said(hours) }).toEqual({ query, ...said(days) });
      if (hours.total.coverage < 1) uncovered += 1;
    }
    await december.stop();
    expect(uncovered).toBeGreaterThan(50);
  });
});

describe('the share of the year that is evidenced', () => {
  it('of 334 days of 365 is enough, of 306 it is not: no verdict, and the reason says how much', async () => {
    const [enough, short] = [await ask({ year: 2026, rollingTo: 1 }), await ask({ year: 2026, rollingTo: 2 })];
    expect(enough.verdicts.filter(({ standing }) => standing === 'single-source').length).toBeGreaterThan(3);
    expect(short.verdicts).toEqual([]);
    expect(codes(short.missing)).toContain('COVERAGE_LOW');
    expect(short.missing.find(({ reason }) => reason.startsWith('COVERAGE_LOW'))?.reason).toMatch(/: 8[34]\.\d % /);
  });

  it('before the year is over counts what has passed: a verdict then holds what was used so far and is not counted', async () => {
    const december = books.serviceAt(startOf(2025, 12, 20));
    const { verdicts } = await ask({}, december);
    await december.stop();
    expect(verdicts.length).toBeGreaterThan(3);
    for (const { counted, notes } of verdicts) {
      expect(counted).toBe(false);
      expect(notes.at(-1)?.en).toMatch(/^the year is not over/);
    }
    expect((await ask()).verdicts.some(({ counted }) => counted)).toBe(true);
  });
});
