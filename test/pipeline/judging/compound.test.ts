import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, type SiteFacts } from '../../../pipeline/domain/index.ts';
import {
  factorMovesSchema,
  indicatorsAnswerSchema,
  type IndicatorPeriod,
  type IndicatorsAnswer,
  judgeAnswerSchema,
  costsAnswerSchema,
  decomposeAnswerSchema,
  targetsAnswerSchema,
  type Service,
} from '../../../pipeline/index.ts';
import { type CompoundBooks, compoundBooks } from '../../support/compound-books.ts';
import { stopPostgres } from '../../support/postgres.ts';

/** Local 2026-01-01 and five weeks on: January is whole, February has begun. */
const FROM = Date.UTC(2025, 11, 31, 16);
const TO = FROM + 36 * DAY;
const SITE = 'lz-compound';
const INSTITUTIONS = ['reform', 'housing', 'offices'] as const;
const DATA = new URL('../../../rules/catalogue/data', import.meta.url).pathname;

let books: CompoundBooks;
let service: Service;
const folders: string[] = [];
beforeAll(async () => {
  books = await compoundBooks(FROM, TO);
  service = books.serviceAt(TO);
}, 120_000);
afterAll(async () => {
  await service.stop();
  await books.close();
  await stopPostgres();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const ofPeriod = (answer: IndicatorsAnswer, period: IndicatorPeriod) => {
  const found = answer.periods.find((one) => one.period === period);
  if (!found) throw new Error(`no ${period}`);
  return found;
};
const january = async (institution: string) =>
  ofPeriod(await service.rules.indicators({ site: SITE, institution, year: 2026, month: 1 }), 'month');

/** The rules with one text of a file replaced. */
function rulesWith(file: string, old: string, next: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'civicmeter-rules-'));
  folders.push(folder);
  cpSync(DATA, folder, { recursive: true });
  const text = readFileSync(path.join(folder, file), 'utf8');
  expect(text).toContain(old);
  writeFileSync(path.join(folder, file), text.replace(old, next));
  return folder;
}

const withFacts = async (change: (facts: SiteFacts) => SiteFacts, ask: () => Promise<void>): Promise<void> => {
  const claim = { commit: true, by: 'test', reason: 'test' };
  await service.rules.applyFacts(change(books.facts), claim);
  try {
    await ask();
  } finally {
    await service.rules.applyFacts(books.facts, claim);
  }
};

describe('periods of the compound', () => {
  it.each(INSTITUTIONS)('of %s: uses add up to the amounts of the ledger, carrier by carrier', async (institution) => {
    const { quantities } = await january(institution);
    for (const carrier of ['electricity', 'water', 'natural-gas', 'heat'] as const) {
      const { total } = await service.usage({
        site: SITE,
        subject: { kind: 'institution', id: institution },
        carrier,
        interval: { from: FROM, to: FROM + 31 * DAY },
        by: 'month',
      });
      const parts = quantities.filter((q) => q.carrier === carrier);
      expect(parts.reduce((sum, q) => sum + q.amount, 0)).toBe(total.amount);
      expect(parts.every((q) => q.amount >= 0)).toBe(true);
    }
  });

  it('take area and persons out with what is excluded, and count both for the survey', async () => {
    const month = await january('offices');
    expect(month.denominators).toMatchObject({ areaM2: 5_400, heatedAreaM2: 5_400, persons: 126 });
    const energy = month.indicators.find(({ metric }) => metric === 'energy-per-area');
    expect(energy?.denominator).toEqual({ value: 5_400, unit: 'm2' });
    expect(energy?.value).toBeCloseTo((month.totals.kgce ?? NaN) / 5_400, 5);
    expect(energy?.rows.map(({ id }) => id)).toContain('coal/national-statistics-electricity-kwh');
  });

  it('of each kind answer by their schema, and a year that is not over has little coverage', async () => {
    const answer = await service.rules.indicators({ site: SITE, institution: 'reform', year: 2026 });
    expect(indicatorsAnswerSchema.parse(answer)).toEqual(answer);
    expect(answer.periods.map(({ period, from, to }) => [period, from, to])).toEqual([
      ['year', '2026-01-01', '2027-01-01'],
      ['rolling-12', '2025-02-01', '2026-02-01'],
      ['year-to-date', '2026-01-01', '2026-02-01'],
      ['month', '2026-01-01', '2026-02-01'],
      ['same-period-last-year', '2025-01-01', '2025-02-01'],
    ]);
    expect(ofPeriod(answer, 'month').coverage).toBe(1);
    expect(ofPeriod(answer, 'year').coverage).toBeCloseTo(36 / 365, 3);
  });

  it('with quantities by hand hold both, and say what has no factor', async () => {
    const row = (kind: string, use: string, quantity: string, unit: string) => ({
      row: 2,
      cells: { institution: 'housing', month: '2026-01', kind, use, quantity, unit, document: 'receipts' },
    });
    const drafts = [
      row('petrol', 'vehicles', '1000', 'L'),
      row('heat-by-area', '', '500', 'm2'),
      row('paper', '', '80', 'kg'),
    ];
    const table = { name: 'hand', sha256: '0'.repeat(64), drafts };
    const before = await january('housing');
    await service.rules.importQuantities(SITE, table, { by: 'wang', commit: true });
    const after = await january('housing');
    expect(after.quantities).toContainEqual(
      expect.objectContaining({
        carrier: 'petrol',
        use: 'vehicles',
        amount: 1_000_000,
        coverage: 1,
        quality: 'manual',
      }),
    );
    // 1 L of petrol: 0.73 kg × 1.4714 kgce/kg (factors.md, 1.3)
    expect((after.totals.kgce ?? 0) - (before.totals.kgce ?? 0)).toBeCloseTo(1_000 * 0.73 * 1.4714, 3);
    const said = after.missing.map(({ what, reason }) => `${what} ${reason}`).join('\n');
    expect(said).toContain('quantity.heat HEAT_BY_AREA: heat of 2026-01 is billed by area');
    const { missing } = await service.rules.judge({ site: SITE, institution: 'housing', year: 2026 });
    expect(missing.map(({ what }) => what)).not.toContain('quantity.paper');
    expect(said).toContain('quantity.paper FACTOR_MISSING: 80 kg of paper in 2026-01');
  });
});

