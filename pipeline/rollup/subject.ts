import {
  type Carrier,
  dayStart,
  type Interval,
  ITEM_LABELS,
  type LocalText,
  oneOf,
  type Point,
  type Registry,
  registerKey,
  requestError,
  UNALLOCATED,
  zoneOf,
} from '#domain';
import type { Subject } from '../answers.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { UsageQuery } from '../service.ts';
import type { PointMeters } from './coverage.ts';
import { bearingsOf, borneBy, indexOf, mountedOf, mountingsOf } from './site-index.ts';
import { byDependence, signOf } from './totals.ts';
import { UNALLOCATED_NAME } from './trace-words.ts';

/** What a question is about, as signed points, as a party's parts of points, or as the mountings of one register. */
export interface ResolvedSubject {
  readonly subject: Subject;
  readonly carrier: Carrier;
  readonly terms: readonly { readonly point: Point; readonly sign: 1 | -1 }[];
  /** Parts of this party only. */
  readonly party?: string | undefined;
  /** Of the party: all that it bears of the carrier. */
  readonly whole?: true | undefined;
  /** Of a register: its mountings instead of points. */
  readonly mountings?: readonly string[] | undefined;
}

const same = (text: string): LocalText => ({ zh: text, en: text });

/** Throws SUBJECT_UNKNOWN, CARRIER_NEEDED. */
export function resolveSubject(site: DirectorySite, query: Pick<UsageQuery, 'subject' | 'carrier'>): ResolvedSubject {
  const { subject, carrier } = query;
  const { registry } = site;
  switch (subject.kind) {
    case 'register':
      return registerSubject(site, subject.device, subject.register);
    case 'point': {
      const point = find(registry.points, subject.id, 'point');
      return {
        subject: { kind: 'point', id: point.id, name: point.name },
        carrier: point.carrier,
        terms: [{ point, sign: 1 }],
      };
    }
    case 'institution': {
      const { id, name } = find(registry.institutions, subject.id, 'institution');
      const own = borneBy(site, id);
      return {
        // one that bears nothing is asked about all, of which it has 0
        ...counted(own.length > 0 ? own : registry.points, carrier, id),
        subject: { kind: 'institution', id, name },
        party: id,
        whole: true,
      };
    }
    case 'unallocated':
      return {
        ...counted(registry.points, carrier, UNALLOCATED),
        subject: { kind: 'party', id: UNALLOCATED, name: UNALLOCATED_NAME },
        party: UNALLOCATED,
        whole: true,
      };
    case 'premises': {
      const { id, name } = find(registry.premises, subject.id, 'premises');
      const inside = subtree(registry, id);
      return {
        ...counted(
          registry.points.filter((p) => p.premises !== undefined && inside.has(p.premises)),
          carrier,
          id,
        ),
        subject: { kind: 'premises', id, name },
      };
    }
    case 'site':
      return {
        ...counted(registry.points, carrier, registry.site.id),
        subject: { kind: 'site', id: registry.site.id, name: registry.site.name },
      };
    case 'item': {
      const points = registry.points.filter((p) => p.item === subject.id);
      const item = points[0]?.item;
      if (points.length === 0)
        throw unknown('item', subject.id, [...new Set(registry.points.flatMap((p) => p.item ?? []))]);
      const party =
        subject.institution === undefined
          ? undefined
          : find(registry.institutions, subject.institution, 'institution').id;
      return {
        subject: {
          kind: 'item',
          id: party === undefined ? subject.id : `${party}/${subject.id}`,
          name: item ? ITEM_LABELS[item] : same(subject.id),
        },
        carrier: points[0]?.carrier ?? 'electricity',
        terms: points.map((point) => ({ point, sign: 1 })),
        party,
      };
    }
  }
}

function registerSubject(site: DirectorySite, device: string, register: string): ResolvedSubject {
  const key = registerKey(device, register);
  const known = site.registers.get(key);
  const carrier = site.registry.devices
    .find((d) => d.id === device)
    ?.registers.find((r) => r.name === register)?.carrier;
  if (!known || !carrier) throw unknown('register', key, [...site.registers.keys()]);
  return {
    subject: { kind: 'register', id: key, name: same(key) },
    carrier,
    terms: [],
    mountings: known.mountings.map((m) => m.id),
  };
}

