import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { AllocationRule, Registry } from '../../../pipeline/domain/index.ts';
import { stopPostgres } from '../../support/postgres.ts';
import { daily, local, openSmallSite, type SmallSite, smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

const allocation: AllocationRule = {
  basis: 'fixed',
  shares: [{ institution: 'court', share: { num: 1, den: 1 } }],
};
const removed = { removedAt: local('2026-02-10T12:00'), final: 400 };
const whole = smallRegistry(
  [
    { point: 'p', allocation },
    { point: 'q', allocation, mounting: removed },
  ],
  { institutions: ['court'] },
);
const without = ({ points, mountings, devices, ...rest }: Registry, point: string): Registry => ({
  ...rest,
  points: points.filter(({ id }) => id !== point),
  mountings: mountings.filter((m) => m.point !== point),
  devices: devices.filter(({ id }) => id !== `d-${point}`),
});

/** Two meters of a court from January on, one of them removed on 10 February; today is 20 April. */
async function court(): Promise<SmallSite> {
  const site = await openSmallSite(whole, '2026-04-20');
  onTestFinished(site.close);
  await site.append(
    'q',
    daily(
      '2026-01-01',
      Array.from({ length: 41 }, (_, i) => i * 10),
    ),
  );
  await site.feed(
    'p',
    daily(
      '2026-01-01',
      Array.from({ length: 110 }, (_, i) => i * 100),
    ),
  );
  return site;
}

const months = async (site: SmallSite) =>
  (await site.usage({ kind: 'institution', id: 'court' }, '2026-01-01', '2026-04-01', 'month')).rows.map((row) => ({
    amount: row.amount,
    coverage: Math.round(1_000 * row.coverage) / 1_000,
    provisional: row.provisional,
  }));

describe('a point without a meter', () => {
  it('leaves what its institution used unknown and open as long as the site has it', async () => {
    const site = await court();
    expect(await months(site)).toEqual([
      { amount: 3_100 + 310, coverage: 1, provisional: false },
      { amount: 2_800 + 90, coverage: expect.closeTo(0.67, 2), provisional: true },
      { amount: 3_100, coverage: 0.5, provisional: true },
    ]);
  });

  it('is known to use nothing from the day its meter was removed once the site has given it up', async () => {
    const site = await court();
    const before = await months(site);
    await site.service.applyRegistry(without(whole, 'q'), {
      take: 'all',
      commit: true,
      by: 'chen',
      reason: 'the annex is let',
    });
    await site.service.settle();
    expect(await months(site)).toEqual([
      before[0],
      { amount: 2_800 + 90, coverage: 1, provisional: false },
      { amount: 3_100, coverage: 1, provisional: false },
    ]);
  });

  it('is unknown from its last reading to the day it was given up where nobody says when its meter went', async () => {
    const site = await openSmallSite(smallRegistry([{ point: 'p' }, { point: 'q' }]), '2026-03-01T12:00');
    onTestFinished(site.close);
    const readings = Array.from({ length: 60 }, (_, i) => i * 10);
    await site.append('q', daily('2026-01-01', readings.slice(0, 32)));
    await site.feed('p', daily('2026-01-01', readings));
    const left = without(smallRegistry([{ point: 'p' }, { point: 'q' }]), 'q');
    await site.service.applyRegistry(left, { take: 'all', commit: true, by: 'chen', reason: 'gone' });
    await site.service.settle();
    const { rows } = await site.usage({ kind: 'point', id: 'q' }, '2026-01-01', '2026-04-01', 'month');
    expect(rows.map(({ coverage, provisional }) => [coverage, provisional])).toEqual([
      [1, false],
      [0, false],
      // the month has not ended
      [1, true],
    ]);
  });
});
