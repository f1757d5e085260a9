import { describe, expect, it } from 'vitest';
import { agencyPerTest, ownMeter } from '../../support/agency.ts';
import { SITE } from '../../support/small-site.ts';

const agency = agencyPerTest();

describe('a quantity by hand', () => {
  const POWER = ownMeter('p');
  const whole = [
    ['2025-01-01', 0],
    ['2026-01-01', 4_000_000],
  ] as const;
  const NAMED = { document: 'invoice' };
  const metricsOf = ({ verdicts }: { readonly verdicts: readonly { readonly metric: string }[] }) =>
    verdicts.map(({ metric }) => metric);
  const site = async () => {
    const small = await agency([POWER]);
    await small.feed('p', whole);
    const petrolOf = async () => (await small.figures(2025)).quantities.find(({ carrier }) => carrier === 'petrol');
    return { ...small, petrolOf };
  };

  it('is evidenced by a document: without one it counts, and is not judged until the document is named', async () => {
    const { judge, enter, petrolOf } = await site();
    await enter('petrol', 'vehicles', 'L', Array(12).fill({}));
    expect(await petrolOf()).toMatchObject({ amount: 1_200_000, coverage: 0 });
    const before = await judge(2025);
    expect(metricsOf(before)).not.toContain('energy-per-person');
    const low = before.missing.find(({ what }) => what === 'energy-per-person: coverage.energy-per-person');
    expect(low?.reason).toMatch(/^COVERAGE_LOW: 0 % of the time is evidenced for petrol/);
    expect(low?.cure.en).toMatch(/name the document/);
    expect(await enter('petrol', 'vehicles', 'L', Array(12).fill(NAMED))).toMatchObject({
      unchanged: 12,
      attached: 12,
    });
    expect(await petrolOf()).toMatchObject({ amount: 1_200_000, coverage: 1 });
    expect(metricsOf(await judge(2025))).toContain('energy-per-person');
  });

  it('of 0 needs none: nothing was bought', async () => {
    const { enter, petrolOf } = await site();
    await enter('petrol', 'vehicles', 'L', [NAMED, ...Array(11).fill({ quantity: '0' })]);
    expect(await petrolOf()).toMatchObject({ amount: 100_000, coverage: 1 });
  });

  it('of what a meter counts as well adds to it, and the months are told', async () => {
    const { enter, figures } = await site();
    await enter('electricity', '', 'kWh', [NAMED, NAMED, { quantity: '0' }]);
    const year = await figures(2025);
    expect(year.quantities.map(({ amount }) => amount)).toEqual([4_000_000, 200_000]);
    expect(year.missing.map(({ reason }) => reason)).toContain(
      'METERED_AND_ENTERED: electricity of 2025-01, 2025-02 is counted by meters and was entered by hand: both are in the sum',
    );
  });

  it('that is the bill of what a meter counts is in no amount; its cost is told and checked', async () => {
    const { enter, figures, judge, service } = await site();
    const before = await figures(2025);
    const bill = { ...NAMED, cost: '80' };
    expect(await enter('electricity', 'metered', 'kWh', [bill, bill])).toMatchObject({ added: 2, refused: [] });
    expect(await figures(2025)).toEqual(before);
    expect(metricsOf(await judge(2025))).toContain('electricity-per-area');
    const { rows } = await service.rules.costs({ site: SITE, institution: 'a', year: 2025 });
    expect(rows.slice(0, 2)).toMatchObject([{ billedFen: 8_000, unitPrice: 0.8 }, { billedFen: 8_000 }]);
    const [row] = await service.rules.quantities({ site: SITE });
    expect(row).toMatchObject({ use: 'metered', amount: 100_000 });
    expect((await enter('paper', 'metered', 'kg', [bill])).refused).toMatchObject([
      { column: 'use', code: 'USE_UNKNOWN' },
    ]);
  });

  it('keeps the document that it was first entered with', async () => {
    const { enter, service } = await site();
    await enter('petrol', 'vehicles', 'L', [NAMED]);
    expect(await enter('petrol', 'vehicles', 'L', [{ document: 'another' }])).toMatchObject({
      unchanged: 1,
      attached: 0,
    });
    const [row] = await service.rules.quantities({ site: SITE });
    expect(row?.document).toEqual({ name: 'invoice', sha256: null });
  });
});