describe('verdicts', () => {
  it('are refused for a year with too little evidence, and say how much there is', async () => {
    const answer = await service.rules.judge({ site: SITE, institution: 'reform', year: 2026 });
    expect(judgeAnswerSchema.parse(answer)).toEqual(answer);
    expect(answer.verdicts).toEqual([]);
    expect(answer.missing.map(({ reason }) => reason.split(':')[0])).toContain('COVERAGE_LOW');
  });

  it('ask for what is unknown of the institution', async () => {
    await withFacts(
      (facts) => ({ ...facts, institutions: facts.institutions.map(({ type: _, ...one }) => one) }),
      async () => {
        const answer = await service.rules.judge({ site: SITE, institution: 'reform', year: 2026 });
        expect(answer.verdicts).toEqual([]);
        expect(answer.missing[0]?.what).toBe('profile.type');
      },
    );
  });

  it('ask where it lies before they choose rules', async () => {
    await withFacts(
      (facts) => ({ ...facts, institutions: [] }),
      async () => {
        const answer = await service.rules.judge({ site: SITE, institution: 'reform', year: 2026 });
        expect(answer.missing.map(({ what }) => what)).toContain('profile.division');
      },
    );
  });
});

describe('targets', () => {
  it('answer by their schema; without the base year they say so, and no number stands in', async () => {
    const answer = await service.rules.targets({ site: SITE, institution: 'reform', year: 2026 });
    expect(targetsAnswerSchema.parse(answer)).toEqual(answer);
    const own = answer.targets.find(({ id }) => id === 'reform-water-2030');
    expect(own).toMatchObject({ base: null, yearCap: null, forecast: null });
    expect(own?.months[0]?.actual).toBeCloseTo((await january('reform')).totals.waterM3 ?? NaN, 3);
    expect(own?.months[1]?.actual).toBeNull();
    expect(own?.missing.length).toBeGreaterThan(0);
  });

  it('of the site sum the institutions', async () => {
    const answer = await service.rules.targets({ site: SITE, year: 2026 });
    const whole = answer.targets.find(({ id }) => id === 'compound-energy-2030');
    const each = await Promise.all(INSTITUTIONS.map(january));
    const sum = each.reduce((total, { totals }) => total + (totals.kgce ?? NaN), 0);
    expect(whole?.months[0]?.actual).toBeCloseTo(sum, 2);
  });
});

