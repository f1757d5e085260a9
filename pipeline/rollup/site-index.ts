import { type AllocationRule, type Institution, type Point, UNALLOCATED } from '#domain';
import type { DirectorySite } from '../ledger/directory.ts';
import type { EffectiveMounting, EffectiveRegister } from '../ledger/effective.ts';

export interface MountedRegister {
  readonly register: EffectiveRegister;
  readonly mounting: EffectiveMounting;
}

/** What a site's registry says, found by ids; a site has a thousand points, and each question asks for a few of them. */
interface SiteIndex {
  readonly points: ReadonlyMap<string, Point>;
  readonly institutions: ReadonlyMap<string, Institution>;
  /** By point. */
  readonly mounted: ReadonlyMap<string, readonly MountedRegister[]>;
  /** By institution: points of which some rule, whenever in force, names it; in the order of the registry. */
  readonly borne: ReadonlyMap<string, readonly Point[]>;
}

const indexes = new WeakMap<DirectorySite, SiteIndex>();

export function indexOf(site: DirectorySite): SiteIndex {
  const known = indexes.get(site);
  if (known) return known;
  const { points, institutions } = site.registry;
  const mounted = [...site.registers.values()].flatMap((register) =>
    register.mountings.map((mounting) => ({ register, mounting })),
  );
  const byId = new Map(points.map((p) => [p.id, p]));
  const named = points.flatMap((point) =>
    [...new Set(rulesOf(byId, point).flatMap(({ value }) => institutionsOf(value)))].map((id) => ({ id, point })),
  );
  const index: SiteIndex = {
    points: byId,
    institutions: new Map(institutions.map((i) => [i.id, i])),
    mounted: Map.groupBy(mounted, ({ mounting }) => mounting.point),
    borne: new Map([...Map.groupBy(named, ({ id }) => id)].map(([id, of]) => [id, of.map(({ point }) => point)])),
  };
  indexes.set(site, index);
  return index;
}

function rulesOf(points: ReadonlyMap<string, Point>, point: Point): Point['allocations'] {
  if (point.allocations.length > 0 || point.parent === undefined) return point.allocations;
  const parent = points.get(point.parent);
  return parent ? rulesOf(points, parent) : [];
}

const institutionsOf = (rule: AllocationRule): readonly string[] =>
  rule.basis === 'fixed'
    ? rule.shares.map((s) => s.institution)
    : rule.basis === 'sub-meter'
      ? rule.by.map((b) => b.institution)
      : rule.among;

/** Local days, [from, to), in which a rule gives a party a part of a point, with the sub-meters that divide it then. */
interface Bearing {
  readonly from: number;
  readonly to: number;
  readonly dividers: readonly string[];
}

/** When a party bears something of a point; what nobody claims may be something at any time. */
export function bearingsOf(site: DirectorySite, party: string, point: Point): readonly Bearing[] {
  const rules = allocationsOf(site, point).toSorted((a, b) => a.from - b.from);
  const bearings = rules.flatMap(({ from, value }, i): readonly Bearing[] =>
    party === UNALLOCATED || institutionsOf(value).includes(party)
      ? [
          {
            from,
            to: rules[i + 1]?.from ?? Infinity,
            dividers: value.basis === 'sub-meter' ? value.by.map((b) => b.point) : [],
          },
        ]
      : [],
  );
  const unruled = { from: -Infinity, to: rules[0]?.from ?? Infinity, dividers: [] };
  return party === UNALLOCATED ? [unruled, ...bearings] : bearings;
}

/** Whether a rule that is in force on some of the local days gives the institution a part of the point. */
export const bears = (
  site: DirectorySite,
  institution: string,
  point: Point,
  days: { readonly from: number; readonly to: number },
): boolean => bearingsOf(site, institution, point).some(({ from, to }) => from < days.to && to > days.from);

/** Rules of the point, or of the point whose usage it breaks down. */
export const allocationsOf = (site: DirectorySite, point: Point): Point['allocations'] =>
  rulesOf(indexOf(site).points, point);

export const mountedOf = (site: DirectorySite, point: string): readonly MountedRegister[] =>
  indexOf(site).mounted.get(point) ?? [];

export const mountingsOf = (site: DirectorySite, point: string): readonly string[] =>
  mountedOf(site, point).map(({ mounting }) => mounting.id);

/** Points of which the institution bears something at some time. */
export const borneBy = (site: DirectorySite, institution: string): readonly Point[] =>
  indexOf(site).borne.get(institution) ?? [];
