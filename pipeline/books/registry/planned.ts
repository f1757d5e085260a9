import { MINUTE, type Registry } from '#domain';
import type { RegistryChange } from '../../service.ts';

/** A change with what follows from taking it. */
export interface PlannedChange {
  readonly change: RegistryChange;
  /** That `start` takes it by itself. */
  readonly addition: boolean;
  readonly patch: (registry: Registry) => Registry;
  readonly marks: readonly Mark[];
}

/** A register, or (device empty) a point, whose books change from an instant on. */
export interface Mark {
  readonly device: string;
  readonly register: string;
  readonly from: number;
  readonly rejoin: boolean;
}

export interface PlanContext {
  readonly old: Registry;
  readonly target: Registry;
  readonly now: number;
  readonly today: number;
}

/** The beginning of time for what was never dated. */
export const ALWAYS = 0;

export const pointMark = (point: string, from: number): Mark => ({ device: '', register: point, from, rejoin: false });

/** Points that bear their allocation from one of these as well: subs without rules of their own. */
export function withDescendants({ old, target }: PlanContext, points: readonly string[]): readonly string[] {
  const all = [...old.points, ...target.points];
  const found = new Set(points);
  for (const id of found) for (const p of all) if (p.parent === id) found.add(p.id);
  return [...found];
}

export const slotMsOf = (registry: Registry): number => registry.site.slotMinutes * MINUTE;

/** Instants that are in one of two lists only. */
export const differing = (a: readonly number[], b: readonly number[]): readonly number[] => [
  ...a.filter((at) => !b.includes(at)),
  ...b.filter((at) => !a.includes(at)),
];