describe('a total target divided among the institutions', () => {
  const target = { value: '9000', unit: 'm3', year: 2030 } as const;
  const ask = (query: object) =>
    service.rules.decompose({
      target,
      baseYear: 2026,
      rule: 'equal-rate',
      changes: {},
      among: { site: SITE, shares: {} },
      ...query,
    });

  it('by shares is exactly the target with what remains, and needs no base', async () => {
    const answer = await ask({
      rule: 'share',
      among: { site: SITE, shares: { reform: 0.5, housing: 0.3, offices: 0.1 } },
    });
    expect(decomposeAnswerSchema.parse(answer)).toEqual(answer);
    expect(answer).toMatchObject({ site: SITE, unit: 'm3', baseUnit: 'L', baseYear: 2026 });
    expect(answer.parts.map(({ id, targetAmount }) => [id, targetAmount])).toEqual([
      [SITE, 9_000_000],
      ['housing', 2_700_000],
      ['offices', 900_000],
      ['reform', 4_500_000],
    ]);
    expect(answer.parts[0]?.remainderAmount).toBe(900_000);
  });

  it('at an equal rate gives nothing to whom the base year is not known, and says why', async () => {
    const answer = await ask({});
    expect(answer.parts.map(({ id }) => id)).toEqual([SITE]);
    expect(answer.without.map(({ id, reason }) => [id, reason])).toEqual(
      ['housing', 'offices', 'reform'].map((id) => [id, 'no-base']),
    );
    expect(answer.missing.every(({ reason }) => reason.startsWith('COVERAGE_LOW: 9.9 % of 2026'))).toBe(true);
    expect(answer.parts[0]?.remainder).toBe(9_000);
  });

  it('needs a base year before the target year, and shares of institutions that there are', async () => {
    const refused = { code: 'DECOMPOSITION_INVALID' };
    await expect(ask({ baseYear: undefined })).rejects.toMatchObject({ ...refused, place: 'baseYear' });
    await expect(ask({ baseYear: 2030 })).rejects.toMatchObject({ ...refused, place: 'baseYear' });
    await expect(ask({ among: { site: SITE, shares: { x: 1 } } })).rejects.toMatchObject({ ...refused, place: 'x' });
  });
});

describe('costs', () => {
  it('of a flat price are the amount times the price; of the parties together the cost of the point', async () => {
    const answers = await Promise.all(
      INSTITUTIONS.map((institution) => service.rules.costs({ site: SITE, institution, year: 2026 })),
    );
    for (const answer of answers) expect(costsAnswerSchema.parse(answer)).toEqual(answer);
    const rowsOf = (carrier: string) =>
      answers.flatMap(({ rows }) => rows.filter((row) => row.carrier === carrier && row.month === '2026-01'));
    const gas = rowsOf('natural-gas');
    for (const row of gas) expect(Math.abs((row.fen ?? NaN) - (row.amount * 241) / 1_000)).toBeLessThanOrEqual(1);
    // building B: a tenth of the electricity is nobody's, so the parties' part of the capacity charge of three points is below three charges
    const power = rowsOf('electricity');
    const capacity = power.reduce((sum, row) => sum + row.capacityFen, 0);
    expect(capacity).toBeGreaterThan(2.8 * 1_280_000);
    expect(capacity).toBeLessThan(3 * 1_280_000);
    for (const row of power) {
      const periods = Object.values(row.byPeriod).reduce((sum, fen) => sum + fen, 0);
      expect(Math.abs((row.fen ?? NaN) - periods - row.capacityFen)).toBeLessThanOrEqual(6);
      expect(row.unitPrice).toBeGreaterThan(0.2845);
    }
  });

  it('check a bill against the tariff of its month', async () => {
    const cells = {
      institution: 'offices',
      month: '2026-01',
      kind: 'natural-gas',
      use: 'metered',
      quantity: '100',
      unit: 'm3',
      cost: '2410',
    };
    const table = { name: 'bill', sha256: '0'.repeat(64), drafts: [{ row: 2, cells }] };
    await service.rules.importQuantities(SITE, table, { by: 'wang', commit: true });
    const { rows } = await service.rules.costs({ site: SITE, institution: 'offices', year: 2026 });
    const gas = rows.find((row) => row.carrier === 'natural-gas' && row.month === '2026-01');
    expect(gas).toMatchObject({ billedFen: 241_000, unitPrice: 24.1 });
    expect(gas?.check).toMatchObject({ against: 'tariff', suspicious: true });
    expect(gas?.check?.expected).toBeCloseTo(2.41, 4);
  });
});

