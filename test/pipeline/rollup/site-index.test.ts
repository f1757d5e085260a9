import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AllocationRule, Point, Registry } from '../../../pipeline/domain/index.ts';
import { type DirectorySite, siteOf } from '../../../pipeline/ledger/directory.ts';
import { borneBy, mountedOf, mountingsOf } from '../../../pipeline/rollup/site-index.ts';
import { ONE, smallRegistry } from '../../support/small-site.ts';

const POINTS = ['a', 'b', 'c', 'd', 'e'];
const INSTITUTIONS = ['x', 'y', 'z'];

const ruleArb: fc.Arbitrary<AllocationRule> = fc.oneof(
  fc
    .subarray(INSTITUTIONS, { minLength: 1 })
    .map((of) => ({ basis: 'fixed' as const, shares: of.map((institution) => ({ institution, share: ONE })) })),
  fc.record({ basis: fc.constantFrom('area', 'headcount'), among: fc.subarray(INSTITUTIONS) }),
  fc
    .subarray(INSTITUTIONS, { minLength: 1 })
    .map((of) => ({ basis: 'sub-meter' as const, by: of.map((institution) => ({ institution, point: 'a' })) })),
);

/** Points that break down an earlier one or none, with rules of their own or none. */
const registryArb: fc.Arbitrary<Registry> = fc
  .tuple(
    ...POINTS.map((_, i) =>
      fc.record({ parent: fc.integer({ min: -1, max: i - 1 }), rules: fc.array(ruleArb, { maxLength: 2 }) }),
    ),
  )
  .map((drawn) => {
    const registry = smallRegistry(
      POINTS.map((point) => ({ point })),
      { institutions: INSTITUTIONS },
    );
    const points = registry.points.map((point, i): Point => ({
      ...point,
      parent: POINTS[drawn[i]?.parent ?? -1],
      allocations: (drawn[i]?.rules ?? []).map((value, from) => ({ from, value })),
    }));
    return { ...registry, points };
  });

const rulesOf = (registry: Registry, point: Point): Point['allocations'] => {
  const parent = registry.points.find((p) => p.id === point.parent);
  return point.allocations.length > 0 || !parent ? point.allocations : rulesOf(registry, parent);
};

/** Reads every rule of every point. */
const bears = (registry: Registry, point: Point, institution: string): boolean =>
  rulesOf(registry, point).some(({ value }) =>
    value.basis === 'fixed'
      ? value.shares.some((s) => s.institution === institution)
      : value.basis === 'sub-meter'
        ? value.by.some((b) => b.institution === institution)
        : value.among.includes(institution),
  );

const indexed = (registry: Registry): DirectorySite => siteOf(registry, 1, [], []);

describe('the index of a site', () => {
  it('gives an institution the points that any rule of theirs, or of what they break down, names it for', () => {
    fc.assert(
      fc.property(registryArb, (registry) => {
        const site = indexed(registry);
        for (const institution of [...INSTITUTIONS, 'nobody'])
          expect(borneBy(site, institution)).toEqual(registry.points.filter((p) => bears(registry, p, institution)));
      }),
    );
  });

  it('gives a point its meters in the order of their registers, and a point without meters none', () => {
    const plain = smallRegistry([{ point: 'a' }, { point: 'b' }]);
    const later = plain.mountings.map((m) => ({ ...m, id: `${m.id}-later`, point: 'a', serial: 's2', mountedAt: 9 }));
    const site = indexed({
      ...plain,
      mountings: [...plain.mountings.map((m) => ({ ...m, removedAt: 9 })), ...later],
    });
    expect(mountingsOf(site, 'a')).toEqual(['a/s1', 'a/s1-later', 'b/s1-later']);
    expect(mountedOf(site, 'a').map(({ register }) => register.device)).toEqual(['d-a', 'd-a', 'd-b']);
    expect(mountingsOf(site, 'c')).toEqual([]);
  });
});
