import { expect, it } from 'vitest';
import { DAY, UNALLOCATED, zoneOf } from '../../../pipeline/domain/index.ts';
import { siteOf } from '../../../pipeline/ledger/directory.ts';
import { shareRuns } from '../../../pipeline/rollup/shares.ts';
import { smallRegistry } from '../../support/small-site.ts';

it('what nobody claims of a point is an exact ratio, whatever the denominators of the shares', () => {
  const shares = [999_983, 999_979, 999_961].map((den, i) => ({ institution: `i${i}`, share: { num: 1, den } }));
  const registry = smallRegistry([{ point: 'p', allocation: { basis: 'fixed', shares } }], {
    institutions: shares.map(({ institution }) => institution),
  });
  const site = siteOf(registry, 1, [], []);
  const [point] = registry.points;
  if (!point) throw new Error('no point');
  const runs = shareRuns(site, point, UNALLOCATED, { from: 0, to: 3 * DAY }, zoneOf('UTC'));
  expect(runs.map(({ ratio, interval }) => [ratio, interval])).toEqual([
    ['999920001992984238/999923001838986077', { from: 0, to: 3 * DAY }],
  ]);
});
