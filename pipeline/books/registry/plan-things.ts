import type { Device, Institution, Point, Premises, Registry } from '#domain';
import type { RegistryChange } from '../../service.ts';
import { ALWAYS, type PlanContext, type PlannedChange, pointMark, withDescendants } from './planned.ts';
import { type Fields, fieldsOf, textDifference } from './texts.ts';

/** Institutions, premises, devices and points: those that are new, differ in what carries no date, or end. */
export const planThings = (context: PlanContext): readonly PlannedChange[] => [
  ...planEntities(context, INSTITUTIONS),
  ...planEntities(context, PREMISES),
  ...planEntities(context, DEVICES),
  ...planEntities(context, POINTS),
];

type Entity = Institution | Premises | Device | Point;
/** One list of the registry; `own` are its fields that carry no date, `keep` what a change must leave as it was. */
interface EntityKind<T extends Entity> {
  readonly what: string;
  readonly of: (registry: Registry) => readonly T[];
  readonly put: (registry: Registry, list: readonly T[]) => Registry;
  readonly own: (entity: T) => Fields;
  readonly keep: (old: T) => Partial<T>;
  /** Points whose totals change with these fields; `old`: undefined of what is new. */
  readonly touches: (context: PlanContext, old: T | undefined, next: T) => readonly string[];
}

const nothing = (): readonly string[] => [];

const INSTITUTIONS: EntityKind<Institution> = {
  what: 'institution',
  of: (r) => r.institutions,
  put: (r, institutions) => ({ ...r, institutions }),
  own: ({ name, ended }) => fieldsOf({ name, ended }),
  keep: ({ headcount, area }) => ({ headcount, area }),
  touches: nothing,
};

const PREMISES: EntityKind<Premises> = {
  what: 'premises',
  of: (r) => r.premises,
  put: (r, premises) => ({ ...r, premises }),
  own: ({ name, parent, ended }) => fieldsOf({ name, parent, ended }),
  keep: ({ area }) => ({ area }),
  touches: nothing,
};

const DEVICES: EntityKind<Device> = {
  what: 'device',
  of: (r) => r.devices,
  put: (r, devices) => ({ ...r, devices }),
  own: ({ model, connection, intervalMs, ended }) =>
    fieldsOf({ model, connection, interval: `${intervalMs / 1000} s`, ended }),
  keep: ({ registers }) => ({ registers }),
  touches: nothing,
};

const pointTotals = ({ carrier, role, parent, terms }: Point): Fields => fieldsOf({ carrier, role, parent, terms });

const POINTS: EntityKind<Point> = {
  what: 'point',
  of: (r) => r.points,
  put: (r, points) => ({ ...r, points }),
  own: (p) => fieldsOf({ name: p.name, premises: p.premises, item: p.item, ended: p.ended, ...pointTotals(p) }),
  keep: ({ allocations }) => ({ allocations }),
  touches: (context, old, next) => {
    if (!old) return sumsKnown(context, next) ? [next.id] : [];
    return textDifference(pointTotals(old), pointTotals(next))
      ? [
          ...withDescendants(context, [old.id]),
          // a formula is computed again with the points that it sums
          ...[...(old.terms ?? []), ...(next.terms ?? [])].map((t) => t.point),
        ]
      : [];
  },
};

/** Whether a point sums some that have days already. */
const sumsKnown = ({ old }: PlanContext, { terms = [] }: Point): boolean =>
  terms.some((t) => old.points.some((p) => p.id === t.point));

function planEntities<T extends Entity>(context: PlanContext, kind: EntityKind<T>): readonly PlannedChange[] {
  const { old, target, today } = context;
  const known = new Map(kind.of(old).map((e) => [e.id, e]));
  const wanted = new Map(kind.of(target).map((e) => [e.id, e]));
  const replace =
    (next: T) =>
    (registry: Registry): Registry =>
      kind.put(
        registry,
        kind.of(registry).map((e) => (e.id === next.id ? next : e)),
      );
  const changes: PlannedChange[] = [];
  for (const next of wanted.values()) {
    const before = known.get(next.id);
    const texts = textDifference(before ? kind.own(before) : {}, kind.own(next));
    if (before && !texts) continue;
    const points = kind.touches(context, before, next);
    changes.push({
      change: { kind: before ? 'change' : 'add', what: kind.what, id: next.id, ...texts, ...recomputing(points) },
      addition: !before,
      patch: before ? replace({ ...next, ...kind.keep(before) }) : (r) => kind.put(r, [...kind.of(r), next]),
      marks: points.map((point) => pointMark(point, ALWAYS)),
    });
  }
  for (const before of known.values()) {
    if (wanted.has(before.id) || before.ended !== undefined) continue;
    const ended = { ...before, ended: today };
    const change: RegistryChange = {
      kind: 'end',
      what: kind.what,
      id: before.id,
      ...textDifference(kind.own(before), kind.own(ended)),
    };
    changes.push({ change, addition: false, patch: replace(ended), marks: [] });
  }
  return changes;
}

const recomputing = (points: readonly string[]): Pick<RegistryChange, 'recomputes'> =>
  points.length > 0 ? { recomputes: { from: '1970-01-01', to: null, points } } : {};