describe('a changed factor', () => {
  it('leaves a closed month as it was, says which open figures moved, and makes a new version only when asked', async () => {
    const month = 2026 * 12;
    const closed = await service.close(SITE, month, { by: 'li', reason: 'January' });
    const stored = async (version: number) =>
      await books.books.db
        .selectFrom('closed_period')
        .select(['content', 'hash'])
        .where('version', '=', version)
        .executeTakeFirstOrThrow();
    const issued = await stored(1);
    expect(issued.content).toMatchObject({
      judged: INSTITUTIONS.toSorted().map((institution) => ({
        institution,
        kgce: expect.any(Number),
        kgCO2: expect.any(Number),
      })),
    });
    const factors = (issued.content as { factors: string[] }).factors;
    expect(factors.find((text) => text.startsWith('coal/national-statistics-electricity-kwh@'))).toMatch(
      /@[0-9a-f]{64}$/,
    );

    const folder = rulesWith('electricity-co2.yaml', '0.4471', '0.5');
    const later = books.serviceAt(TO + 31 * DAY, folder);
    const moves = await later.rules.factorMoves(SITE);
    expect(factorMovesSchema.parse(moves)).toEqual(moves);
    expect(moves.changed).toHaveLength(1);
    expect(moves.closed).toMatchObject([{ month: '2026-01', version: 1 }]);
    expect(new Set(moves.open.map((one) => `${one.month} ${one.measure}`))).toEqual(new Set(['2026-02 kgCO2']));
    expect(moves.open.map(({ institution }) => institution).toSorted()).toEqual([...INSTITUTIONS].toSorted());
    expect(moves.open.every((one) => (one.new ?? 0) > (one.old ?? 0))).toBe(true);
    expect(await stored(1)).toEqual(issued);
    expect((await later.closes(SITE)).map(({ hash }) => hash)).toEqual([closed.hash]);
    expect(await later.adjustments(SITE)).toEqual([]);

    expect(await later.close(SITE, month, { by: 'li', reason: 'new factor' })).toMatchObject({ version: 2 });
    expect(await stored(1)).toEqual(issued);
    await later.stop();
  });

  it('takes the confirmation of the old text with it', async () => {
    const row = 'coal/national-statistics-electricity-kwh';
    const word = { by: 'li', text: 'the survey’s form of 2025, page 3' };
    const before = await service.rules.factors({ text: row });
    expect(before.rows[0]).toMatchObject({ id: row, verified: false, confirmed: null });
    expect(await service.rules.confirmRow(row, word)).toMatchObject({ row, stands: true });
    const after = await service.rules.factors({ text: row });
    expect(after.rows[0]).toMatchObject({ verified: true, confirmed: { by: 'li', text: word.text } });
    expect(after.rows[0]?.hash).toBe(before.rows[0]?.hash);
    await expect(service.rules.confirmRow('coal/none', word)).rejects.toMatchObject({ code: 'ROW_UNKNOWN' });

    const other = books.serviceAt(TO, rulesWith('coal.yaml', '0.1229, Chongqing', '0.123, Chongqing'));
    expect((await other.rules.confirmations()).map(({ stands }) => stands)).toEqual([false]);
    expect((await other.rules.factors({ text: row })).rows[0]?.verified).toBe(false);
    await other.stop();
  });
});

describe('facts', () => {
  it('are kept by version with a name and a reason; the same again is no version', async () => {
    const { rules } = service;
    const now = await rules.facts(SITE);
    const same = await rules.applyFacts(books.facts, { commit: true, by: 'a', reason: 'b' });
    expect(same).toEqual({ site: SITE, version: now?.version, changes: [], committed: false });
    const changed = { ...books.facts, targets: [] };
    await expect(rules.applyFacts(changed, { commit: true })).rejects.toMatchObject({ code: 'CLAIM_NEEDED' });
    const looked = await rules.applyFacts(changed, { commit: false });
    expect(looked.changes.map(({ what, id, new: is }) => [what, id, is])).toEqual([
      ['target', 'compound-energy-2030', null],
      ['target', 'reform-water-2030', null],
    ]);
    expect((await rules.facts(SITE))?.version).toBe(now?.version);
  });

  it('that name what the books do not have are refused', async () => {
    const wrong = { ...books.facts, points: [{ point: 'p-x' }] };
    await expect(service.rules.applyFacts(wrong, { commit: true, by: 'a', reason: 'b' })).rejects.toMatchObject({
      code: 'FACTS_UNKNOWN',
    });
  });
});
