import type { Carrier, Point, SiteFacts, Use } from '#domain';
import type { DirectorySite } from '../ledger/directory.ts';
import { signOf } from '../rollup/totals.ts';

/**
 * A part of an institution's use that one use claims: a counted point, or a sub-meter to which the facts give a use, less the sub-meters below it
 * that have uses of their own. Parts never overlap and add up to the total (rules/contract.ts, Quantity).
 */
export interface UsePart {
  readonly point: Point;
  readonly carrier: Carrier;
  readonly use: Use;
  /** The counted point that holds it: itself, or the one it lies below. */
  readonly root: Point;
  /** Points taken out of it because they have a use of their own. */
  readonly without: readonly Point[];
}

export interface UseParts {
  readonly parts: readonly UsePart[];
  /** Sub-meters with a use that lie below no counted point: what they measure is not known to be in the total. */
  readonly adrift: readonly Point[];
  /** Generation to which the facts give no use: counted as bought. */
  readonly unnamed: readonly Point[];
}

export function usePartsOf(site: DirectorySite, facts: SiteFacts): UseParts {
  const points = new Map(site.registry.points.map((p) => [p.id, p]));
  const uses = new Map(facts.points.flatMap((p) => (p.use === undefined ? [] : [[p.point, p.use] as const])));
  const counted = (p: Point): boolean => signOf(p.role) !== 0;
  const claims = (p: Point): boolean => counted(p) || uses.has(p.id);
  const above = (p: Point): Point | undefined => {
    for (let at = parentOf(points, p); at; at = parentOf(points, at)) if (claims(at)) return at;
    return undefined;
  };
  const rootOf = (p: Point): Point | undefined => {
    if (counted(p)) return p;
    const up = above(p);
    return up && rootOf(up);
  };
  const rooted = (p: Point): boolean => rootOf(p) !== undefined;
  const claiming = site.registry.points.filter(claims);
  // a counted point below another stands in the total by itself: it is not taken out
  const takenOutOf = Map.groupBy(
    claiming.filter((p) => !counted(p)),
    above,
  );
  const parts = claiming.flatMap((point): UsePart[] => {
    const root = rootOf(point);
    if (!root) return [];
    const use = uses.get(point.id) ?? 'ordinary';
    return [{ point, carrier: point.carrier, use, root, without: takenOutOf.get(point) ?? [] }];
  });
  return {
    parts,
    adrift: claiming.filter((p) => !rooted(p)),
    unnamed: claiming.filter((p) => p.role === 'generation' && !uses.has(p.id)),
  };
}

const parentOf = (points: ReadonlyMap<string, Point>, p: Point): Point | undefined =>
  p.parent === undefined ? undefined : points.get(p.parent);