function counted(points: readonly Point[], carrier: Carrier | undefined, id: string): Omit<ResolvedSubject, 'subject'> {
  const all = points.flatMap((point) => {
    const sign = signOf(point.role);
    return sign === 0 ? [] : [{ point, sign }];
  });
  const carriers = [...new Set(all.map(({ point }) => point.carrier))];
  const chosen = carrier ?? (carriers.length === 1 ? carriers[0] : undefined);
  if (chosen === undefined) {
    throw requestError('CARRIER_NEEDED', `${id} has ${carriers.length === 0 ? 'no meters' : carriers.join(', ')}`, {
      cure: 'name one carrier',
      place: id,
    });
  }
  return { carrier: chosen, terms: all.filter(({ point }) => point.carrier === chosen) };
}

function subtree(registry: Registry, root: string): ReadonlySet<string> {
  const inside = new Set([root]);
  for (let size = 0; size !== inside.size;) {
    size = inside.size;
    for (const p of registry.premises) if (p.parent !== undefined && inside.has(p.parent)) inside.add(p.id);
  }
  return inside;
}

function find<T extends { readonly id: string }>(all: readonly T[], id: string, kind: string): T {
  const found = all.find((x) => x.id === id);
  if (!found)
    throw unknown(
      kind,
      id,
      all.map((x) => x.id),
    );
  return found;
}

const unknown = (kind: string, id: string, known: readonly string[]) =>
  requestError('SUBJECT_UNKNOWN', `there is no ${kind} "${id}"`, {
    place: id,
    ...oneOf(known),
  });

/** The meters whose readings evidence a point: its own, or those of each of a formula's terms. */
export function metersBehind(site: DirectorySite, point: Point): readonly PointMeters[] {
  if (point.role !== 'formula') return [{ mountings: mountingsOf(site, point.id), until: givenUpAt(site, point) }];
  const inner = byDependence([point]).at(-1)?.terms ?? [];
  return inner.flatMap((t) => {
    const term = indexOf(site).points.get(t.point);
    return term ? metersBehind(site, term) : [];
  });
}

/** A meter behind a point, for the time in which a party bears the point, with those that divide it then. */
interface BorneMeters extends Interval {
  readonly own: PointMeters;
  readonly dividers: readonly PointMeters[];
}

/** Empty where no party is asked about. */
export function borneMeters(
  site: DirectorySite,
  { party, terms }: { readonly party?: string | undefined; readonly terms: readonly { readonly point: Point }[] },
): readonly BorneMeters[] {
  if (party === undefined) return [];
  const zone = zoneOf(site.registry.site.zone);
  const startOf = (day: number): number => (Number.isFinite(day) ? dayStart(day, zone) : day);
  const behind = (id: string): readonly PointMeters[] => {
    const point = indexOf(site).points.get(id);
    return point ? metersBehind(site, point) : [];
  };
  return terms.flatMap(({ point }) =>
    bearingsOf(site, party, point).flatMap(({ from, to, dividers }) =>
      metersBehind(site, point).map((own) => ({
        from: startOf(from),
        to: startOf(to),
        own,
        dividers: dividers.flatMap(behind),
      })),
    ),
  );
}

/** A point that has ended was given up when its last meter was removed, or on the day it ended. */
function givenUpAt(site: DirectorySite, { id, ended }: Point): number {
  if (ended === undefined) return Infinity;
  const removed = mountedOf(site, id).map(({ mounting }) => mounting.removedAt ?? Infinity);
  const last = removed.length === 0 ? Infinity : Math.max(...removed);
  return Math.min(last, dayStart(ended, zoneOf(site.registry.site.zone)));
}

export const wholeOf = (rows: readonly Interval[], fallback: Interval): Interval => ({
  from: rows[0]?.from ?? fallback.from,
  to: rows.at(-1)?.to ?? fallback.to,
});
