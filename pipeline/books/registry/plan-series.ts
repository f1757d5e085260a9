import { type Dated, dayStart, formatDay, type Registry, zoneOf } from '#domain';
import type { RegistryChange } from '../../service.ts';
import { ALWAYS, type PlanContext, type PlannedChange, pointMark, withDescendants } from './planned.ts';
import { datedText, ruleText } from './texts.ts';

/** Dated data of things that both registries name: headcounts, areas, allocations. */
export const planSeries = (context: PlanContext): readonly PlannedChange[] => [
  ...planOwners(context, {
    what: 'headcount',
    owners: (r) => r.institutions,
    series: (i) => i.headcount,
    put: (r, id, headcount) => ({
      ...r,
      institutions: r.institutions.map((i) => (i.id === id ? { ...i, headcount } : i)),
    }),
    text: (persons) => `${persons} persons`,
    touches: (id) => dividedBy(context, 'headcount', id),
  }),
  ...planOwners(context, {
    what: 'area',
    owners: (r) => r.institutions,
    series: (i) => i.area,
    put: (r, id, area) => ({ ...r, institutions: r.institutions.map((i) => (i.id === id ? { ...i, area } : i)) }),
    text: (m2) => `${m2} m²`,
    touches: (id) => dividedBy(context, 'area', id),
  }),
  ...planOwners(context, {
    what: 'area',
    owners: (r) => r.premises,
    series: (p) => p.area,
    put: (r, id, area) => ({ ...r, premises: r.premises.map((p) => (p.id === id ? { ...p, area } : p)) }),
    text: (m2) => `${m2} m²`,
    touches: () => [],
  }),
  ...planOwners(context, {
    what: 'allocation',
    owners: (r) => r.points,
    series: (p) => p.allocations,
    put: (r, id, allocations) => ({ ...r, points: r.points.map((p) => (p.id === id ? { ...p, allocations } : p)) }),
    text: ruleText,
    touches: (id) => withDescendants(context, [id]),
    inherits: (id) => [...context.old.points, ...context.target.points].some((p) => p.id === id && p.parent),
  }),
];

interface SeriesKind<O extends { readonly id: string }, V> {
  readonly what: string;
  readonly owners: (registry: Registry) => readonly O[];
  readonly series: (owner: O) => readonly Dated<V>[];
  readonly put: (registry: Registry, id: string, series: readonly Dated<V>[]) => Registry;
  readonly text: (value: V) => string;
  /** Points whose allocation follows from the series of this owner. */
  readonly touches: (id: string) => readonly string[];
  /** Whether an owner without any entry takes those of another. */
  readonly inherits?: (id: string) => boolean;
}

function planOwners<O extends { readonly id: string }, V>(
  context: PlanContext,
  kind: SeriesKind<O, V>,
): readonly PlannedChange[] {
  const known = new Map(kind.owners(context.old).map((o) => [o.id, o]));
  return kind.owners(context.target).flatMap((owner) => {
    const before = known.get(owner.id);
    return before ? planEntries(context, kind, owner.id, kind.series(before), kind.series(owner)) : [];
  });
}

function planEntries<O extends { readonly id: string }, V>(
  context: PlanContext,
  kind: SeriesKind<O, V>,
  id: string,
  old: readonly Dated<V>[],
  next: readonly Dated<V>[],
): readonly PlannedChange[] {
  const zone = zoneOf(context.target.site.zone);
  const latest = Math.max(-Infinity, ...old.map((entry) => entry.from));
  // with the first entry, and without the last, those of another owner go or come: since ever
  const isSwap = (old.length === 0) !== (next.length === 0) && (kind.inherits?.(id) ?? false);
  const days = [...new Set([...old, ...next].map((entry) => entry.from))].toSorted((a, b) => a - b);
  return days.flatMap((from): readonly PlannedChange[] => {
    const [was, is] = [old, next].map((series) => series.find((entry) => entry.from === from));
    if (was && is && kind.text(was.value) === kind.text(is.value)) return [];
    const points = kind.touches(id);
    const span = isSwap ? { from: formatDay(ALWAYS), to: null } : { from: formatDay(from), to: until(days, from) };
    const change: RegistryChange = {
      kind: !was ? 'add' : is ? 'change' : 'end',
      what: kind.what,
      id,
      ...(was ? { old: datedText(was, kind.text) } : {}),
      ...(is ? { new: datedText(is, kind.text) } : {}),
      ...(points.length > 0 ? { recomputes: { ...span, points } } : {}),
    };
    const patch = (registry: Registry): Registry => {
      const owner = kind.owners(registry).find((o) => o.id === id);
      const others = (owner ? kind.series(owner) : []).filter((entry) => entry.from !== from);
      return kind.put(
        registry,
        id,
        [...others, ...(is ? [is] : [])].toSorted((a, b) => a.from - b.from),
      );
    };
    const marks = points.map((point) => pointMark(point, isSwap ? ALWAYS : dayStart(from, zone)));
    return [{ change, addition: !was && from > latest && !isSwap, patch, marks }];
  });
}

/** The day on which the next entry of either series takes over. */
const until = (days: readonly number[], from: number): string | null => {
  const next = days.find((day) => day > from);
  return next === undefined ? null : formatDay(next);
};

/** Points divided by the headcount or area of this institution. */
const dividedBy = (context: PlanContext, basis: 'headcount' | 'area', institution: string): readonly string[] =>
  withDescendants(
    context,
    [...context.old.points, ...context.target.points]
      .filter((p) => p.allocations.some(({ value }) => value.basis === basis && value.among.includes(institution)))
      .map((p) => p.id),
  );
